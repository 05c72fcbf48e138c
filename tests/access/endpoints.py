"""Every endpoint that the services' own OpenAPI documents list, and a request that each takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Json = Mapping[str, Any]

METHODS: Final = ("get", "post", "put", "patch", "delete")
OPEN: Final = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json"})
"""What whoever watches the processes may read without saying who they are."""

ASKS: Final = frozenset({"grant-requests", "vacant-posts", "rent-appeals", "open-shifts"})
"""What homes ask of a whole sector: known to it by the home's id and prefecture alone."""

BY_FORMAT: Final = {"date": "2011-08-01", "date-time": "2031-08-01T09:00:00+09:00"}
BY_NAME: Final[Json] = {
    "between": "2011-08-01,2011-09-01",
    "month": "2011-08",
    "from_month": "2011-08",
    "through_month": "2011-08",
    "closed_on": "2099-12-31",
    "resource": "rent",
    "prefecture_code": "14",
    "fiscal_year": "2011",
    "level": "not_valued",
    "capacity": "6",
    "retained_until": "2999-03-31",
    "sectors": ["government", "nonprofit", "company", "volunteers", "foster_parent"],
}
"""What fits the rules better than the first thing that fits the schema."""


@dataclass(frozen=True)
class Endpoint:
    service: str
    method: str
    path: str
    operation: Json
    models: Json

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def noun(self) -> str:
        """`homes`, of `/v1/homes/{home_id}`."""
        return self.path.split("/")[2]

    @property
    def ids(self) -> Sequence[str]:
        """The names in its path that say which thing is meant."""
        return [part["name"] for part in self._parameters("path")]

    @property
    def asks_for_a_home(self) -> bool:
        return any(part["name"] == "home_id" for part in self._parameters("query"))

    @property
    def is_about_a_home(self) -> bool:
        return bool({"home_id"} & set(self._schema().get("required", ())))

    def url(self, things: Json) -> str:
        return self.path.format(**{**BY_NAME, **things})

    def query(self) -> dict[str, Any]:
        needed = (part for part in self._parameters("query") if part.get("required"))
        return {part["name"]: self._sample(part["schema"], part["name"], {}) for part in needed}

    def body(self, things: Json) -> Any:  # noqa: ANN401  any JSON
        """The least that it takes; `things` are the ids of what shall be meant."""
        return self._sample(self._schema(), "", things)

    def _schema(self) -> Json:
        content = self.operation.get("requestBody", {}).get("content", {})
        return self._resolved(content.get("application/json", {}).get("schema", {}))

    def _parameters(self, place: str) -> Iterator[Json]:
        listed = (self._resolved(part) for part in self.operation.get("parameters", ()))
        return (part for part in listed if part["in"] == place)

    def _resolved(self, schema: Json) -> Json:
        if "$ref" not in schema:
            return schema
        found: Json = self.models[schema["$ref"].rpartition("/")[2]]
        return found

    def _sample(self, schema: Json, name: str, things: Json) -> Any:  # noqa: ANN401  any JSON
        fitting = {**BY_NAME, **things}
        match self._resolved(schema):
            case {"properties": fields, **rest}:
                needed = rest.get("required", ())
                return {one: self._sample(fields[one], one, things) for one in needed}
            case {"anyOf": [first, *_]} | {"allOf": [first, *_]}:
                return self._sample(first, name, things)
            case {"type": "integer"} if name in fitting:
                return int(fitting[name])
            case {"type": "string" | "array"} if name in fitting:
                return fitting[name]
            case {"type": "array", "items": item}:
                return [self._sample(item, name, things)]
            case {"const": only} | {"enum": [only, *_]}:
                return only
            case {"format": form} if form in BY_FORMAT:
                return BY_FORMAT[form]
            case {"type": "string"}:
                return "by-a-test"
            case {"type": "boolean"}:
                return True
            case {"type": "integer" | "number"}:
                return 1
            case _:
                return {}


def endpoints(service: str, document: Json) -> Iterator[Endpoint]:
    components = document.get("components", {})
    models = {**components.get("schemas", {}), **components.get("parameters", {})}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and path not in OPEN:
                yield Endpoint(
                    service, method.upper(), path.replace(":path}", "}"), item[method], models
                )
