"""An issuer's public keys, fetched when they are needed."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.refusal import Refusal

FRESH_S: Final = 3600.0
"""After this long they are fetched anew: what the issuer has withdrawn opens nothing then."""
AGAIN_S: Final = 5.0
"""Not sooner, whatever is asked for: whoever invents key ids must not make us ask each time."""
TIMEOUT_S: Final = 5.0
BYTES_MAX: Final = 256 * 1024
DISCOVERY: Final = "/.well-known/openid-configuration"
ASYMMETRIC: Final = frozenset({"RSA", "EC", "OKP"})

log = structlog.get_logger("access")


class IssuerAway(Refusal):
    """Whoever issued this token cannot be asked for its keys now; try again."""

    status = 503
    japanese = "このトークンの発行元に今は問い合わせできません。もう一度お試しください。"


class IssuerUnsound(Exception):
    """What an issuer says of itself cannot be so."""


FAULTS: Final = (
    *(httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError),
    *(JoseError, ValueError, RecursionError, IssuerUnsound),
)


class KeysOfIssuer:
    """Keeps them; fetches again where a token names one that it does not know."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._known: KeySet | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def find(self, kid: object) -> KeySet:
        """Return the keys, this one among them where the issuer has it; raises `IssuerAway`."""
        if not self._has(kid):
            async with self._fetching:
                # Whoever waited here may find that it has been done.
                if not self._has(kid) and time.monotonic() >= self._tried_at + AGAIN_S:
                    await self._fetch()
        if self._known is None or time.monotonic() > self._fetched_at + 2 * FRESH_S:
            raise IssuerAway
        return self._known

    def _has(self, kid: object) -> bool:
        if self._known is None or time.monotonic() > self._fetched_at + FRESH_S:
            return False
        return kid is None or any(key.kid == kid for key in self._known)

    async def _fetch(self) -> None:
        self._tried_at = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_S), httpx2.AsyncClient() as client:
                said = await _json(client, self._issuer + DISCOVERY)
                self._known = _public_keys(await _json(client, self._keys_of(said)))
        except FAULTS as fault:
            # The issuer's name is a setting; what it answered may be anything.
            log.warning("issuer_away", issuer=self._issuer, fault=type(fault).__name__)
        else:
            self._fetched_at = self._tried_at

    def _keys_of(self, said: Mapping[str, Any]) -> str:
        """Where its keys lie: as safely as what names them."""
        address, scheme = said.get("jwks_uri"), self._issuer.partition("://")[0]
        if said.get("issuer") != self._issuer or not isinstance(address, str):
            raise IssuerUnsound("it is another, or names no keys")
        if not address.startswith((f"{scheme}://", "https://")):
            raise IssuerUnsound("its keys lie at no sound address")
        return address


async def _json(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    content = b""
    async with client.stream("GET", address) as response:
        response.raise_for_status()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > BYTES_MAX:
                raise IssuerUnsound("it says too much")
    said = httpx2.Response(200, content=content).json()
    if not isinstance(said, dict):
        raise IssuerUnsound("it says something else")
    return said


def _public_keys(said: dict[str, Any]) -> KeySet:
    listed = said.get("keys")
    if not isinstance(listed, list):
        raise IssuerUnsound("it has no list of keys")
    usable = [
        key
        for key in listed
        if isinstance(key, dict) and key.get("kty") in ASYMMETRIC and key.get("use") != "enc"
    ]
    return KeySet.import_key_set({"keys": usable})
