"""SPF (RFC 7208): reading a record, and the verdict on one that was followed through the DNS.

Following includes needs the DNS and is done elsewhere, see `services.spf`.
"""

import re
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.domains.selectors import SPF_INCLUDES
from mailconfig.domain.domains.tags import shown
from mailconfig.domain.domains.values import CheckKind, CheckVerdict, DnsRecord, DomainCheck
from mailconfig.domain.phrases import N_, phrase

LOOKUPS_MAX: Final = 10
"""More than that is a permanent error (RFC 7208, section 4.6.4)."""
VOID_MAX: Final = 2
"""Look-ups without an answer that receivers put up with (the same section)."""

_TERM: Final = re.compile(
    r"(?P<qualifier>[+?~-]?)(?P<name>[a-z][a-z0-9._-]*)"
    r"(?:(?P<sign>[:=])(?P<value>[^\s/]*))?(?P<prefix>(?:/\d{1,3})?(?://\d{1,3})?)",
    re.IGNORECASE,
)
_LOOKING_UP: Final = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISMS: Final = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_NEEDS_VALUE: Final = frozenset({"include", "exists", "ip4", "ip6", "redirect"})


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism or modifier of a record."""

    qualifier: str
    """+, -, ~ or ?; + where none was written."""
    name: str
    """Lower case."""
    value: str | None
    """Domain or network; None where none was written."""

    @property
    def looks_up(self) -> bool:
        """Whether it costs a receiver a DNS look-up."""
        return self.name in _LOOKING_UP


class SpfSyntaxError(ValueError):
    """A term that cannot be read; the text is the term."""


def is_spf(text: str) -> bool:
    """Tell whether a TXT record is an SPF record (RFC 7208, section 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def terms_of(record: str) -> tuple[Term, ...]:
    """Read the terms of a record; raises SpfSyntaxError with the first bad one."""
    return tuple(_term(word) for word in record.split()[1:])


def _term(word: str) -> Term:
    match = _TERM.fullmatch(word)
    if match is None and "=" in word:  # values of modifiers may hold slashes
        name, _, value = word.partition("=")
        return Term("+", name.lower(), value)
    if match is None:
        raise SpfSyntaxError(word)
    name, value = match["name"].lower(), match["value"]
    is_modifier = match["sign"] == "="
    if not is_modifier and name not in _MECHANISMS:
        raise SpfSyntaxError(word)
    if (name in _NEEDS_VALUE and not value) or (name in _MECHANISMS and is_modifier):
        raise SpfSyntaxError(word)
    return Term(match["qualifier"] or "+", name, value or None)


@dataclass(frozen=True, slots=True)
class SpfWalk:
    """What following a record through the DNS has shown."""

    terms: tuple[Term, ...]
    """Of the domain's own record."""
    lookups: int
    voids: int
    included: frozenset[str]
    """Every domain that include and redirect led to, lower case."""
    last_all: str | None
    """Qualifier of the `all` that decides in the end, also behind a redirect; None without one."""
    problem: str | None = None
    """Sentence about what makes it a permanent error; translatable."""
    uses_ptr: bool = False


def judge_spf(
    domain: str,
    records: tuple[str, ...],
    walk: SpfWalk | None,
    provider_id: str | None,
    *,
    takes_mail: bool,
) -> DomainCheck:
    """Judge the SPF records of a domain; `walk` is given where there is exactly one."""
    found = tuple(DnsRecord("TXT", domain, shown(text)) for text in records)
    include = SPF_INCLUDES.get(provider_id or "")
    if not records:
        default = "v=spf1 mx ~all" if takes_mail else "v=spf1 -all"
        value = f"v=spf1 include:{include} ~all" if include else default
        remark = N_("There is no SPF record: receivers cannot tell which servers may send for you.")
        return _check(CheckVerdict.MISSING, found, (remark,), (DnsRecord("TXT", domain, value),))
    if walk is None:
        remark = N_(
            "There is more than one SPF record: receivers then use none. Merge them into one."
        )
        return _check(
            CheckVerdict.BROKEN, found, (remark,), (DnsRecord("TXT", domain, _joined(records)),)
        )
    broken = _broken(walk)
    weak = _weak(walk)
    publish: tuple[DnsRecord, ...] = ()
    if include and include not in walk.included and not broken:
        name = phrase(
            "The SPF record lacks the servers of your provider: {include}.", include=include
        )
        weak = (name, *weak)
        publish = (DnsRecord("TXT", domain, _with_include(records[0], include)),)
    verdict = CheckVerdict.BROKEN if broken else CheckVerdict.WEAK if weak else CheckVerdict.GOOD
    return _check(verdict, found, broken + weak, publish, walk.lookups)


def _check(
    verdict: CheckVerdict,
    found: tuple[DnsRecord, ...],
    remarks: tuple[str, ...],
    publish: tuple[DnsRecord, ...] = (),
    lookups: int | None = None,
) -> DomainCheck:
    return DomainCheck(CheckKind.SPF, verdict, found, remarks, publish, lookups)


def _broken(walk: SpfWalk) -> tuple[str, ...]:
    remarks: list[str] = []
    if walk.problem is not None:
        remarks.append(walk.problem)
    if walk.lookups > LOOKUPS_MAX:
        remarks.append(
            phrase(
                "The SPF record needs {count} DNS look-ups; receivers stop after {most} and "
                "ignore it.",
                count=walk.lookups,
                most=LOOKUPS_MAX,
            )
        )
    if walk.voids > VOID_MAX:
        remarks.append(
            phrase(
                "{count} names in the SPF record lead nowhere; receivers accept at most {most}.",
                count=walk.voids,
                most=VOID_MAX,
            )
        )
    if walk.last_all == "+":
        remarks.append(
            N_("The SPF record ends with +all: every server in the world may send for you.")
        )
    return tuple(remarks)


def _weak(walk: SpfWalk) -> tuple[str, ...]:
    remarks: list[str] = []
    if walk.last_all is None and walk.problem is None:
        remarks.append(
            N_("The SPF record does not end with all, so it says nothing about other servers.")
        )
    if walk.last_all == "?":
        remarks.append(N_("The SPF record ends with ?all, so it says nothing about other servers."))
    if walk.uses_ptr:
        remarks.append(N_("The SPF record uses ptr, which is slow and often ignored."))
    return tuple(remarks)


def _with_include(record: str, include: str) -> str:
    head, _, rest = record.partition(" ")
    return f"{head} include:{include} {rest}".strip()


def _joined(records: tuple[str, ...]) -> str:
    """Join several records: every term once, the first `all` at the end."""
    words = [word for record in records for word in record.split()[1:]]
    ends = [word for word in words if word.lower().lstrip("+-~?") == "all"]
    kept = [word for word in dict.fromkeys(words) if word not in ends]
    return " ".join(["v=spf1", *kept, ends[0] if ends else "~all"])
