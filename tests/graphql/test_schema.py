"""The schema as a whole: guards, descriptions, names, and the file that shows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
)
from strawberry.types.base import StrawberryObjectDefinition

from mailconfig.domain import errors, mailboxes, mailing, workspaces
from mailconfig.domain.errors import Refusal
from mailconfig.graphql.errors import PLAIN, user_errors
from mailconfig.graphql.guards import Guard, Guarded
from mailconfig.graphql.schema import MaskingSchema, Mutation, build_schema, sdl
from mailconfig.storage.faults import ValueRefused
from mailconfig.storage.keyset import CursorRefused

GUARDS = {
    "submit": Guard.MEMBER,
    "update": Guard.MEMBER,
    "rollback": Guard.MEMBER,
    "delete": Guard.MEMBER,
    "validate": Guard.MEMBER,
    "testConnection": Guard.MEMBER,
    "cancelTest": Guard.MEMBER,
    "applyFix": Guard.MEMBER,
    # Dials out; stores nothing.
    "checkDomain": Guard.VIEWER,
    # Dials out; stores nothing.
    "discover": Guard.VIEWER,
    "uploadFile": Guard.MEMBER,
    "beginMailboxAuthorization": Guard.MEMBER,
    "completeMailboxAuthorization": Guard.MEMBER,
    "revokeMailboxGrant": Guard.MEMBER,
    "setOAuthClient": Guard.ADMIN,
    "deleteOAuthClient": Guard.ADMIN,
    "deleteFile": Guard.MEMBER,
    "sendEmail": Guard.MEMBER,
    "previewEmail": Guard.MEMBER,
    "cancelMessage": Guard.MEMBER,
    "retryMessage": Guard.MEMBER,
    "retryMessages": Guard.MEMBER,
    "retryAmbiguous": Guard.MEMBER,
    "pauseSending": Guard.MEMBER,
    "resumeSending": Guard.MEMBER,
    "setSendingOptions": Guard.MEMBER,
    "addSenderIdentity": Guard.MEMBER,
    "updateSenderIdentity": Guard.MEMBER,
    "deleteSenderIdentity": Guard.MEMBER,
    # The list holds for all who send.
    "suppressAddress": Guard.ADMIN,
    "unsuppressAddress": Guard.ADMIN,
    # Nobody is signed in yet.
    "login": Guard.ANYONE,
    # At most of one's own role; for people.
    "createApiKey": Guard.ADMIN,
    # One's own; administrators any of the workspace.
    "revokeApiKey": Guard.VIEWER,
    "createEmbedToken": Guard.ADMIN,
    # Whoever is signed in may leave.
    "logout": Guard.VIEWER,
    "logoutEverywhere": Guard.VIEWER,
    "endSession": Guard.VIEWER,
    "switchWorkspace": Guard.VIEWER,
    "changePassword": Guard.VIEWER,
    # The token says who may.
    "refreshSession": Guard.ANYONE,
    "requestPasswordReset": Guard.ANYONE,
    "resetPassword": Guard.ANYONE,
    "acceptInvitation": Guard.ANYONE,
    # Roles up to one's own, and members up to one's own role.
    "renameWorkspace": Guard.ADMIN,
    "inviteMember": Guard.ADMIN,
    "withdrawInvitation": Guard.ADMIN,
    "changeMemberRole": Guard.ADMIN,
    "removeMember": Guard.ADMIN,
    "leaveWorkspace": Guard.VIEWER,
    "transferOwnership": Guard.OWNER,
    "exportWorkspace": Guard.OWNER,
    "deleteWorkspace": Guard.OWNER,
    "deleteAccount": Guard.VIEWER,
}
"""Who may run each mutation. A new mutation must be given its line here."""


@pytest.fixture(scope="module")
def schema() -> MaskingSchema:
    """The schema as it is served."""
    return build_schema()


@pytest.fixture(scope="module")
def core(schema: MaskingSchema) -> GraphQLSchema:
    """The schema as graphql-core knows it."""
    return schema._schema


def _guards(schema: MaskingSchema) -> dict[str, list[Guard]]:
    """Return the guards of each mutation field, by its name in the schema."""
    definition: StrawberryObjectDefinition = Mutation.__strawberry_definition__
    name_of = schema.config.name_converter.get_graphql_name
    return {
        name_of(field): [item.guard for item in field.extensions if isinstance(item, Guarded)]
        for field in definition.fields
    }


def test_every_mutation_has_exactly_one_guard(schema: MaskingSchema, core: GraphQLSchema) -> None:
    """A field that was not made by `graphql.guards.mutation` is listed here."""
    guards = _guards(schema)
    assert core.mutation_type is not None
    assert set(guards) == set(core.mutation_type.fields)
    assert [name for name, found in guards.items() if len(found) != 1] == []


def test_who_may_run_each_mutation(schema: MaskingSchema) -> None:
    """The table above, literally: a guard that was lowered by mistake fails here."""
    assert {name: found[0] for name, found in _guards(schema).items()} == GUARDS


def test_the_guard_is_the_outermost_extension(schema: MaskingSchema) -> None:
    """Nothing runs before the guard has let the caller in."""
    definition: StrawberryObjectDefinition = Mutation.__strawberry_definition__
    outermost = {type(field.extensions[0]) for field in definition.fields}
    assert outermost == {Guarded}


def test_the_asked_for_mutations_have_their_names(core: GraphQLSchema) -> None:
    """Clients were promised these five names."""
    assert core.mutation_type is not None
    promised = {"submit", "update", "delete", "validate", "testConnection"}
    assert promised <= set(core.mutation_type.fields)


def test_every_mutation_answers_with_a_nullable_payload(core: GraphQLSchema) -> None:
    """A payload has errors: [UserError!]!, and no failing mutation takes its neighbours along."""
    assert core.mutation_type is not None
    for name, field in core.mutation_type.fields.items():
        payload = field.type
        assert isinstance(payload, GraphQLObjectType), name
        assert payload.name == f"{name[0].upper()}{name[1:]}Payload"
        assert str(payload.fields["errors"].type) == "[UserError!]!"


def _elements(core: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Yield every element of our own with its description."""
    for name, kind in core.type_map.items():
        if name.startswith("__"):
            continue
        yield name, kind.description
        yield from _members(name, kind)


