"""The operator's client: page after page, and one line for what is refused or away."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from deploy.operator import Api
from deploy.problem import Problem

KEY = "yui_0123456789abcdef_secret"
ANSWERS = {
    "/v1/parked?limit=100": (200, {"items": [{"n": 1}, {"n": 2}], "next_cursor": "two"}),
    "/v1/parked?limit=98&cursor=two": (200, {"items": [{"n": 3}], "next_cursor": None}),
    "/v1/parked/9": (404, {"title": "No such record", "detail": "9"}),
}


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.headers["Authorization"] == f"Bearer {KEY}"
        status, body = ANSWERS[self.path] if known else (401, {"title": "API key needed"})
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_parts: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_list_goes_on_after_its_cursor(address: str) -> None:
    with Api("ledger", address, KEY) as api:
        assert [row["n"] for row in api.items("/v1/parked", 100)] == [1, 2, 3]


def test_a_refusal_is_told_in_the_service_s_words(address: str) -> None:
    with (
        Api("ledger", address, KEY) as api,
        pytest.raises(Problem, match=r"ledger refused \(404\): No such record: 9. Check the id"),
    ):
        api.get("/v1/parked/9")


def test_an_unknown_key_points_at_organisations(address: str) -> None:
    with (
        Api("ledger", address, "another") as api,
        pytest.raises(Problem, match="learn keys from organisations"),
    ):
        api.get("/v1/parked/9")


def test_a_service_that_is_away() -> None:
    with (
        Api("ledger", "http://127.0.0.1:9", KEY) as api,
        pytest.raises(Problem, match="ledger does not answer at http"),
    ):
        api.get("/v1/parked")
