"""The REST interface: one table of methods and paths, each with the document that it runs.

A row says where the parts of a request go among the variables of its document, and which member of
the answer is shown. Reading, running, errors and the OpenAPI document follow from the table; there
is no other list of operations, and no other way to data than their documents.

Places are dotted paths: of variables ("input.id"), and of members of `data` ("submit.config").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mailconfig.http.problems import PREFIX
from mailconfig.http.rest import documents


@dataclass(frozen=True, slots=True)
class Row:
    """One method of one path."""

    method: str
    """GET, POST, PUT or DELETE."""
    path: str
    """Path with its final slash, which requests may leave out."""
    document: str
    """What is run."""
    shown: str | None
    """Member of `data` that is the answer, "" for all of it; None: 204 without a body."""
    summary: str
    """What it does, for the OpenAPI document."""
    status: int = 200
    """Status of success."""
    id_at: str | None = None
    """Variable of the id in the path."""
    body_at: str | None = None
    """Variable of the body; None: bodies are not read."""
    body_optional: bool = False
    """Whether a request without a body is fine."""
    files: bool = False
    """Whether the body may be a form, with files."""
    spread: str | None = None
    """Variable whose members are query parameters of their own."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Variables by headers; `If-Match` takes an entity tag, others their text."""
    signed_in: bool = True
    """Whether somebody must be signed in; documentation, since the document decides."""
    public: bool = False
    """Whether everybody gets the same answer, which caches may keep and ask about."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Values of variables that the request leaves out."""


_CONFIGS: Final = f"{PREFIX}email-config/"
_CONFIG: Final = f"{PREFIX}email-config/{{id}}/"
_REVISION: Final = {"If-Match": "input.expectedRevision"}

ROWS: Final = (
    Row(
        "GET",
        _CONFIGS,
        documents.LIST_CONFIGS,
        "configs",
        "List the configurations that the caller may see",
        spread="filter",
    ),
    Row(
        "POST",
        _CONFIGS,
        documents.SUBMIT,
        "submit.config",
        "Store a new configuration with its secrets and files",
        status=201,
        body_at="input",
        files=True,
        headers={"Idempotency-Key": "input.idempotencyKey"},
    ),
    Row(
        "POST",
        f"{_CONFIGS}validate/",
        documents.VALIDATE,
        "validate",
        "Check a form without storing or connecting",
        body_at="input.draft",
    ),
    Row(
        "POST",
        f"{_CONFIGS}test-connection/",
        documents.TEST,
        "testConnection.test",
        "Test a stored configuration or a form, and wait for the end",
        body_at="input",
        defaults={"input.waitSeconds": 25},
    ),
    Row(
        "GET",
        _CONFIG,
        documents.READ_CONFIG,
        "config",
        "Read a configuration",
        id_at="id",
    ),
    Row(
        "PUT",
        _CONFIG,
        documents.UPDATE,
        "update.config",
        "Change a configuration: absent members stay, null clears",
        id_at="input.id",
        body_at="input",
        files=True,
        headers=_REVISION,
    ),
    Row(
        "DELETE",
        _CONFIG,
        documents.DELETE,
        None,
        "Remove a configuration for good",
        status=204,
        id_at="input.id",
        body_at="input",
        body_optional=True,
        headers=_REVISION,
    ),
    Row(
        "GET",
        f"{PREFIX}providers/",
        documents.LIST_PROVIDERS,
        "providers",
        "List known mail providers",
        signed_in=False,
        public=True,
    ),
    Row(
        "GET",
        f"{PREFIX}providers/{{id}}/",
        documents.READ_PROVIDER,
        "provider",
        "Read a provider, by its id or its id in the catalogue",
        id_at="id",
        signed_in=False,
        public=True,
    ),
    Row(
        "GET",
        f"{PREFIX}auth/csrf/",
        documents.CSRF_TOKEN,
        "",
        "Read the token that browsers send back in X-CSRF-Token",
        signed_in=False,
    ),
    Row(
        "POST",
        f"{PREFIX}auth/login/",
        documents.LOGIN,
        "login.session",
        "Sign in: a cookie for browsers, an access token for clients that ask for it",
        signed_in=False,
        body_at="input",
    ),
    Row(
        "POST",
        f"{PREFIX}auth/logout/",
        documents.LOGOUT,
        None,
        "End the session, for its cookie and its access tokens",
        status=204,
    ),
)
