"""Checks of both keys and of the secrets under them. They block: call them in a thread.

Must not: make a key, or let one get into a text.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from mailconfig.bootstrap.checkup.folder import intruders
from mailconfig.bootstrap.checkup.values import Checked, bad, fine, warning
from mailconfig.bootstrap.storing import (
    key_file,
    key_source,
    signing_key_path,
    signing_source,
)
from mailconfig.settings import Settings
from mailconfig.storage.keys import Key, KeyRefused

_DATE: Final = re.compile(r"(\d{8})(?:-|$)")
"""How ids of keys begin that `mailconfig keys generate` has made."""
_OLD_DAYS: Final = 365
"""Keys that encrypt data serve for two years at most (NIST SP 800-57, part 1, section 5.3.6)."""
_ROTATE: Final = "Run: mailconfig keys generate, then: mailconfig keys rotate"


def check_encryption_keys(settings: Settings, now: datetime) -> Checked:
    """Tell whether the keyring can be read, by nobody else, and how old its newest key is."""
    path = key_file(settings)
    if settings.encryption_keys is None:
        if not path.exists():
            found = f"There is no key file {path}."
            advice = (
                "Restore it from your backup; in a new installation run: mailconfig keys generate"
            )
            return bad("encryption keys", found, advice)
        wrong = intruders(path)
        if wrong is not None:
            return bad("encryption keys", wrong, f"Run chmod 600 and chown on {path}.")
    try:
        keys = key_source(settings).read()
    except KeyRefused as refused:
        advice = "Restore the keys from your backup: a new one opens none of the stored secrets."
        return bad("encryption keys", refused.message, advice)
    return _judged_age(keys, now)


def _judged_age(keys: tuple[Key, ...], now: datetime) -> Checked:
    head = f"{len(keys)} {'key' if len(keys) == 1 else 'keys'} can be read; the newest"
    born = _born(keys[0].id)
    if born is None:
        return fine("encryption keys", f"{head} is {keys[0].id}, which tells no date.")
    days = max((now - born).days, 0)
    found = f"{head} is {keys[0].id}, {days} days old."
    if days > _OLD_DAYS:
        return warning("encryption keys", found, _ROTATE)
    return fine("encryption keys", found)


def _born(id: str) -> datetime | None:
    """Return the day that the id of a key begins with."""
    match = _DATE.match(id)
    try:
        return datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def check_signing_key(settings: Settings) -> Checked:
    """Tell whether the keys of tokens, cursors and links can be read, by nobody else."""
    path = signing_key_path(settings)
    where = "MAILCONFIG_SIGNING_KEY"
    if settings.signing_key is None:
        where = str(path)
        if not path.exists():  # the server makes one
            advice = "Start mailconfig serve, which makes one, or restore it from your backup."
            return warning("signing key", f"There is no signing key {path}.", advice)
        wrong = intruders(path)
        if wrong is not None:
            return bad("signing key", wrong, f"Run chmod 600 and chown on {path}.")
    try:
        signing_source(settings).read()
    except (KeyRefused, UnicodeDecodeError):
        found = f"The signing key in {where} is weak, or not 32 bytes in base64."
        return bad("signing key", found, "Make one with: openssl rand -base64 32")
    return fine("signing key", "The signing key can be read.")


def check_secrets(settings: Settings, sealed: Mapping[str, int]) -> Checked:
    """Tell whether all secrets can be opened; `sealed` counts them by the id of their key."""
    total = sum(sealed.values())
    try:
        known = [key.id for key in key_source(settings).read()]
    except (KeyRefused, OSError):
        known = []
    lost = {id: count for id, count in sealed.items() if id not in known}
    if lost:
        found = (
            f"{sum(lost.values())} of {total} secrets are under keys that are not there:"
            f" {', '.join(sorted(lost))}."
        )
        return bad("secrets", found, "Restore these keys from your backup.")
    older = total - sealed.get(known[0], 0) if known else 0
    if older:
        found = f"{older} of {total} secrets are not under the newest key."
        return warning("secrets", found, "Run: mailconfig keys rotate")
    if not total:
        return fine("secrets", "There are no secrets yet.")
    return fine("secrets", f"{total} of {total} secrets are under the newest key.")
