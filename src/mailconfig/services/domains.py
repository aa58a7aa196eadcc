"""Checking a domain's DNS for sending and receiving: asks everything at once, then judges.

What cannot be asked in time is UNKNOWN, never an error. Reads only public records and one public
document; stores nothing.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.configs import may_ask_about
from mailconfig.domain.domains import CheckKind, CheckVerdict, DomainCheck, DomainReport
from mailconfig.domain.domains.dkim import judge_dkim, key_name, selectors_for
from mailconfig.domain.domains.dmarc import is_dmarc, judge_dmarc, policy_names
from mailconfig.domain.domains.spf import is_spf, judge_spf
from mailconfig.domain.domains.transport import (
    Exchanger,
    StsPolicy,
    judge_mta_sts,
    judge_mx,
    judge_tls_rpt,
)
from mailconfig.domain.errors import Forbidden, InvalidInput
from mailconfig.domain.fetching import Fetcher, FetchFailed
from mailconfig.domain.hosts import HostInvalid, is_ip_literal, parse_host
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.resolution import (
    MxRecord,
    NameNotFound,
    NameTemporary,
    NameWithoutAddress,
    Records,
    Resolver,
)
from mailconfig.domain.throttling import Limit, Limiter
from mailconfig.services.spf import SpfWalker

_MINUTE: Final = 60
_SELECTORS_MAX: Final = 10
_SELECTOR_MAX_CHARACTERS: Final = 63
"""A label of the DNS (RFC 1035, section 2.3.4)."""
_POLICY_MAX_BYTES: Final = 64 * 1024
"""What RFC 8461, section 3.3 suggests."""
_HTTP_OK: Final = 200
_EXCHANGERS_MAX: Final = 20
"""More than any domain lists for good reason."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DomainSettings:
    """Limits of domain checks."""

    per_minute: int = 30
    """Checks of one user in a minute."""
    seconds: float = 8.0
    """For all checks of a domain."""
    fetch_seconds: float = 3.0
    """For the MTA-STS policy."""


