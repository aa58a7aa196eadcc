"""A client of the REST interface, which holds every answer against the OpenAPI document.

    rest = await open_rest(api)
    answer = await rest.send(MEMBER, "POST", "/api/email-config/", json=form())

An answer that the document does not describe, or describes otherwise, fails the test: its status,
its media type, its body with no member more or less, and its headers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from kit.api import Api

_URI = "urn:openapi"
_STATUSES_OF_ANYTHING = {404, 405}
"""Answers that no operation describes: paths and methods that are not there."""


def closed(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema whose objects have no other members than those that it names."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(value) for name, value in schema.items()}
    if "properties" in found and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


@dataclass
class Rest:
    """A client."""

    api: Api
    document: Mapping[str, Any]
    """The OpenAPI document, as it is served."""
    seen: set[tuple[str, str, int]] = field(default_factory=set)
    """Method, path and status of the answers so far."""

    async def send(
        self,
        who: str | None,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **given: Any,  # noqa: ANN401 - of httpx
    ) -> httpx.Response:
        """Send a request as that person and return the answer, which the document describes."""
        token = {"Authorization": f"Bearer {await self.api.token(who)}"} if who else {}
        answer = await self.api.client.request(
            method, path, headers={**token, **(headers or {})}, **given
        )
        self.check(answer)
        return answer

    def check(self, answer: httpx.Response) -> None:
        """Hold an answer against the document."""
        method = answer.request.method.lower()
        template = self._template(answer.request.url.path)
        operation = self.document["paths"].get(template, {}).get(method)
        if operation is None:
            assert answer.status_code in _STATUSES_OF_ANYTHING
            self._fits({"$ref": f"{_URI}#/components/schemas/Problem"}, answer.json())
            return
        self.seen.add((method.upper(), template, answer.status_code))
        described = operation["responses"][str(answer.status_code)]
        for name in described.get("headers", {}):
            if name != "Link":  # only where there is a neighbouring page
                assert name in answer.headers, name
        content = described.get("content")
        if content is None:
            assert answer.content == b""
            return
        ((media, shape),) = content.items()
        assert answer.headers["content-type"] == media
        self._fits(shape["schema"], answer.json())

    def _fits(self, schema: Mapping[str, Any], value: object) -> None:
        """Fail with what does not fit."""
        root = Resource(contents=closed(self.document), specification=DRAFT202012)
        local = closed(_with_uri(schema))
        validator = OAS31Validator(local, registry=Registry().with_resource(_URI, root))
        assert [error.message for error in validator.iter_errors(value)] == []

    def _template(self, path: str) -> str:
        """Return the path of the document that a path is one of."""
        parts = path.rstrip("/").split("/")
        for template in self.document["paths"]:
            names = template.rstrip("/").split("/")
            if len(names) == len(parts) and all(
                name in {part, "{id}"} for name, part in zip(names, parts, strict=True)
            ):
                return str(template)
        return path

    def operations(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Yield method, path and description of all operations."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation


def _with_uri(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema whose references lead into the document."""
    if isinstance(schema, list):
        return [_with_uri(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: f"{_URI}{value}" if name == "$ref" and value.startswith("#") else _with_uri(value)
        for name, value in schema.items()
    }


async def open_rest(api: Api) -> Rest:
    """Return a client of a served application."""
    answer = await api.client.get("/api/openapi.json")
    return Rest(api, answer.json())
