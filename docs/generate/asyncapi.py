"""AsyncAPI 3 for all services together: which topic carries which events, under which headers.

FastStream describes topics and payloads. It knows one message for each topic, where ours carry
many types that a header tells apart, so the messages are put in here.
"""

import json
from types import ModuleType
from typing import Any, Final, Union

from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from shared.contracts.event import Event
from shared.contracts.registry import OWNERS
from shared.envelope import REQUIRED
from shared.http.app import VERSION

Json = dict[str, Any]

HEADERS: Final[Json] = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary mode; every value is UTF-8 text.",
    "required": list(REQUIRED),
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {
            "type": "string",
            "format": "uuid",
            "description": "The event's id: the same event may come twice under the same id.",
        },
        "ce_type": {"type": "string", "description": "Which event it is, with its version."},
        "ce_source": {"type": "string", "description": "Who says it: `yui/<service>`."},
        "ce_subject": {"type": "string", "description": "The stream it belongs to."},
        "ce_sequence": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "Its version in the stream, from 1, without gaps.",
        },
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "description": "When its owner recorded it.",
        },
        "ce_correlation": {
            "type": "string",
            "description": "The request that everything with this value follows from.",
        },
        "ce_causation": {
            "type": "string",
            "format": "uuid",
            "description": "The event that this one answers; none where a request caused it.",
        },
        "traceparent": {"type": "string", "description": "W3C Trace Context."},
        "content-type": {"type": "string", "const": "application/json"},
    },
}


def page() -> str:
    return json.dumps(document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def document() -> Json:
    found = _described_by_faststream()
    components: Json = {
        "messages": {},
        "messageTraits": {
            "envelope": {
                "headers": HEADERS,
                "contentType": "application/json",
                "correlationId": {"location": "$message.header#/ce_correlation"},
            }
        },
        "schemas": {
            name: schema
            for name, schema in found["components"]["schemas"].items()
            if not name.endswith(":Payload")
        },
    }
    for owner in OWNERS:
        messages = {event.__name__: _message(event) for event in owner.EVENTS}
        components["messages"] |= messages
        found["channels"][owner.OWNER]["messages"] = {
            name: {"$ref": f"#/components/messages/{name}"} for name in messages
        }
        found["operations"][owner.OWNER]["messages"] = [
            {"$ref": f"#/channels/{owner.OWNER}/messages/{name}"} for name in messages
        ]
    return {**found, "components": components}


def _described_by_faststream() -> Json:
    broker = KafkaBroker("localhost:9092", logger=None)
    for owner in OWNERS:
        broker.publisher(
            owner.TOPIC, schema=_any_of(owner), title=owner.OWNER, description=owner.__doc__
        )
    specification = AsyncAPI(
        broker,
        title="Yui",
        version=VERSION,
        description="Every event that Yui's services publish. One topic per service, kept for "
        "ever; records are keyed by what orders them: the home, where a home is touched.",
    ).to_specification()
    found: Json = json.loads(specification.to_json())
    return found


def _any_of(owner: ModuleType) -> Any:  # noqa: ANN401  a union is no type to the checker
    return Union[owner.EVENTS]  # noqa: UP007  its members are known at run time alone


def _message(event: type[Event]) -> Json:
    return {
        "name": event.type_name(),
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip(),
        "description": f"Stream: {event.category}/<{event.identity_field}>. Moves: {event.moves}",
        "traits": [{"$ref": "#/components/messageTraits/envelope"}],
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"`{event.key_field}`"},
                "bindingVersion": "0.5.0",
            }
        },
    }
