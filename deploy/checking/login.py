"""How the checker reaches Kafka: in its own words, as it shares no code with what it checks."""

from typing import Final

MECHANISM: Final = "SCRAM-SHA-512"


def reaching(bootstrap: str) -> dict[str, str]:
    """Read `name:password@host:port,host:port`, or the addresses alone."""
    who, _, hosts = bootstrap.rpartition("@")
    if not who:
        return {"bootstrap_servers": hosts}
    name, _, password = who.partition(":")
    return {
        "bootstrap_servers": hosts,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": MECHANISM,
        "sasl_plain_username": name,
        "sasl_plain_password": password,
    }


def hosts_of(bootstrap: str) -> str:
    return bootstrap.rpartition("@")[2]
