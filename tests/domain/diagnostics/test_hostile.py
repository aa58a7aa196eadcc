"""Texts of strangers that are made to take long: repeated signs, brackets, codes, half words."""

import time

import pytest

from mailconfig.domain.diagnostics.explaining import explain
from mailconfig.domain.diagnostics.values import Observation

SIZE = 20_000
"""The longest text that `explain` takes."""
DEADLINE_SECONDS = 2.0
"""A hundred times what such a text takes: only an expression that backtracks gets there."""

PIECES = [
    "a",
    "0",
    "1234567890",
    " ",
    "\n",
    "\t\n",
    "451 ",
    "550-",
    "5.7.1 ",
    "1.2.3.4 ",
    "a::",
    "host said: ",
    "host mx.example.com[192.0.2.1] said: ",
    "while talking to a.b:\n>>> a\n",
    "diagnostic-code: smtp; a\n",
    "final-recipient: a\n ",
    "content-type: message/delivery-status\n\n",
    "Remote host said: ",
    "remote server returned '",
    "'\"",
    "[",
    "[A ",
    "(",
    "<a@b> ",
    "((((",
    "))))",
    '{"error": ',
    "\\",
    "\\\\n",
    "\\xe9",
    "\\u00e9",
    "&lt;",
    "eyJ",
    "AbC",
    "A_B",
    "a.b.",
    "at a.b(",
    'File "a", line 1\n',
    "#1 /a ",
    "密码",
    "密码错误登录失败",
    "пароль ",
    "user account mailbox password ",
    "not no nicht pas ",
    "certificate connection server ",
    "NO [",
    "* BYE ",
    "name=",
    "authentication ",
    "too many ",
]


@pytest.mark.parametrize("piece", PIECES, ids=range(len(PIECES)))
def test_no_text_takes_long(piece: str) -> None:
    """20,000 characters of anything are answered within the deadline."""
    text = (piece * SIZE)[:SIZE]
    began = time.perf_counter()
    found = explain(Observation(text=text))
    assert time.perf_counter() - began < DEADLINE_SECONDS
    assert found.title


@pytest.mark.parametrize("piece", PIECES, ids=range(len(PIECES)))
def test_no_text_takes_long_around_a_reply(piece: str) -> None:
    """The same before a refusal that is at the end, where it is still seen."""
    refusal = "\n535 5.7.8 Error: authentication failed"
    text = (piece * SIZE)[: SIZE - len(refusal)] + refusal
    began = time.perf_counter()
    explain(Observation(text=text))
    assert time.perf_counter() - began < DEADLINE_SECONDS
