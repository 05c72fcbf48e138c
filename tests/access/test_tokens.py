"""Tokens of issuers open what they say, and every attack on them the same locked door."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx2
import pytest
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from pydantic import ValidationError

from shared.access.settings import Issuer
from tests.access.issuing import TestIssuer
from tests.access.world import World
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually

PATH: Final = "/v1/rent-agreements"
SERVICE: Final = "rent_sponsorship"


@pytest.fixture
def ours(peopled: World) -> str:
    return peopled.organisations["ours"]


async def answer(peopled: World, shown: str, path: str = PATH) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=peopled.urls[SERVICE], timeout=30) as client:
        return await client.get(path, headers={"Authorization": f"Bearer {shown}"})


async def test_a_token_opens_what_its_organisation_and_role_may(peopled: World, ours: str) -> None:
    issuer = peopled.issuer
    member = Caller(peopled.urls[SERVICE], issuer.sign(issuer.claims(ours)))
    assert (await member.read(PATH))["items"] != []
    reader = Caller(peopled.urls[SERVICE], issuer.sign(issuer.claims(ours, "reader")))
    body = {"home_id": peopled.homes["own"]}
    assert await reader.refused(PATH, body) == "not-allowed"
    let_in = await member.post(PATH, body)
    assert let_in.status_code in {201, 409}, "another test may have closed the home"
    narrow = issuer.claims(ours, yui_scopes="read_statement")
    assert (await answer(peopled, issuer.sign(narrow))).status_code == 403


async def test_a_token_as_a_real_provider_issues_it(peopled: World, ours: str) -> None:
    """Code flow: sign in, exchange the code, show what was given."""
    claims = {"organisation_id": ours, "role": "reader"}
    token = await peopled.provider.sign_in("hanako", claims)
    listed = await answer(peopled, token)
    assert listed.status_code == 200, listed.text
    assert listed.json()["items"] != []
    nobody = await peopled.provider.sign_in("taro", {"organisation_id": ours})
    assert (await answer(peopled, nobody)).status_code == 401, "without a role it opens nothing"


async def test_a_clock_that_differs_a_little_is_borne(peopled: World, ours: str) -> None:
    now, issuer = int(time.time()), peopled.issuer
    for skewed in ({"exp": now - 5}, {"nbf": now + 5, "iat": now + 5}):
        token = issuer.sign({**issuer.claims(ours), **skewed})
        assert (await answer(peopled, token)).status_code == 200


Attack = Callable[[TestIssuer, dict[str, Any]], str]
ATTACKS: dict[str, Attack] = {}


def attack(make: Attack) -> Attack:
    ATTACKS[make.__name__.replace("_", " ")] = make
    return make


def encoded(part: Mapping[str, Any] | bytes) -> str:
    content = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def stranger() -> RSAKey:
    return RSAKey.generate_key(2048)


@attack
def no_algorithm(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return f"{encoded({'alg': 'none', 'kid': issuer.keys[-1].kid})}.{encoded(claims)}."


@attack
def no_algorithm_but_a_signature(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return no_algorithm(issuer, claims).replace("none", "None") + "AAAA"


@attack
def the_public_key_as_a_secret(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    key = issuer.keys[-1]
    secret = OctKey.import_key(key.as_pem(private=False).replace(b"-----BEGIN", b"-----begin"))
    return jwt.encode({"alg": "HS256", "kid": key.kid}, claims, secret)


@attack
def another_key_of_the_same_name(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": issuer.keys[-1].kid}, claims, stranger())


@attack
def a_key_that_it_brings_itself(_issuer: TestIssuer, claims: dict[str, Any]) -> str:
    own = stranger()
    header = {"alg": "RS256", "jwk": own.as_dict(private=False), "kid": own.thumbprint()}
    form = jws.JWSRegistry()
    form.max_header_length = 4096
    return jwt.encode(header, claims, own, registry=form)


@attack
def a_key_that_lies_elsewhere(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    header = {"alg": "RS256", "kid": issuer.keys[-1].kid, "jku": "http://127.0.0.1:1/keys"}
    return jwt.encode(header, claims, stranger())


@attack
def a_key_of_another_kind(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return jwt.encode(
        {"alg": "ES256", "kid": issuer.keys[-1].kid}, claims, ECKey.generate_key("P-256")
    )


@attack
def a_key_id_that_is_a_path(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign(claims, kid="../../../../dev/null' OR '1'='1")


@attack
def another_audience(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "aud": "another-installation"})


@attack
def no_audience(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({name: value for name, value in claims.items() if name != "aud"})


@attack
def another_issuer(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "iss": "https://issuer.example"})


@attack
def several_issuers(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "iss": [issuer.issuer]})


@attack
def expired(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "exp": int(time.time()) - 60})


@attack
def valid_for_ever(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({name: value for name, value in claims.items() if name != "exp"})


@attack
def not_yet_valid(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "nbf": int(time.time()) + 60})


@attack
def altered(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    head, _, signature = issuer.sign(claims).split(".")
    return f"{head}.{encoded({**claims, 'role': 'administrator'})}.{signature}"


@attack
def nested(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    inner = issuer.sign(claims).encode()
    header = {"alg": "RS256", "kid": issuer.keys[-1].kid, "cty": "JWT"}
    return jws.serialize_compact(header, inner, issuer.keys[-1])


@attack
def encrypted(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    known = issuer.keys[-1].as_dict(private=False)
    key = RSAKey.import_key({name: str(known[name]) for name in ("kty", "n", "e")})
    header = {"alg": "RSA-OAEP", "enc": "A128CBC-HS256", "kid": issuer.keys[-1].kid}
    return jwe.encrypt_compact(header, json.dumps(claims).encode(), key)


@attack
def for_another_purpose(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign(claims, typ="logout+jwt")


@attack
def bound_to_what_is_not_understood(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    header = {"alg": "RS256", "kid": issuer.keys[-1].kid, "crit": ["exp"], "exp": 1}
    parts = f"{encoded(header)}.{encoded(claims)}"
    return f"{parts}.{issuer.sign(claims).rpartition('.')[2]}"


@attack
def huge(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "more": "x" * 32_000})


@attack
def deep(issuer: TestIssuer, _claims: dict[str, Any]) -> str:
    header = {"alg": "RS256", "kid": issuer.keys[-1].kid}
    return jws.serialize_compact(header, b"[" * 5_000, issuer.keys[-1])


@attack
def no_claims(issuer: TestIssuer, _claims: dict[str, Any]) -> str:
    header = {"alg": "RS256", "kid": issuer.keys[-1].kid}
    return jws.serialize_compact(header, b'["iss"]', issuer.keys[-1])


@attack
def an_organisation_that_nobody_registered(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "organisation_id": "nobody"})


@attack
def an_organisation_that_is_a_statement(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "organisation_id": "x' OR '1'='1"})


@attack
def a_role_of_whoever_runs_yui(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "role": "operator"})


@attack
def a_role_that_is_none(issuer: TestIssuer, claims: dict[str, Any]) -> str:
    return issuer.sign({**claims, "role": {"administrator": True}})


JUNK: Final = ("a.b.c", "..", "a" * 20_000, "yui_0123456789abcdef_", "%00", "Bearer", "eyJ.eyJ.AA")


async def test_every_attack_finds_the_same_locked_door(peopled: World, ours: str) -> None:
    locked = told(await answer(peopled, "nobody"))
    issuer = peopled.issuer
    assert locked[0] == 401
    for name, make in ATTACKS.items():
        token = make(issuer, issuer.claims(ours))
        assert told(await answer(peopled, token)) == locked, name
    for junk in JUNK:
        assert told(await answer(peopled, junk)) == locked, junk[:40]
    assert (await answer(peopled, issuer.sign(issuer.claims(ours)))).status_code == 200


def told(response: httpx2.Response) -> tuple[int, str, str | None]:
    return response.status_code, response.text, response.headers.get("WWW-Authenticate")


async def test_a_key_that_the_issuer_has_made_anew_is_asked_for_and_not_at_each_request(
    peopled: World, ours: str
) -> None:
    issuer = peopled.issuer
    assert (await answer(peopled, issuer.sign(issuer.claims(ours)))).status_code == 200
    before = asked(issuer)
    issuer.rotate()
    for _ in range(50):
        assert (await answer(peopled, issuer.sign(issuer.claims(ours)))).status_code == 401
    assert asked(issuer) - before <= 3, "whoever invents key ids makes nobody ask each time"
    issuer.publish()

    async def opens() -> bool:
        token = issuer.sign(issuer.claims(ours))
        return (await answer(peopled, token)).status_code == 200

    await assert_eventually(opens, within_seconds=20)


def asked(issuer: TestIssuer) -> int:
    return issuer.log.read_text().count("GET /keys")


def test_no_algorithm_is_allowed_whose_key_both_sides_know() -> None:
    for algorithm in ("HS256", "none"):
        with pytest.raises(ValidationError):
            Issuer.model_validate(
                {"issuer": "https://a.example", "audience": "b", "algorithms": [algorithm]}
            )
