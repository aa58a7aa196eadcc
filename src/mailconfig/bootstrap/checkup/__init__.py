"""The check-up of a deployment: each part is looked at once, within a time limit.

    async for checked in check_up(settings, CheckupRequest()):
        ...

Must not: change the deployment. One object is written to the store of files, and deleted.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from mailconfig.bootstrap.checkup import advice
from mailconfig.bootstrap.checkup.folder import check_disk, check_folder
from mailconfig.bootstrap.checkup.keys import check_encryption_keys, check_signing_key
from mailconfig.bootstrap.checkup.network import check_dns, check_ports
from mailconfig.bootstrap.checkup.stores import check_blobs, check_database, check_limits
from mailconfig.bootstrap.checkup.surroundings import (
    check_address,
    check_database_tls,
    check_egress,
    check_exposure,
    check_mode,
    check_proxies,
    check_settings,
)
from mailconfig.bootstrap.checkup.values import Checked, Verdict, bad
from mailconfig.bootstrap.listening import PROXIES
from mailconfig.bootstrap.network import Network
from mailconfig.domain.clock import Now, utc_now
from mailconfig.domain.errors import MailconfigError
from mailconfig.settings import Settings

__all__ = ["Checked", "CheckupRequest", "Verdict", "check_start", "check_up"]

Check = Callable[[], Awaitable[Checked | tuple[Checked, ...]]]
"""Makes one check, or several that look at the same thing."""

_log = logging.getLogger(__name__)
_SCOUT_SHARE: Final = 0.8
"""Share of a check's time that dialling may take; the rest is for hanging up."""
_ADVICE: Final = {
    "data": advice.DATA,
    "disk": advice.DATA,
    "encryption keys": advice.KEYS,
    "signing key": advice.KEYS,
    "database": advice.DATABASE,
    "files": advice.FILES,
    "limits": advice.LIMITS,
    "dns": advice.DNS,
    "ports": advice.PORTS,
}
"""What to do when a check cannot be made at all."""


@dataclass(frozen=True, slots=True)
class CheckupRequest:
    """What to look at beside the settings."""

    name: str = "example.com"
    """Name that the DNS is asked about."""
    ports_host: str | None = None
    """Host whose mail ports are dialled; None: nobody's."""
    check_seconds: float = 5.0
    """Time limit of each check."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Where the server's own variables are."""
    now: Now = utc_now
    """Our clock."""


async def check_up(settings: Settings, request: CheckupRequest) -> AsyncIterator[Checked]:
    """Yield the outcome of each check as it ends; never raises for what a check meets.

    What only a database can tell is left out while it does not answer, and all else while the
    settings are of no use.
    """
    judged = await asyncio.to_thread(check_settings, settings)
    yield judged
    if judged.verdict is Verdict.BAD:
        return
    for checked in _written(settings, request.environment):
        yield checked
    for name, check in _checks(settings, request).items():
        for each in await _within(name, check, request.check_seconds):
            yield each


def _written(settings: Settings, environment: Mapping[str, str]) -> Iterator[Checked]:
    """Yield the checks of what the operator has written, which touch nothing."""
    yield check_mode(settings)
    yield check_address(settings)
    yield check_proxies(settings, environment.get(PROXIES))
    yield check_egress(settings)
    yield check_exposure(settings)
    yield check_database_tls(settings)


def check_start(
    settings: Settings, now: datetime, environment: Mapping[str, str]
) -> tuple[Checked, ...]:
    """Return what speaks against serving with these settings and keys, worst first. Blocks.

    The same checks as `check_up`, of those that are made in no time and dial nothing; call it when
    missing keys have been made.
    """
    found = [
        check_encryption_keys(settings, now),
        check_signing_key(settings),
        *_written(settings, environment),
    ]
    worst_first = [Verdict.BAD, Verdict.WARNING]
    return tuple(each for verdict in worst_first for each in found if each.verdict is verdict)


def _checks(settings: Settings, request: CheckupRequest) -> dict[str, Check]:
    """Return the checks that touch something, by their names, in their order."""
    network, folder = Network(settings), settings.data_dir
    checks: dict[str, Check] = {
        "data": partial(asyncio.to_thread, check_folder, folder),
        "disk": partial(asyncio.to_thread, check_disk, folder),
        "encryption keys": partial(
            asyncio.to_thread, check_encryption_keys, settings, request.now()
        ),
        "signing key": partial(asyncio.to_thread, check_signing_key, settings),
        "database": partial(check_database, settings, request.now),
        "files": partial(check_blobs, settings),
        "limits": partial(check_limits, settings),
        "dns": lambda: check_dns(network.lookups, request.name),
    }
    if request.ports_host is not None:
        host, seconds = request.ports_host, request.check_seconds * _SCOUT_SHARE
        checks["ports"] = lambda: check_ports(network.port_scout, host, seconds)
    return checks


async def _within(name: str, check: Check, seconds: float) -> tuple[Checked, ...]:
    """Carry out one check; what stops it is an outcome too, without its text, which may quote."""
    try:
        async with asyncio.timeout(seconds):
            answer = await check()
    except TimeoutError:
        found = f"The check has not ended within {seconds:g} s."
    except MailconfigError as error:
        found = error.message
    except OSError as error:
        found = f"The check failed: {error.strerror or type(error).__name__}."
    except Exception as error:  # noqa: BLE001 - the top of a check: whatever it is, is told
        _log.debug("a check failed", exc_info=True)
        found = f"The check failed: {type(error).__name__}."
    else:
        return answer if isinstance(answer, tuple) else (answer,)
    return (bad(name, found, _ADVICE[name]),)
