"""API keys: an id that finds them and a secret of which only the hash is kept."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

SHAPE: Final = re.compile(r"yui_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    key_id: str
    secret: str

    def __str__(self) -> str:
        """The key as its organisation keeps it: shown once."""
        return f"yui_{self.key_id}_{self.secret}"

    def __repr__(self) -> str:
        return f"ApiKey({self.key_id})"

    @property
    def secret_sha256(self) -> str:
        # 256 random bits need no slow hash.
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def matches(self, secret_sha256: bytes) -> bool:
        return hmac.compare_digest(bytes.fromhex(self.secret_sha256), secret_sha256)


def new_key() -> ApiKey:
    return ApiKey(secrets.token_hex(8), secrets.token_urlsafe(32))


def parse_key(text: str) -> ApiKey | None:
    found = SHAPE.fullmatch(text)
    return ApiKey(found[1], found[2]) if found else None
