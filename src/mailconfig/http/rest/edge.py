"""What the REST interface needs of GraphQL, which it does not import: one door, few members.

Nothing else leads to data. `bootstrap.rest` implements it by the same functions that serve
/graphql: reading of bodies, guards, CSRF, budgets, limits, masking and languages are theirs.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from graphql import GraphQLSchema
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response


class Edge(Protocol):
    """The GraphQL edge, as REST sees it."""

    @property
    def schema(self) -> GraphQLSchema:
        """The schema, for types and descriptions."""
        ...

    async def read(self, request: Request, *, forms: bool) -> object | FormData:
        """Return the JSON of a body, or its form where forms are fine; raises Problem.

        Names, texts and file names of a form are in latin-1, which is their bytes. Whoever gets a
        form closes it.
        """
        ...

    async def run(
        self, request: Request, response: Response, text: str, variables: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Run a document and return its answer as GraphQL has it: `data`, `errors`.

        Resolvers add headers to `response`. Raises ClientDisconnect where a query's client left.
        """
        ...

    def write(self, shown: object) -> bytes:
        """Write a part of an answer in JSON, as GraphQL writes answers."""
        ...
