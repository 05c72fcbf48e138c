"""An issuer of tokens that a test is: its key, its documents, served by a process of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.support.eventually import assert_eventually
from tests.support.stack import free_port

AUDIENCE = "yui-of-a-test"
Json = dict[str, Any]


@dataclass
class TestIssuer:
    __test__ = False

    folder: Path
    port: int = field(default_factory=free_port)
    keys: list[RSAKey] = field(default_factory=list)
    """The last one signs."""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def setting(self) -> Json:
        return {"issuer": self.issuer, "audience": AUDIENCE}

    @property
    def log(self) -> Path:
        return self.folder / "asked.log"

    def rotate(self) -> RSAKey:
        """Sign with a new key, which nobody has heard of before it is published."""
        self.keys.append(RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}))
        self.keys[-1].ensure_kid()
        return self.keys[-1]

    def publish(self) -> None:
        said = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        well_known = self.folder / "documents" / ".well-known"
        well_known.mkdir(parents=True, exist_ok=True)
        (well_known / "openid-configuration").write_text(json.dumps(said))
        public = KeySet(list(self.keys)).as_dict(private=False)
        (self.folder / "documents" / "keys").write_text(json.dumps(public))

    def claims(self, organisation_id: str, role: str = "member", **more: object) -> Json:
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": AUDIENCE, "iat": now, "exp": now + 600}
        return {**usual, "organisation_id": organisation_id, "role": role, **more}

    def sign(self, claims: Mapping[str, Any], **header: object) -> str:
        key = self.keys[-1]
        return jwt.encode({"alg": "RS256", "kid": key.kid, **header}, dict(claims), key)

    @contextmanager
    def served(self) -> Iterator[None]:
        self.rotate()
        self.publish()
        where = ("--bind", "127.0.0.1", "--directory", str(self.folder / "documents"))
        with running(self.log, "http.server", str(self.port), *where):
            yield


@dataclass
class Provider:
    """An OpenID provider as there are in the world: people sign in, and get a token."""

    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def setting(self) -> Json:
        return {"issuer": self.issuer, "audience": AUDIENCE, "algorithms": ["RS256"]}

    @contextmanager
    def served(self) -> Iterator[None]:
        log = self.folder / "provider.log"
        with running(log, "oidc_provider_mock", "--port", str(self.port)):
            yield

    async def sign_in(self, who: str, claims: Mapping[str, Any]) -> str:
        """The code flow, as a person's browser and a program go through it."""
        back = {"redirect_uri": "http://127.0.0.1:1/back", "client_id": AUDIENCE}
        asked = {**back, "response_type": "code", "scope": "openid", "state": "s"}
        async with httpx2.AsyncClient(base_url=self.issuer) as client:

            async def knows() -> bool:
                with suppress(httpx2.TransportError):
                    known = await client.put(f"/users/{who}", json=dict(claims))
                    return bool(known.is_success)
                return False

            await assert_eventually(knows, within_seconds=30)
            sent = await client.post("/oauth2/authorize", params=asked, data={"sub": who})
            (code,) = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
            exchange = {**back, "grant_type": "authorization_code", "code": code}
            given = await client.post("/oauth2/token", data={**exchange, "client_secret": "x"})
            return str(given.json()["id_token"])


@contextmanager
def running(log: Path, module: str, *options: str) -> Iterator[None]:
    with log.open("wb") as out:
        server = subprocess.Popen(  # noqa: S603 - our own command, no shell
            [sys.executable, "-m", module, *options], stdout=out, stderr=out
        )
    try:
        yield
    finally:
        server.kill()
        server.wait()
