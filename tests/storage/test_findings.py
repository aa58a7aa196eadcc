"""What a test found beyond its verdict: written and read back, on both engines."""

from dataclasses import replace

import pytest

from kit.records import NOON, Tenant, make_tenant, make_test
from mailconfig.domain.arrivals import MessageFolder, RoundTrip
from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy, SettingsFix
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.ids import new_id
from mailconfig.domain.probes import ConnectionTest, TestStatus
from mailconfig.domain.reachability import IpVersion, PortReach, PortState
from mailconfig.domain.servers import AuthenticationMethod
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.findings import findings_text, read_findings
from mailconfig.storage.sealing import Keyring

PORTS = (
    PortReach(25, IpVersion.IPV4, PortState.SILENT, 3000),
    PortReach(25, IpVersion.IPV6, PortState.NO_ADDRESS),
)
TRIP = RoundTrip(
    DiagnosticCode.ROUNDTRIP_SPAM,
    "<1@mail.test>",
    MessageFolder.JUNK,
    "Spam »ü«",
    1.5,
    ("mx.test; spf=pass", "mx.test; dkim=none"),
    removed=True,
    server_reply="250 OK",
)
LOST = RoundTrip(DiagnosticCode.ROUNDTRIP_LOST, "<2@mail.test>")
TENANT = Tenant(new_id(), new_id())


def ended(tenant: Tenant = TENANT, **changes: object) -> ConnectionTest:
    """A test that has failed."""
    values = {"status": TestStatus.FAILED, "finished_at": NOON, "code": DiagnosticCode.ICLOUD}
    return make_test(tenant, None, **values | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"retryable": False},
        {"retryable": True, "fixable_by": FixableBy.NOBODY},
        {"ports": PORTS},
        {"round_trip": TRIP},
        {"round_trip": LOST},
        {"retryable": True, "ports": PORTS, "round_trip": TRIP},
    ],
)
def test_all_of_it_comes_back(changes: dict[str, object]) -> None:
    """Whatever was found, alone or together; what was not found is not there."""
    test = ended(**changes)
    nothing = {"retryable": None, "fixable_by": None, "ports": (), "round_trip": None}
    assert read_findings(findings_text(test)) == nothing | changes


def test_nothing_is_no_text() -> None:
    """Most tests pass, and their rows stay as small as before."""
    assert findings_text(ended()) is None


async def test_the_end_of_a_test_stores_its_findings(
    storage_settings: StorageSettings, keyring: Keyring
) -> None:
    """With the fix, proven or not, and every setting that it changes."""
    database = Database.open(storage_settings, keyring, lambda: NOON)
    tenant = await make_tenant(database, "acme")
    running = make_test(tenant, None, status=TestStatus.RUNNING)
    patch = ServerPatch(host="imap.example.com", authentication=AuthenticationMethod.SCRAM_SHA_256)
    over = replace(
        running,
        status=TestStatus.FAILED,
        finished_at=NOON,
        code=DiagnosticCode.TCP_REFUSED,
        fix_id=new_id(),
        fix=SettingsFix("Use a method.", patch, proven=True),
        retryable=True,
        fixable_by=FixableBy.PROVIDER_ADMIN,
        ports=PORTS,
        round_trip=TRIP,
    )
    async with database.work(tenant.workspace_id) as work:
        await work.probes.insert(running, "process-1", NOON)
        assert await work.probes.get(running.id) == running
        assert await work.probes.finish(over)
    async with database.reading(tenant.workspace_id) as work:
        assert await work.probes.get(running.id) == over
    await database.close()