def _members(name: str, kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    match kind:
        case GraphQLObjectType() | GraphQLInterfaceType():
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}({argument_name}:)", argument.description
        case GraphQLInputObjectType():
            for field_name, input_field in kind.fields.items():
                yield f"{name}.{field_name}", input_field.description
        case GraphQLEnumType():
            for value_name, value in kind.values.items():
                yield f"{name}.{value_name}", value.description


def test_everything_is_described(core: GraphQLSchema) -> None:
    """Every type, field, argument, input field and enum value says what it means."""
    elements = dict(_elements(core))
    assert len(elements) > 500
    assert [name for name, text in elements.items() if not (text or "").strip()] == []


def test_the_file_shows_the_schema() -> None:
    """schema.graphql is what the code says; `make schema` writes it."""
    path = Path(__file__).parents[2] / "schema.graphql"
    assert path.read_text("utf-8") == sdl()


def test_secrets_are_write_only(core: GraphQLSchema) -> None:
    """No output type has a field that could hold a secret; an access token is the session's own."""
    telling = [
        f"{name}.{field}"
        for name, kind in core.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
        for field in kind.fields
        if any(word in field.lower() for word in ("password", "secret", "token"))
    ]
    assert sorted(telling) == [
        # Shown once, to whoever hands it over.
        "CreateEmbedTokenPayload.token",
        "InviteMemberPayload.token",
        "Mutation.changePassword",
        "Mutation.createEmbedToken",
        "Mutation.requestPasswordReset",
        "Mutation.resetPassword",
        # Advice about passwords, from the catalogue.
        "Provider.appPasswordUrl",
        "Provider.passwordFormat",
        "Query.csrfToken",
        # When, not what.
        "ServerSettings.secretSetAt",
        "Session.accessToken",
        "Session.csrfToken",
        "Session.refreshToken",
    ]


def _leaves(base: type[Refusal]) -> set[type[Refusal]]:
    below = base.__subclasses__()
    return set().union(*map(_leaves, below)) if below else {base}


ARGUMENTS: dict[type[Refusal], tuple[object, ...]] = {
    errors.NotFound: (("id",),),
    errors.SecretRequired: (("incoming", "secret"),),
    errors.LimitExceeded: ("Too much.",),
    errors.FileRefused: ("No picture.",),
    CursorRefused: ("No place.",),
}
"""What constructors demand."""
TOLD_APART = {
    errors.InvalidInput,
    errors.RevisionConflict,
    errors.Duplicate,
    errors.RateLimited,
    mailboxes.MissingScopes,
    mailboxes.ProviderRefused,
    workspaces.ConfigurationsRemain,
    workspaces.QuotaExceeded,
    mailing.MessageStateConflict,
    mailing.RecipientsSuppressed,
}
"""Refusals that carry more than message and path; each has tests of its own operation."""


@pytest.mark.parametrize(
    "refusal", sorted(_leaves(Refusal) - TOLD_APART, key=lambda it: it.__name__)
)
async def test_every_refusal_has_a_type_in_the_schema(refusal: type[Refusal]) -> None:
    """A refusal is never a fault on our side, wherever in the house it was raised."""
    raised = refusal(*ARGUMENTS.get(refusal, ()))
    (shown,) = await user_errors(raised, None)  # type: ignore[arg-type] - nothing is looked up
    assert shown.message == raised.message
    assert shown.path == list(raised.path)


def test_each_plain_refusal_has_a_type_of_its_own() -> None:
    """Two refusals never share a type, so that clients can tell them apart by __typename."""
    assert len(set(PLAIN.values())) == len(PLAIN)
    assert ValueRefused not in PLAIN
