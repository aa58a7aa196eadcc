"""Reading of bounces: the reply inside a delivery report becomes the observation that matters.

A report is a delivery status notification (RFC 3464), whole, in part, quoted or folded, or one of
the plain texts that Postfix, Exim, qmail, Sendmail, Exchange and Gmail write. It must not decide
what a reply means. Texts come from strangers: they are cut first, and only the fields named here
are looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_string
from email.message import Message
from typing import Final

from mailconfig.domain.diagnostics.replies import SMTP_CODES
from mailconfig.domain.diagnostics.values import Failure, Observation, Phase
from mailconfig.domain.servers import MailProtocol

MAX_CHARS: Final = 64_000
"""How much of a report is read: its own parts come before the returned message."""

MAX_PARTS: Final = 20
"""How many MIME parts are looked at: a report has three (RFC 6522)."""

MAX_NESTED: Final = 60
"""How many Content-Type fields a message may have to be taken apart, lest parsing nests deeply."""

MAX_REPLY_CHARS: Final = 2_000
"""How much of an inner reply is kept: four times the longest that RFC 5321 allows a line."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report tells about one recipient."""

    reply: str
    """The words of the remote server, or of the reporting one."""
    host: str | None = None
    """The remote server."""
    phase: Phase | None = None
    """What the remote server answered to."""
    status: str | None = None
    """The field Status, such as 5.1.1 (RFC 3464, section 2.3.4)."""
    delayed: bool = False
    """Whether the reporting server goes on trying (Action: delayed)."""


def read_bounce(observation: Observation) -> Observation:
    """Put the reply of a delivery report in the place of the report.

    Returns the observation unchanged if its text is no report. A host or phase that the
    observation has already is kept.
    """
    bounce = find_bounce(observation.text)
    if bounce is None:
        return observation
    return replace(
        observation,
        protocol=MailProtocol.SMTP,
        failure=Failure.REPLY,
        text=bounce.reply,
        host=observation.host or bounce.host,
        phase=observation.phase or bounce.phase,
        reply_code=_reply_code(bounce.reply) or observation.reply_code,
        enhanced_code=_enhanced_code(bounce) or observation.enhanced_code,
    )


def find_bounce(text: str) -> Bounce | None:
    """Find what a delivery report says; None if the text is none."""
    plain = _unquoted(text[:MAX_CHARS].replace("\r\n", "\n"))
    return _from_status(plain) or _from_plain(plain)


def _reply_code(reply: str) -> int | None:
    found = _REPLY_CODE.search(reply)
    return int(found[1]) if found and int(found[1]) in SMTP_CODES else None


def _enhanced_code(bounce: Bounce) -> str | None:
    """Prefer the code in the reply: Status is often only the class with zeros."""
    found = _ENHANCED.search(bounce.reply)
    if found:
        return found[1]
    return None if bounce.status is None or bounce.status.endswith(".0.0") else bounce.status


_REPLY_CODE: Final = re.compile(r"(?<![\w.:@/\[-])([45]\d\d)(?=[ -])")
_ENHANCED: Final = re.compile(r"(?<![\w.])#?([45]\.\d{1,3}\.\d{1,3})(?![\w.])")
_QUOTE: Final = re.compile(r"(?m)^[ \t]{0,4}(?:>[ \t]?){1,4}")
_FOLD: Final = re.compile(r"\n[ \t]+")


def _unquoted(text: str) -> str:
    """Take the marks of quoting off if most lines carry them; Sendmail's ">>> RCPT" stays."""
    lines = text.splitlines()
    marked = sum(1 for line in lines if line.lstrip().startswith(">"))
    return _QUOTE.sub("", text) if marked * 2 > len(lines) else text


# --- RFC 3464


_NAMES: Final = (
    r"(?:final-recipient|original-recipient|action|status|remote-mta|diagnostic-code"
    r"|reporting-mta|arrival-date|last-attempt-date|will-retry-until|x-[\w-]+)"
)
_FIELD: Final = re.compile(
    rf"(?im)^[ \t]{{0,8}}({_NAMES})[ \t]*:[ \t]*"
    rf"((?:[^\n]*)(?:\n[ \t]++(?!{_NAMES}[ \t]*:)[^\n]+)*)"
)
_TYPE: Final = re.compile(r"^[\w-]{1,20}[ \t]*;[ \t]*")


def _from_status(text: str) -> Bounce | None:
    fields = list(_recipients("\n".join(_status_parts(text)) or text))
    told = [found for found in fields if _failed(found)]
    if not told:
        return None
    return _of_fields(min(told, key=_urgency))


