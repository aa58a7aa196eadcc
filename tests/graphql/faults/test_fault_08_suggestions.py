"""Fault 8: errors propose names of the schema, of which the stock switch strips one kind."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from kit.api import MEMBER, Api, form, server, serving
from mailconfig.settings import Mode, Settings

HINT = "Did you mean"


@strawberry.enum
class Colour(Enum):
    """Colours."""

    GREEN = "green"


@strawberry.input
class Shape:
    """A shape."""

    colour: Colour = Colour.GREEN


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    def paint(self, shape: Shape, colour: Colour = Colour.GREEN) -> str:
        """Paint it."""
        return f"{shape} {colour}"


STOCK = {
    "field": "{ paimt(shape: {}) }",
    "argument": "{ paint(shap: {}) }",
    "enum value": "{ paint(shape: {}, colour: GREN) }",
    "input field": "{ paint(shape: { color: GREEN }) }",
    "type of a fragment": "{ ...F } fragment F on Qery { paint(shape: {}) }",
    "type of a variable": "query ($s: Shpe!) { paint(shape: $s) }",
    "directive's argument": "{ paint(shape: {}) @skip(iff: true) }",
}
"""One document for each kind of hint."""


async def test_the_stock_switch_strips_one_kind_of_seven() -> None:
    """`disable_field_suggestions` knows fields only."""
    schema = strawberry.Schema(Query, config=StrawberryConfig(disable_field_suggestions=True))
    hinting = []
    for kind, document in STOCK.items():
        answer = await schema.execute(document)
        if any(HINT in error.message for error in answer.errors or ()):
            hinting.append(kind)
    assert hinting == [kind for kind in STOCK if kind != "field"]


@dataclass(frozen=True)
class Case:
    """A mistake in a document or in variables."""

    query: str
    variables: dict[str, Any] = field(default_factory=dict)


SUBMIT = "mutation ($input: SubmitInput!) { submit(input: $input) { config { id } } }"
OURS = {
    "field": Case("{ viewr { email } }"),
    "field of a type": Case("{ viewer { emial } }"),
    "argument": Case("{ configs(frist: 1) { totalCount } }"),
    "enum value": Case("{ configs(orderBy: { field: NAMES }) { totalCount } }"),
    "input field": Case("{ configs(filter: { providerIds: [] }) { totalCount } }"),
    "type of a fragment": Case("{ viewer { ...F } } fragment F on Viewr { email }"),
    "type of a variable": Case("query ($i: SubmitInputt!) { viewer { email } }"),
    "directive's argument": Case("{ viewer { email @skip(iff: true) } }"),
    "enum value in variables": Case(SUBMIT, {"input": form(incoming=server(security="TLSS"))}),
    "input field in variables": Case(SUBMIT, {"input": form(incoming=server(hosts="a"))}),
}


async def messages(api: Api, case: Case) -> list[str]:
    """Return what is said to a mistake."""
    answer = await api.call(MEMBER, case.query, case.variables)
    return [error["message"] for error in answer["errors"]]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_ours_proposes_nothing_in_production(api: Api) -> None:
    """Strangers learn no names by guessing near them."""
    for kind, case in OURS.items():
        told = await messages(api, case)
        assert told != [], kind
        assert [text for text in told if HINT.lower() in text.lower()] == [], kind


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_development_keeps_hints_that_quote_no_value(app_settings: Settings) -> None:
    """Whoever writes a client is helped; what came in variables is not quoted even there."""
    settings = app_settings.model_copy(update={"mode": Mode.DEVELOPMENT, "demo": False})
    async with serving(settings) as api:
        (told,) = await messages(api, OURS["field of a type"])
        assert told == "Cannot query field 'emial' on type 'Viewer'. Did you mean 'email'?"
        for kind in ("enum value in variables", "input field in variables"):
            assert [text for text in await messages(api, OURS[kind]) if HINT in text] == []
