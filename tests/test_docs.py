"""The pages say what the code does: GraphQL documents, demo mailboxes, settings."""

import re
from pathlib import Path

import pytest
import yaml
from graphql import GraphQLSchema, build_schema, parse, validate
from tools import demo_page

from mailconfig.settings import Mode, Settings

ROOT = Path(__file__).parent.parent
OPERATIONS = ROOT / "docs" / "operations.md"
FORMS_MAX_LINES = 150
ACCOUNT_COLUMNS = 5
TOLD = (
    "discover",
    "ispdb",
    "egress_web_ports",
    "dns_trust_ad",
    "domain_check",
    "explain_",
    "explains_",
    "proof_seconds",
    "port_scout_seconds",
    "roundtrip_seconds",
    "language",
    "demo",
    "simulator_port",
    # The GraphQL edge.
    "http_status_profile",
    "request_seconds",
    "max_",
    "head_seconds",
    "body_seconds",
    "upload_max_",
    "upload_seconds",
    "assumed_list_rows",
    "plan_cache_",
    "compile_queries",
    "points_per_minute",
    "password_reset_",
    "system_account",
    "login_attempts_per_minute",
    "login_delay_max_seconds",
    "tests_per_",
    "test_concurrency",
    "test_queue_",
    "rate_limit_storage_url",
    "live_",
    "session_cache_seconds",
    "socket_",
    "documents_",
    "learned_documents",
    "explorer",
    # Who signs in, and from where.
    "session_idle",
    "session_touch",
    "password_reset",
    "api_key",
    "embed_",
    "oauth_",
    "quota_",
    "invitation_",
    "export_link",
    # Sending.
    "message_",
    "sender_identities_max",
    "messages_",
    "sending_",
    "cors_",
    "allowed_hosts",
    "trusted_proxies",
    "hsts_",
)
"""Begins of the settings that docs/operations.md has in its tables."""


def graphql_blocks() -> list[tuple[str, str]]:
    """Return the GraphQL documents of all pages, each with its page and number."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        (f"{page.name}-{number}", block)
        for page in pages
        for number, block in enumerate(
            re.findall(
                r"^```graphql\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
            )
        )
    ]


def quoted_operations() -> list[str]:
    """Return the operations in the JSON bodies of the README's curl lines."""
    return re.findall(r'^ *"query": "(.+?)",?$', (ROOT / "README.md").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema that is in the repository; `make schema-check` compares it with the code."""
    return build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))


def test_the_forms_page_has_a_document_for_each_step() -> None:
    """docs/forms.md shows all operations of a form, in at most 150 lines."""
    text = (ROOT / "docs" / "forms.md").read_text(encoding="utf-8")
    shown = " ".join(block for name, block in graphql_blocks() if name.startswith("forms.md"))
    named = re.findall(r"^  (\w+)\(", shown, re.MULTILINE)
    assert named == [
        "discover",
        "discoveryProgress",
        "validate",
        "testConnection",
        "connectionTestProgress",
        "applyFix",
    ]
    assert len(text.splitlines()) <= FORMS_MAX_LINES


@pytest.mark.parametrize(("name", "block"), graphql_blocks(), ids=lambda value: value[:12])
def test_a_document_is_valid(schema: GraphQLSchema, name: str, block: str) -> None:
    """Each GraphQL block of a page can be sent as it stands."""
    assert [error.message for error in validate(schema, parse(block))] == [], name


@pytest.mark.parametrize("operation", quoted_operations(), ids=range(len(quoted_operations())))
def test_an_operation_of_the_readme_is_valid(schema: GraphQLSchema, operation: str) -> None:
    """Each operation of a curl line can be sent as it stands."""
    assert [error.message for error in validate(schema, parse(operation))] == []


def test_operations_tells_the_settings_of_finding_and_of_the_edge() -> None:
    """Each of these settings is in a table of docs/operations.md; all there with their defaults."""
    defaults = {name.upper(): told(each.default) for name, each in Settings.model_fields.items()}
    table = r"^\| `MAILCONFIG_(\w+)` \| (\S+) \|"
    rows = dict(re.findall(table, OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows.items() <= defaults.items()
    assert {name for name in defaults if name.lower().startswith(TOLD)} <= rows.keys()


def told(default: object) -> str:
    """Return how the table writes a default."""
    if default is None or default in ((), {}):
        return "unset"
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default).lower()


def test_the_demo_page_names_every_fix() -> None:
    """The rows with a fix are the three whose settings are wrong on purpose."""
    rows = [line.strip("|").split("|") for line in demo_page.render().splitlines()]
    accounts = [[cell.strip() for cell in row] for row in rows if len(row) == ACCOUNT_COLUMNS]
    assert {row[0]: row[-1] for row in accounts if "@" in row[0] and row[-1]} == {
        "ann@plain-on-tls.localhost": "incoming.security: TLS",
        "ann@tls-on-plain.localhost": "outgoing.security: STARTTLS",
        "ann@other-name.localhost": "incoming.host: mail.other-name.localhost",
    }


def test_the_container_runs_no_demonstration() -> None:
    """The image as it comes, and compose.yaml, start neither simulator nor query page."""
    assert "MAILCONFIG_" not in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    given = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["api"]["environment"]
    assert not {"MAILCONFIG_DEMO", "MAILCONFIG_EXPLORER"} & given.keys()
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert Mode(given["MAILCONFIG_MODE"]) is defaults["mode"] is Mode.PRODUCTION
    production = Settings.model_construct(**defaults)
    assert (production.serves_demo, production.serves_explorer) == (False, False)