def _status_parts(text: str) -> Iterator[str]:
    """Yield the message/delivery-status parts of a MIME message, decoded."""
    lower = text.lower()
    if "delivery-status" not in lower or lower.count("content-type:") > MAX_NESTED:
        return
    for number, part in enumerate(message_from_string(text.lstrip()).walk()):
        if number >= MAX_PARTS:
            return
        if part.get_content_type() in {"message/delivery-status", "message/global-delivery-status"}:
            yield _decoded(part)


def _decoded(part: Message) -> str:
    """Put the blocks of fields, which the parser has taken apart, together again."""
    blocks = part.get_payload()
    if isinstance(blocks, list):
        return "\n\n".join(block.as_string() for block in blocks if isinstance(block, Message))
    raw = part.get_payload(decode=True)
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""


def _recipients(text: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each recipient: a field that stands already begins the next one."""
    fields: dict[str, str] = {}
    for found in _FIELD.finditer(text):
        name = found[1].lower()
        if name in fields or (name == "final-recipient" and "diagnostic-code" in fields):
            yield fields
            fields = {}
        fields[name] = _FOLD.sub(" ", found[2]).strip()
    yield fields


def _failed(fields: dict[str, str]) -> bool:
    """Tell whether the fields are of a recipient who was not reached."""
    if fields.get("status", "").startswith("2"):
        return False
    if "diagnostic-code" in fields:
        return True
    return "status" in fields and ("action" in fields or "final-recipient" in fields)


def _urgency(fields: dict[str, str]) -> int:
    """Order recipients: those that failed first, then those that wait, then the delivered."""
    return {"failed": 0, "delayed": 1}.get(fields.get("action", "failed").lower().split(" ")[0], 2)


def _of_fields(fields: dict[str, str]) -> Bounce:
    diagnosis = _TYPE.sub("", fields.get("diagnostic-code", ""))
    status = _ENHANCED.search(fields.get("status", ""))
    inner = _from_plain(diagnosis) or Bounce(diagnosis[:MAX_REPLY_CHARS])
    return replace(
        inner,
        reply=inner.reply or fields.get("status", ""),
        host=_host(fields.get("remote-mta")) or inner.host,
        status=status[1] if status else None,
        delayed=fields.get("action", "").lower().startswith("delayed"),
    )


def _host(remote_mta: str | None) -> str | None:
    """Take the name out of "dns; mx.example.com (192.0.2.1, the server ...)"."""
    if not remote_mta:
        return None
    found = _NAME.search(_TYPE.sub("", remote_mta))
    return found[0].rstrip(".").lower() if found else None


_NAME: Final = re.compile(r"(?<![\w.@-])[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){1,8}\.?")


# --- Plain texts


_COMMANDS: Final = (
    (Phase.RCPT, re.compile(r"rcpt|recipient", re.IGNORECASE)),
    (Phase.MAIL, re.compile(r"mail ?from|\bmail\b(?! server)|sender", re.IGNORECASE)),
    (Phase.DATA, re.compile(r"data|message|\.$", re.IGNORECASE)),
    (Phase.EHLO, re.compile(r"[eh]{2}lo|lhlo", re.IGNORECASE)),
    (Phase.GREETING, re.compile(r"initial connection|greeting|refused to talk", re.IGNORECASE)),
    (Phase.STARTTLS, re.compile(r"starttls", re.IGNORECASE)),
    (Phase.AUTH, re.compile(r"\bauth", re.IGNORECASE)),
)
"""What a report calls the command that was answered."""


def _phase(command: str | None) -> Phase | None:
    if not command:
        return None
    return next((phase for phase, sign in _COMMANDS if sign.search(command)), None)


_END: Final = r"(?=\s*\Z|\n[ \t]*\n|\n[ \t]*(?:<[^\s>]+>[: ]|Giving up|---|\.\.\. while))"
_REPLY: Final = rf"(?P<reply>[^\n]{{3,1000}}(?:\n[^\n]{{1,1000}}){{0,12}}?){_END}"
_CODE: Final = r"(?=[<#]?\s?#?(?:[45]\d\d[ -]|[45]\.\d))"

_PLAIN: Final = (
    # Postfix: host mx[192.0.2.1] said: 550 ... (in reply to RCPT TO command); no report is its own
    # 450 about an address that it is still verifying
    re.compile(
        r"(?<!unverified address: )\bhost\s+(?P<host>[\w.-]{3,255})\[[^\]\s]{2,45}\](?::\d+)?\s+"
        r"(?:said|(?P<command>refused\s+to\s+talk\s+to\s+me)):\s+"
        r"(?P<reply>[45]\d\d.{0,2000}?(?:\(in\s+reply\s+to\s+(?P<after>[^)]{1,60}?)\s+command\)"
        r"|(?=\n\s*\n)|\Z))",
        re.DOTALL,
    ),
    # Exim, new: host mx [192.0.2.1]\n SMTP error from remote mail server after RCPT TO:<x>:\n 550
    re.compile(
        r"(?:\bhost\s+(?P<host>[\w.-]{3,255})\s+\[[^\]\s]{2,45}\]\s+)?"
        r"(?:LMTP|SMTP)\s+error\s+from\s+remote\s+(?:mail\s+)?server\s+after\s+"
        r"(?P<command>[^\n:]{2,80}(?::\s?<[^\s>]{0,320}>)?[^\n:]{0,60}):\s+"
        r"(?:host\s+(?P<host2>[\w.-]{3,255})\s+\[[^\]\s]{2,45}\]:\s+)?" + _REPLY
    ),
    # qmail: Connected to 192.0.2.1 but recipient was rejected.\nRemote host said: 550 ...
    re.compile(
        r"(?:(?P<command>recipient|sender|my name|I sent the message)[^\n]{0,40}\.?\s+)?"
        r"Remote\s+host\s+said:\s+" + _REPLY
    ),
    # Sendmail: ... while talking to mx.example.com.:\n>>> RCPT To:<x>\n<<< 550 ...
    re.compile(
        r"while\s+talking\s+to\s+(?P<host>[\w.-]{3,255}?)\.?:\s*"
        r"(?:\n>{2,3}\s?(?P<command>[^\n]{1,400}))?\s*\n<{2,3}\s?"
        r"(?P<reply>[45]\d\d[^\n]{1,600}(?:\n<{2,3}\s?[45]\d\d[^\n]{1,600}){0,8})"
    ),
    # Sendmail, short: (reason: 550 5.1.1 ...)
    re.compile(r"\(reason:\s+(?P<reply>[45]\d\d[^\n]{1,600})\)"),
    # Gmail: The response (from the remote server) was:\n550 ...; The error that the other ...
    re.compile(
        r"(?:response|error|r[ée]ponse|respuesta|risposta|resposta|Antwort|ответ)\b[^\n:]{0,60}"
        r"\b(?:server|serveur|servidor|was|сервера)\b[^\n:]{0,40}:\s+" + _CODE + _REPLY,
        re.IGNORECASE,
    ),
    # Exchange: Remote Server returned '550 5.1.10 ...', in any language; hMailServer: replied: 550
    re.compile(
        r"remote[ -]?server\w{0,3}[^\n'\"<:]{0,60}(?:returned|replied|hat|renvoy\w+|devolvi\w+"
        r"|restituit\w+|retornou|вернул\w*|返|zur)?[^\n'\"<:]{0,40}[:'\"<\s]{1,4}"
        + _CODE
        + r"(?P<reply>[^\n'\"]{3,1000})",
        re.IGNORECASE,
    ),
    # Exchange's diagnostic information for administrators: #550 5.1.1 RESOLVER.ADR...; ... ##
    re.compile(
        r"#(?P<reply>[45]\d\d [^\n#]{3,600}|[45]\.\d{1,3}\.\d{1,3} smtp;[^\n#]{3,600})#{1,2}"
    ),
)
"""Forms of plain reports; the groups are host, command or after, and reply."""


def _from_plain(text: str) -> Bounce | None:
    return next((bounce for form in _PLAIN if (bounce := _match(form, text))), None)


def _match(form: re.Pattern[str], text: str) -> Bounce | None:
    found = form.search(text)
    if found is None:
        return None
    groups = found.groupdict()
    host = groups.get("host") or groups.get("host2")
    reply = _cleaned(groups["reply"])
    command = groups.get("after") or groups.get("command")
    return Bounce(reply, host.rstrip(".").lower() if host else None, _phase(command))


def _cleaned(reply: str) -> str:
    """Take off what the reporting server put around each line; lines stay lines."""
    lines = [_AROUND.sub("", line).strip() for line in reply.splitlines()]
    return "\n".join(line for line in lines if line)[:MAX_REPLY_CHARS]


_AROUND: Final = re.compile(
    r"^\s*<{2,3}\s?|^[\s<]*(?:#?[45]\.\d{1,3}\.\d{1,3} )?smtp;\s?|^\s*#(?=[45]\d\d )|(?<=\w)>\s*$"
)


def is_delayed(text: str) -> bool:
    """Tell whether a report says that the server goes on trying (RFC 3464, section 2.3.3)."""
    bounce = find_bounce(text)
    return bounce is not None and bounce.delayed
