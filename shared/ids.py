"""New ids, made in the shell and passed into the core."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A UUIDv7: sorts by the time it was made (RFC 9562)."""
    return uuid_utils.compat.uuid7()


def new_opaque_id() -> str:
    return new_id().hex
