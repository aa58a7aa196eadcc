"""DKIM keys (RFC 6376, section 3.6.1; RFC 8301 on key sizes; RFC 8463 on Ed25519)."""

import base64
from collections.abc import Mapping
from typing import Final

from mailconfig.domain.domains.selectors import DKIM_ALIASES, SELECTORS, USUAL_SELECTORS
from mailconfig.domain.domains.tags import shown, tags_of
from mailconfig.domain.domains.values import CheckKind, CheckVerdict, DnsRecord, DomainCheck
from mailconfig.domain.phrases import N_, phrase

_RSA_1024_BYTES: Final = 155
"""A SubjectPublicKeyInfo of an RSA key of 1024 bits has about 162 bytes in DER, of 512 bits 94."""
_RSA_2048_BYTES: Final = 290
"""One of 2048 bits has 294."""
_ORDER: Final = (CheckVerdict.GOOD, CheckVerdict.WEAK, CheckVerdict.BROKEN)


def selectors_for(provider_id: str | None, given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the selectors to look for: given ones, else the provider's, else the usual ones."""
    if given:
        return given
    return SELECTORS.get(provider_id or "") or USUAL_SELECTORS


def key_name(selector: str, domain: str) -> str:
    """Return the name of a key."""
    return f"{selector}._domainkey.{domain}"


def judge_dkim(
    domain: str,
    answers: Mapping[str, tuple[str, ...] | None],
    provider_id: str | None,
    *,
    given: bool,
) -> DomainCheck:
    """Judge the answers by selector; None where the DNS did not answer. `given`: by the owner."""
    found = tuple(
        DnsRecord("TXT", key_name(selector, domain), shown(text))
        for selector, texts in answers.items()
        for text in texts or ()
    )
    if not found:
        return _none_found(domain, answers, provider_id, given=given)
    judged = [_judge_key(record) for record in found]
    verdict = min((each[0] for each in judged), key=_ORDER.index)
    # One good key is enough: others may be on their way in or out.
    remarks = tuple(remark for each, remark in judged if remark and each is verdict)
    return DomainCheck(CheckKind.DKIM, verdict, found, remarks)


def _none_found(
    domain: str,
    answers: Mapping[str, tuple[str, ...] | None],
    provider_id: str | None,
    *,
    given: bool,
) -> DomainCheck:
    if any(texts is None for texts in answers.values()):
        remark = N_("The DNS did not answer.")
        return DomainCheck(CheckKind.DKIM, CheckVerdict.UNKNOWN, remarks=(remark,))
    publish = tuple(
        DnsRecord("CNAME", key_name(selector, domain), target.replace("{domain}", domain))
        for selector, target in DKIM_ALIASES.get(provider_id or "", ())
    )
    if given or SELECTORS.get(provider_id or ""):
        remark = N_(
            "There is no key under the selectors that were looked for: switch DKIM on at "
            "your provider and publish the records that it shows."
        )
        return DomainCheck(CheckKind.DKIM, CheckVerdict.MISSING, (), (remark,), publish)
    remark = N_(
        "No key was found under the usual selectors. Give your own: it follows s= in "
        "the DKIM-Signature of a message that you sent."
    )
    return DomainCheck(CheckKind.DKIM, CheckVerdict.UNKNOWN, (), (remark,))


def _judge_key(record: DnsRecord) -> tuple[CheckVerdict, str | None]:
    tags = tags_of(record.value)
    key = "".join(tags.get("p", "").split())
    if "p" not in tags or tags.get("v", "DKIM1") != "DKIM1":
        return CheckVerdict.BROKEN, phrase(
            "The record {name} holds no valid key.", name=record.name
        )
    if not key:
        return CheckVerdict.BROKEN, phrase("The key {name} has been revoked.", name=record.name)
    if tags.get("h") and "sha256" not in tags["h"].lower().split(":"):
        return CheckVerdict.BROKEN, phrase(
            "The key {name} allows SHA-1 only, which receivers do not accept any more.",
            name=record.name,
        )
    size = _judge_size(record, tags.get("k", "rsa").lower(), key)
    if size is not None:
        return size
    if "y" in tags.get("t", "").lower().split(":"):
        return CheckVerdict.WEAK, phrase(
            "The key {name} is marked as a test (t=y).", name=record.name
        )
    return CheckVerdict.GOOD, None


def _judge_size(record: DnsRecord, kind: str, key: str) -> tuple[CheckVerdict, str] | None:
    if kind == "ed25519":
        return None
    try:
        size = len(base64.b64decode(key, validate=True))
    except ValueError:  # binascii.Error is one, and characters beyond ASCII make another
        return CheckVerdict.BROKEN, phrase(
            "The record {name} holds no valid key.", name=record.name
        )
    if size < _RSA_1024_BYTES:
        return CheckVerdict.BROKEN, phrase(
            "The key {name} is too short to be safe: make a new one of 2048 bits.",
            name=record.name,
        )
    if size < _RSA_2048_BYTES:
        return CheckVerdict.WEAK, phrase(
            "The key {name} is shorter than 2048 bits: make a new one.", name=record.name
        )
    return None
