"""Who shares a service's work at the moment, as Kafka sees it."""

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import MemberAssignment

from shared.kafka import reaching

Partitions = frozenset[tuple[str, int]]


async def shares(bootstrap: str, group: str) -> Sequence[Partitions] | None:
    """Return the partitions of each member; None where they are not at rest, or nobody says."""
    client = AIOKafkaAdminClient(**reaching(bootstrap))
    try:
        await client.start()
        [answer] = await client.describe_consumer_groups([group])
        _, _, state, _, _, members, *_ = answer.groups[0]
        return [_assigned(*member) for member in members] if state == "Stable" else None
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await client.close()


def _assigned(_id: str, _client: str, _host: str, _metadata: bytes, told: bytes) -> Partitions:
    assignment = MemberAssignment.decode(told).assignment
    return frozenset((topic, number) for topic, numbers in assignment for number in numbers)
