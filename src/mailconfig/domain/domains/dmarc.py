"""DMARC policies (RFC 9989, which replaces RFC 7489)."""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.domains.tags import is_version, shown, tags_of
from mailconfig.domain.domains.values import CheckKind, CheckVerdict, DnsRecord, DomainCheck
from mailconfig.domain.phrases import N_, phrase

_POLICIES: Final = frozenset({"none", "quarantine", "reject"})
_REMOVED: Final = ("pct", "rf", "ri")
"""Tags of RFC 7489 that RFC 9989 has no more."""
_WALK_MAX: Final = 8
"""Names that are asked (RFC 9989, DNS tree walk); longer domains jump to their last seven."""


def policy_names(domain: str) -> Iterator[str]:
    """Yield the names at which a domain's policy may be, its own first (the DNS tree walk)."""
    labels = domain.split(".")
    yield f"_dmarc.{domain}"
    rest = labels[1:] if len(labels) <= _WALK_MAX else labels[-(_WALK_MAX - 1) :]
    while rest:
        yield f"_dmarc.{'.'.join(rest)}"
        rest = rest[1:]


def is_dmarc(text: str) -> bool:
    """Tell whether a TXT record is a DMARC policy."""
    return is_version(text, "DMARC1")


def judge_dmarc(domain: str, found_at: str | None, records: tuple[str, ...]) -> DomainCheck:
    """Judge the policies at the first name that has any; None and empty: there is none."""
    if found_at is None or not records:
        remark = N_(
            "There is no DMARC record. Big mailbox providers then refuse mail from senders of "
            "more than 5,000 messages a day, and trust other senders less."
        )
        value = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
        record = DnsRecord("TXT", f"_dmarc.{domain}", value)
        return DomainCheck(CheckKind.DMARC, CheckVerdict.MISSING, (), (remark,), (record,))
    found = tuple(DnsRecord("TXT", found_at, shown(text)) for text in records)
    if len(records) > 1:
        remark = N_("There is more than one DMARC record: receivers then use none.")
        return DomainCheck(CheckKind.DMARC, CheckVerdict.BROKEN, found, (remark,))
    tags = tags_of(records[0])
    policy = tags.get("p", "none" if "rua" in tags else "").lower()
    if policy not in _POLICIES:
        remark = N_("The policy (p=) has to be none, quarantine or reject.")
        return DomainCheck(CheckKind.DMARC, CheckVerdict.BROKEN, found, (remark,))
    is_inherited = found_at != f"_dmarc.{domain}"
    effective = tags.get("sp", policy).lower() if is_inherited else policy
    weak = tuple(_weak(effective, tags.get("rua"), tags.get("t")))
    notes = tuple(
        phrase("The tag {tag} has had no meaning since RFC 9989.", tag=tag)
        for tag in _REMOVED
        if tag in tags
    )
    verdict = CheckVerdict.WEAK if weak else CheckVerdict.GOOD
    return DomainCheck(CheckKind.DMARC, verdict, found, weak + notes)


def _weak(policy: str, reports: str | None, testing: str | None) -> Iterator[str]:
    if policy == "none":
        yield N_(
            "The policy none only watches: once the reports show no problems, go on to "
            "quarantine, then to reject."
        )
    if not reports:
        yield N_("No address for reports is named (rua=), so nobody sees who sends for you.")
    elif not all(uri.strip().lower().startswith("mailto:") for uri in reports.split(",")):
        yield N_("An address for reports (rua=) does not begin with mailto:.")
    if (testing or "").lower() == "y":
        yield N_("The policy is marked as a test (t=y): receivers apply the next weaker one.")
