"""Fault 9: errors of coercion quote the whole input, so that an answer and the log hold passwords.

What is never quoted by ours, in many more ways, is in `tests/graphql/test_masking.py`.
"""

import logging

import pytest
import strawberry

from kit.api import MEMBER, SUBMIT, Api, form, server

CANARY = "hunter2-Xq9"


@strawberry.input
class Account:
    """What somebody signs in with."""

    host: str
    password: str


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    def connect(self, account: Account) -> str:
        """Say where."""
        return account.host


async def test_the_stock_library_answers_and_logs_the_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One field is missing, and the message has the whole object."""
    query = "query ($account: Account!) { connect(account: $account) }"
    answer = await strawberry.Schema(Query).execute(query, {"account": {"password": CANARY}})
    (error,) = answer.errors or ()
    assert CANARY in error.message
    assert CANARY in caplog.text


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_ours_says_what_is_missing_and_quotes_nothing(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither to the client nor to the log."""
    caplog.set_level(logging.DEBUG)
    incoming = server(secret={"password": CANARY})
    del incoming["host"]
    answer = await api.call(MEMBER, SUBMIT, {"input": form(incoming=incoming)})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert CANARY not in str(answer)
    assert CANARY not in caplog.text
