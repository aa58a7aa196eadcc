"""`mailconfig explain`: what a reply or an error means, for one text or for a file of them."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from mailconfig.bootstrap import catalogue
from mailconfig.cli.application import (
    PORT_MAX,
    Spoken,
    app,
    fail,
    read_settings,
    spoken_language,
)
from mailconfig.cli.batches import LineRefused, run_batch
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics import Diagnosis, FixableBy, Phase
from mailconfig.domain.phrases import N_, Say, joined, phrase
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.services.explaining import Question, explained

_PROTOCOLS: Final = {each.value.lower(): each for each in MailProtocol}
"""Other layers, such as "tls" or "oauth", are known to a line by its phase and its text."""
_LAYERS: Final = frozenset({*_PROTOCOLS, "oauth", "dns", "tcp", "tls"})
_SECURITIES: Final = {
    "tls": TransportSecurity.TLS,
    "starttls": TransportSecurity.STARTTLS,
    "plain": TransportSecurity.NONE,
}
_PHASES: Final = {each.value: each for each in Phase}
_MENDERS: Final = {
    FixableBy.USER: phrase("you"),
    FixableBy.PROVIDER_ADMIN: phrase("the administrator of the provider or of the domain"),
    FixableBy.OPERATOR: phrase("the operator of this service"),
    FixableBy.NOBODY: phrase("nobody"),
}


@app.command
def explain(
    text: Annotated[
        str | None, Parameter(help="The reply or the error; - reads it.", allow_leading_hyphen=True)
    ] = None,
    /,
    *,
    protocol: Annotated[MailProtocol | None, Parameter(help="Who said it.")] = None,
    phase: Annotated[Phase | None, Parameter(help="Where in the conversation.")] = None,
    host: Annotated[str | None, Parameter(help="Name of the server.")] = None,
    port: Annotated[
        int | None, Parameter(help="Its port.", validator=Number(gte=1, lte=PORT_MAX))
    ] = None,
    security: Annotated[TransportSecurity | None, Parameter(help="TLS mode.")] = None,
    jsonl: Annotated[
        Path | None,
        Parameter(
            help="File with an object a line instead; - for standard input.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    language: Spoken = None,
) -> int:
    """Say what a server's reply or a program's error means, and what to do. Asks no network.

    With --jsonl every line of the file, an object with id, protocol, phase, host, port, security,
    text and capabilities, is answered by a line with id, label, retryable and fixable_by.
    """
    settings = read_settings()
    rows = catalogue(settings)
    if jsonl is not None:
        return run_batch(jsonl, lambda given: _answer(given, rows))
    if text is None:
        fail("Give the text to explain, or a file with --jsonl.")
    words = sys.stdin.read() if text == "-" else text
    if not words.strip():
        fail("There is no text to explain.")
    question = Question(words, protocol, phase, host, port, security)
    _show(explained(question, rows), spoken_language(settings, language))
    return 0


def _show(found: Diagnosis, say: Say) -> None:
    who = phrase("Who can fix it: {who}.", who=_MENDERS[found.fixable_by])
    yes, no = N_("Worth trying again: yes."), N_("Worth trying again: no.")
    print(f"{found.code.value}: {say(found.title)}")
    print(say(found.advice))
    print(say(joined(who, yes if found.retryable else no)))
    if found.help_url is not None:
        print(found.help_url)


def _answer(given: Mapping[str, object], rows: Catalogue) -> dict[str, object]:
    found = explained(_question(given), rows)
    return {
        "id": given.get("id"),
        "label": found.code.value,
        "retryable": found.retryable,
        "fixable_by": found.fixable_by.value.lower(),
    }


def _question(given: Mapping[str, object]) -> Question:
    text = _text(given, "text")
    if not text:
        raise LineRefused("text is missing")
    layer = _member(given, "protocol", _LAYERS)
    phase = _member(given, "phase", _PHASES)
    security = _member(given, "security", _SECURITIES)
    return Question(
        text=text,
        protocol=_PROTOCOLS.get(layer) if layer else None,
        phase=_PHASES[phase] if phase else None,
        host=_text(given, "host"),
        port=_port(given),
        security=_SECURITIES[security] if security else None,
        capabilities=_words(given),
    )


def _text(given: Mapping[str, object], member: str) -> str | None:
    value = given.get(member)
    if value is None or isinstance(value, str):
        return value
    raise LineRefused(f"{member} is no text")


def _member(
    given: Mapping[str, object], name: str, known: Mapping[str, object] | frozenset[str]
) -> str | None:
    value = _text(given, name)
    if value is None:
        return None
    if value.lower() not in known:
        raise LineRefused(f"{name} is not one of {', '.join(sorted(known))}")
    return value.lower()


def _port(given: Mapping[str, object]) -> int | None:
    value = given.get("port")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= PORT_MAX:
        raise LineRefused(f"port is no number from 1 to {PORT_MAX}")
    return value


def _words(given: Mapping[str, object]) -> tuple[str, ...]:
    value = given.get("capabilities")
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise LineRefused("capabilities is no list of texts")
