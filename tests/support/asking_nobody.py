"""A Kafka as the releases had it that did not ask who comes."""

from typing import Final

from deploy.kafka import Broker, Kafka

ASKING: Final = ("sasl.", "authorizer.", "allow.everyone.", "super.users")


class AskingNobody(Kafka):
    def at(self, *ports: int) -> str:
        return super().at(*ports).partition("@")[2]

    def properties(self, broker: Broker) -> str:
        lines = super().properties(broker).replace("SASL_PLAINTEXT", "PLAINTEXT").splitlines()
        return "\n".join(line for line in lines if not line.startswith(ASKING))
