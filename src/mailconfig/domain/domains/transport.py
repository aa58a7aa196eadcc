"""How mail comes to a domain: MX, MTA-STS (RFC 8461) and TLS reporting (RFC 8460)."""

import re
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.domains.tags import is_version, shown, tags_of
from mailconfig.domain.domains.values import CheckKind, CheckVerdict, DnsRecord, DomainCheck
from mailconfig.domain.hosts import is_ip_literal
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.resolution import MxRecord

_POLICY_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")
_SECONDS: Final = re.compile(r"[0-9]{1,10}")
"""As RFC 8461, section 3.2 writes max_age."""
_MAX_AGE_SECONDS: Final = 31_557_600
"""A year, the longest that a policy may hold (RFC 8461, section 3.2)."""
_WEEK_SECONDS: Final = 7 * 24 * 3600
_MODES: Final = frozenset({"enforce", "testing", "none"})


@dataclass(frozen=True, slots=True)
class Exchanger:
    """A mail exchanger and what its name leads to."""

    record: MxRecord
    has_address: bool | None
    """None: the DNS did not answer."""
    is_alias: bool = False


def judge_mx(domain: str, exchangers: tuple[Exchanger, ...], *, has_address: bool) -> DomainCheck:
    """Judge the mail exchangers; `has_address`: the domain itself has one."""
    found = tuple(
        DnsRecord("MX", domain, f"{each.record.preference} {each.record.host or '.'}")
        for each in exchangers
    )
    if not exchangers:
        return _without_mx(has_address=has_address)
    if any(not each.record.host for each in exchangers):
        remark = N_(
            "The domain says that it takes no mail (null MX): many servers also refuse mail "
            "that comes from it."
        )
        return DomainCheck(CheckKind.MX, CheckVerdict.BROKEN, found, (remark,))
    broken = tuple(
        phrase("The mail exchanger (MX) {host} has no IP address.", host=each.record.host)
        for each in exchangers
        if each.has_address is False or is_ip_literal(each.record.host)
    )
    weak = tuple(
        phrase(
            "The mail exchanger (MX) {host} is an alias (CNAME), which is not allowed.",
            host=each.record.host,
        )
        for each in exchangers
        if each.is_alias
    )
    is_dead = len(broken) == len(exchangers)
    verdict = CheckVerdict.BROKEN if is_dead else CheckVerdict.WEAK
    if not broken and not weak:
        verdict = CheckVerdict.GOOD
    return DomainCheck(CheckKind.MX, verdict, found, broken + weak)


def _without_mx(*, has_address: bool) -> DomainCheck:
    if has_address:
        remark = N_("There is no MX record; mail goes to the IP address of the domain itself.")
        return DomainCheck(CheckKind.MX, CheckVerdict.WEAK, remarks=(remark,))
    remark = N_("There is no MX record and no IP address: replies and bounces cannot arrive.")
    return DomainCheck(CheckKind.MX, CheckVerdict.MISSING, remarks=(remark,))


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """The answer of the policy's address."""

    text: str | None
    """None when it could not be fetched."""
    reason: str | None = None
    """Sentence on why not; translatable."""


def judge_mta_sts(
    domain: str, records: tuple[str, ...], policy: StsPolicy | None, hosts: tuple[str, ...]
) -> DomainCheck:
    """Judge the TXT records at _mta-sts and the policy against the domain's MX hosts."""
    name = f"_mta-sts.{domain}"
    announced = tuple(text for text in records if is_version(text, "STSv1"))
    found = tuple(DnsRecord("TXT", name, shown(text)) for text in announced)
    kind = CheckKind.MTA_STS
    if not announced:
        remark = N_("Optional: with MTA-STS other servers deliver to you over verified TLS only.")
        return DomainCheck(kind, CheckVerdict.MISSING, (), (remark,))
    if len(announced) > 1:
        remark = N_("There is more than one MTA-STS record: senders then use none.")
        return DomainCheck(kind, CheckVerdict.BROKEN, found, (remark,))
    if not _POLICY_ID.fullmatch(tags_of(announced[0]).get("id", "")):
        remark = N_("The id= is missing, or is not made of letters and digits.")
        return DomainCheck(kind, CheckVerdict.BROKEN, found, (remark,))
    if policy is None or policy.text is None:
        reason = policy.reason if policy and policy.reason else N_("The policy cannot be fetched.")
        return DomainCheck(kind, CheckVerdict.BROKEN, found, (reason,))
    broken, weak = _judge_policy(policy.text, hosts)
    verdict = CheckVerdict.BROKEN if broken else CheckVerdict.WEAK if weak else CheckVerdict.GOOD
    return DomainCheck(kind, verdict, found, broken + weak)


def _judge_policy(text: str, hosts: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fields = [
        (key.strip().lower(), value.strip())
        for key, colon, value in (line.partition(":") for line in text.splitlines())
        if colon
    ]
    values = dict(reversed(fields))  # the first of a repeated key counts
    patterns = tuple(value.lower() for key, value in fields if key == "mx")
    mode, age = values.get("mode", ""), values.get("max_age", "")
    if values.get("version") != "STSv1" or mode not in _MODES:
        return (N_("The policy is not written as RFC 8461 demands."),), ()
    if not _SECONDS.fullmatch(age) or int(age) > _MAX_AGE_SECONDS:
        return (N_("The max_age of the policy is not a number of seconds up to one year."),), ()
    if mode == "none":
        return (), (N_("The policy's mode is none: it is switched off."),)
    uncovered = tuple(
        phrase(
            "The mail exchanger (MX) {host} is not in the policy: others do not deliver to it.",
            host=host,
        )
        for host in hosts
        if not any(_matches(pattern, host) for pattern in patterns)
    )
    weak: list[str] = []
    if mode == "testing":
        weak.append(N_("The policy's mode is testing: it protects nothing yet."))
    if int(age) < _WEEK_SECONDS:
        weak.append(N_("The max_age of the policy is shorter than a week."))
    return uncovered, tuple(weak)


def _matches(pattern: str, host: str) -> bool:
    """Compare as RFC 8461, section 4.1: a star stands for exactly one label."""
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return host == pattern


def judge_tls_rpt(domain: str, records: tuple[str, ...]) -> DomainCheck:
    """Judge the TXT records at _smtp._tls."""
    name = f"_smtp._tls.{domain}"
    announced = tuple(text for text in records if is_version(text, "TLSRPTv1"))
    found = tuple(DnsRecord("TXT", name, shown(text)) for text in announced)
    kind = CheckKind.TLS_RPT
    if not announced:
        remark = N_("Optional: with TLS-RPT other servers report when TLS to you fails.")
        value = f"v=TLSRPTv1; rua=mailto:tls-reports@{domain}"
        publish = (DnsRecord("TXT", name, value),)
        return DomainCheck(kind, CheckVerdict.MISSING, (), (remark,), publish)
    if len(announced) > 1:
        remark = N_("There is more than one TLS-RPT record: senders then use none.")
        return DomainCheck(kind, CheckVerdict.BROKEN, found, (remark,))
    addresses = tags_of(announced[0]).get("rua", "").split(",")
    if not all(each.strip().lower().startswith(("mailto:", "https:")) for each in addresses):
        remark = N_(
            "An address for reports (rua=) is missing, or begins neither with mailto: nor https:."
        )
        return DomainCheck(kind, CheckVerdict.BROKEN, found, (remark,))
    return DomainCheck(kind, CheckVerdict.GOOD, found)