@dataclass(frozen=True, slots=True)
class DomainService:
    """Checks domains; the network is asked through Protocols only."""

    catalogue: Catalogue
    records: Records
    resolver: Resolver
    fetcher: Fetcher
    limiter: Limiter
    settings: DomainSettings
    now: Now

    async def check(
        self, principal: Principal, domain: str, selectors: Sequence[str] = ()
    ) -> DomainReport:
        """Check a domain as somebody typed it; `selectors` are the owner's own DKIM selectors.

        Raises Forbidden, InvalidInput or RateLimited; nothing is asked then.
        """
        principal.require(Role.VIEWER)
        if not may_ask_about(principal, domain):
            raise Forbidden
        name, wanted = _parsed(domain, selectors)
        limit = Limit("domains", self.settings.per_minute, _MINUTE)
        await self.limiter.take(limit, f"user {principal.user_id}")
        exchangers = await self._bounded(self._exchangers(name))
        hosts = tuple(each.record.host for each in exchangers or ())
        row = self.catalogue.by_mx(hosts, name).provider
        provider_id = row.id if row else None
        takes_mail = bool(hosts) and "" not in hosts
        checks = await asyncio.gather(
            self._kept(CheckKind.MX, self._mx(name, exchangers)),
            self._kept(CheckKind.SPF, self._spf(name, provider_id, takes_mail=takes_mail)),
            self._kept(CheckKind.DKIM, self._dkim(name, wanted, provider_id)),
            self._kept(CheckKind.DMARC, self._dmarc(name)),
            self._kept(CheckKind.MTA_STS, self._mta_sts(name, hosts)),
            self._kept(CheckKind.TLS_RPT, self._tls_rpt(name)),
        )
        return DomainReport(name, tuple(checks), self.now(), provider_id)

    async def _bounded(self, work: Awaitable[_T]) -> _T | None:
        """Return None where the DNS does not answer in time."""
        try:
            async with asyncio.timeout(self.settings.seconds / 2):
                return await work
        except (TimeoutError, NameTemporary):
            return None

    async def _kept(self, kind: CheckKind, work: Awaitable[DomainCheck]) -> DomainCheck:
        found = await self._bounded(work)
        if found is not None:
            return found
        return DomainCheck(kind, CheckVerdict.UNKNOWN, remarks=(N_("The DNS did not answer."),))

    async def _texts(self, name: str) -> tuple[str, ...]:
        """Return the TXT records of a name; raises NameTemporary."""
        try:
            return (await self.records.txt(name)).records
        except NameNotFound:
            return ()

    # ---- MX --------------------------------------------------------------------------------------

    async def _exchangers(self, domain: str) -> tuple[Exchanger, ...]:
        try:
            found = (await self.records.mx(domain)).records[:_EXCHANGERS_MAX]
        except NameNotFound:
            return ()
        return tuple(await asyncio.gather(*(self._exchanger(record) for record in found)))

    async def _exchanger(self, record: MxRecord) -> Exchanger:
        if not record.host or is_ip_literal(record.host):
            return Exchanger(record, has_address=None)
        has_address, alias = await asyncio.gather(
            self._has_address(record.host), self._is_alias(record.host)
        )
        return Exchanger(record, has_address, alias)

    async def _has_address(self, host: str) -> bool | None:
        try:
            return bool(await self.resolver.addresses(host))
        except (NameNotFound, NameWithoutAddress):
            return False
        except NameTemporary:
            return None

    async def _is_alias(self, host: str) -> bool:
        try:
            return bool((await self.records.cname(host)).records)
        except (NameNotFound, NameTemporary):
            return False

    async def _mx(self, domain: str, exchangers: tuple[Exchanger, ...] | None) -> DomainCheck:
        if exchangers is None:
            raise NameTemporary(domain)
        has_address = not exchangers and await self._has_address(domain) is True
        return judge_mx(domain, exchangers, has_address=has_address)

    # ---- sending ---------------------------------------------------------------------------------

    async def _spf(self, domain: str, provider_id: str | None, *, takes_mail: bool) -> DomainCheck:
        records = tuple(text for text in await self._texts(domain) if is_spf(text))
        walk = None
        if len(records) == 1:
            walk = await SpfWalker(self.records, self.resolver).walk(domain, records[0])
        return judge_spf(domain, records, walk, provider_id, takes_mail=takes_mail)

    async def _dkim(
        self, domain: str, given: tuple[str, ...], provider_id: str | None
    ) -> DomainCheck:
        selectors = selectors_for(provider_id, given)
        answers = await asyncio.gather(
            *(self._key(key_name(selector, domain)) for selector in selectors)
        )
        by_selector: Mapping[str, tuple[str, ...] | None] = dict(
            zip(selectors, answers, strict=True)
        )
        return judge_dkim(domain, by_selector, provider_id, given=bool(given))

    async def _key(self, name: str) -> tuple[str, ...] | None:
        try:
            return await self._texts(name)
        except NameTemporary:
            return None

    async def _dmarc(self, domain: str) -> DomainCheck:
        for name in policy_names(domain):
            records = tuple(text for text in await self._texts(name) if is_dmarc(text))
            if records:
                return judge_dmarc(domain, name, records)
        return judge_dmarc(domain, None, ())

    # ---- receiving over TLS ----------------------------------------------------------------------

    async def _mta_sts(self, domain: str, hosts: tuple[str, ...]) -> DomainCheck:
        records = await self._texts(f"_mta-sts.{domain}")
        policy = await self._policy(domain) if records else None
        return judge_mta_sts(domain, records, policy, hosts)

    async def _policy(self, domain: str) -> StsPolicy:
        """Fetch the policy: redirects must not be followed (RFC 8461, section 3.3)."""
        url = f"https://mta-sts.{domain}/.well-known/mta-sts.txt"
        try:
            answer = await self.fetcher.get(
                url,
                seconds=self.settings.fetch_seconds,
                max_bytes=_POLICY_MAX_BYTES,
                redirects=0,
            )
        except FetchFailed:
            return StsPolicy(None, phrase("{url} cannot be fetched.", url=url))
        if answer.status != _HTTP_OK or answer.content_type != "text/plain":
            return StsPolicy(None, phrase("{url} is not a plain text file.", url=url))
        return StsPolicy(answer.body.decode("utf-8", "replace"))

    async def _tls_rpt(self, domain: str) -> DomainCheck:
        return judge_tls_rpt(domain, await self._texts(f"_smtp._tls.{domain}"))


def _parsed(domain: str, selectors: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the domain as A-labels and the selectors; raises InvalidInput."""
    issues: list[ValidationIssue] = []
    name = _name(domain.strip().removeprefix("@").removesuffix("."))
    if name is None:
        message = N_("Enter a domain, such as example.com.")
        issues.append(ValidationIssue.error(ValidationCode.INVALID_FORMAT, message, "domain"))
    wanted = tuple(dict.fromkeys(each.strip().lower() for each in selectors))
    if len(wanted) > _SELECTORS_MAX or not all(map(_is_selector, wanted)):
        message = phrase(
            "Give at most {most} selectors, made of letters, digits, dots and hyphens.",
            most=_SELECTORS_MAX,
        )
        issues.append(
            ValidationIssue.error(ValidationCode.INVALID_FORMAT, message, "dkimSelectors")
        )
    if name is None or issues:
        raise InvalidInput(tuple(issues))
    return name, wanted


def _name(domain: str) -> str | None:
    try:
        name = parse_host(domain)
    except HostInvalid:
        return None
    return None if is_ip_literal(name) or "." not in name else name


def _is_selector(text: str) -> bool:
    """Tell whether a text is a selector (RFC 6376, section 3.1): labels of letters and digits."""
    labels = text.replace("_", "-").split(".")
    return all(
        0 < len(label) <= _SELECTOR_MAX_CHARACTERS
        and label.isascii()
        and label.replace("-", "").isalnum()
        for label in labels
    )
