"""The mutation `validate`: findings are data, and nothing is stored or dialled."""

from typing import Any

import pytest

from kit.api import MEMBER, VIEWER, Api, form, server

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""No database is asked but for the session."""

VALIDATE = """
mutation ($draft: DraftInput!) {
  validate(input: { draft: $draft }) {
    valid
    issues { __typename code severity message path suggestion }
    suggestedProvider { catalogueId }
    errors { __typename message path }
  }
}
"""
COUNT = "query { configs { totalCount } }"


async def validate(api: Api, who: str = MEMBER, **draft: object) -> Any:  # noqa: ANN401 - JSON
    """Run the mutation and return its payload."""
    return (await api.data(who, VALIDATE, {"draft": draft}))["validate"]


def found(payload: dict[str, Any], severity: str = "ERROR") -> dict[str, str]:
    """Return code by dotted path of the issues of that severity."""
    return {
        ".".join(issue["path"]): issue["code"]
        for issue in payload["issues"]
        if issue["severity"] == severity
    }


async def test_a_faultless_form_is_valid(api: Api) -> None:
    """No errors of either kind; the domain is no known provider's."""
    payload = await validate(api, **form())
    assert payload["valid"] is True
    assert found(payload) == {}
    assert (payload["suggestedProvider"], payload["errors"]) == (None, [])


async def test_findings_are_data(api: Api) -> None:
    """A bad host is an issue in the result, with a cleaned value, not an error of the payload."""
    bad = server("https://imap.example.net:993/")
    payload = await validate(api, **form(incoming=bad))
    assert (payload["valid"], payload["errors"]) == (False, [])
    (issue,) = [issue for issue in payload["issues"] if issue["path"] == ["incoming", "host"]]
    assert issue.pop("message")
    assert issue == {
        "__typename": "ValidationIssue",
        "code": "HOST_SYNTAX",
        "severity": "ERROR",
        "path": ["incoming", "host"],
        "suggestion": "imap.example.net",
    }


async def test_an_empty_form_is_taken(api: Api) -> None:
    """Everything may be missing while a person types; the issues say what is."""
    payload = await validate(api)
    assert payload["valid"] is False
    assert found(payload)["name"] == "REQUIRED"
    assert found(payload)["emailAddress"] == "REQUIRED"


async def test_nulls_and_half_servers_are_taken(api: Api) -> None:
    """Null in every field is as good as absence; a half server names what it lacks."""
    fields = ("name", "emailAddress", "displayName", "providerId", "outgoing", "metadata")
    empty = {"host": None, "port": None, "security": None, "username": None, "secret": None}
    payload = await validate(api, incoming=empty, **dict.fromkeys(fields))
    required = {path for path, code in found(payload).items() if code == "REQUIRED"}
    assert {"incoming.host", "incoming.port", "incoming.security"} <= required


async def test_a_warning_does_not_make_a_form_invalid(api: Api) -> None:
    """The typo is told and corrected, and submit would take it."""
    payload = await validate(api, **form(emailAddress="ann@gmial.com"))
    assert payload["valid"] is True
    (typo,) = [issue for issue in payload["issues"] if issue["code"] == "DOMAIN_TYPO"]
    assert (typo["severity"], typo["path"]) == ("WARNING", ["emailAddress"])
    assert typo["suggestion"] == "ann@gmail.com"


async def test_the_provider_is_suggested_by_the_address(api: Api) -> None:
    """An address alone tells it."""
    payload = await validate(api, emailAddress="ann@gmail.com")
    assert payload["suggestedProvider"] == {"catalogueId": "gmail"}


@pytest.mark.parametrize(
    ("port", "code"),
    [
        # Out of a port's range, and what only GraphQL's Int bounds.
        (0, "OUT_OF_RANGE"),
        (70000, "OUT_OF_RANGE"),
        (-1, "OUT_OF_RANGE"),
    ],
)
async def test_ports_are_judged_by_rules(api: Api, port: int, code: str) -> None:
    """A number that is no port is an issue at its field."""
    payload = await validate(api, **form(incoming=server(port=port)))
    assert found(payload)["incoming.port"] == code


async def test_issues_never_hold_the_secret(api: Api) -> None:
    """A password with spaces around it is judged, not shown."""
    secret = {"password": " hunter2-Xq9 "}
    answer = await api.call(MEMBER, VALIDATE, {"draft": form(incoming=server(secret=secret))})
    issues = answer["data"]["validate"]["issues"]
    assert "SECRET_WHITESPACE" in {issue["code"] for issue in issues}
    assert "hunter2" not in str(answer)


async def test_keep_false_is_an_issue_of_the_input(api: Api) -> None:
    """There is nothing that keep: false could mean."""
    payload = await validate(api, **form(incoming=server(secret={"keep": False})))
    (error,) = payload["errors"]
    assert error["path"] == ["incoming", "secret", "keep"]


async def test_nothing_is_stored_or_dialled(api: Api) -> None:
    """Neither a configuration nor a test comes of it."""
    await validate(api, **form())
    assert (await api.data(MEMBER, COUNT))["configs"]["totalCount"] == 0
    assert api.prober.requests == []


async def test_viewers_have_no_forms(api: Api) -> None:
    """Validation is for those who may store."""
    payload = await validate(api, VIEWER, **form())
    assert payload["valid"] is False
    assert [error["__typename"] for error in payload["errors"]] == ["ForbiddenError"]
    assert payload["issues"] == []
