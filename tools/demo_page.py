"""Prints `docs/demo.md`: which simulated address ends how, from the simulator's own table.

Must not know more than that table; tests/acceptance/test_demo.py proves each row.
"""

import sys
from collections.abc import Iterator

from mailconfig.settings import Settings
from mailconfig.simulator.scenarios import SERVICES
from mailconfig.simulator.services import PASSWORD, Account, Credential, Server, Service

_HEAD = """\
# Demo mailboxes

`make run` and every other `mailconfig serve` in development mode also run simulated mail servers on
this machine. They answer in the words of the real ones, so that each state of a form can be built
and shown without an account anywhere, and without a network. `mailconfig simulator` runs them by
themselves.

The password of every address is `{password}`, and so is the access token where a server takes one.
Any other password, and any other name before the @, gets the provider's plain refusal. Type one of
the addresses: `discover` and `provider` answer with the servers of the simulated provider. Its name
begins with "Demo" (`providers(search: "Demo")`). The query page has examples.

The code is that of `diagnosis` in a finished test; where there is none `diagnosis` is null and the
status is PASSED. The step is the one that the diagnosis is about: where both servers fail, the one
that came less far, IMAP among equals. The fix is what `diagnosis.fix` would change: it was proven
and is ready for `applyFix`. Without a fix no setting helps, and `advice` says what does. Most tests
end within two seconds; ann@silent.localhost takes 5 s and ann@tarpit.localhost 10 s, the time that
a step may take.

| address | what will happen | code | step that fails | fix |
| --- | --- | --- | --- | --- |
"""
_TRIPS = """
## Round trips

With `roundTrip: true` a mailbox that passes finds its message in the inbox (folder INBOX, status
PASSED), but for two:

| address | folder | status | code of the step FIND_MESSAGE |
| --- | --- | --- | --- |
"""
_SERVERS = """
All mailboxes are in memory; they hold what an account sends to itself and its copy of it in Sent,
and nothing else can be sent. A lost message is looked for until `MAILCONFIG_ROUNDTRIP_SECONDS` are
over, longer than `waitSeconds` can wait: follow such a test by `connectionTestProgress`.

## Servers

| provider | receiving | sending |
| --- | --- | --- |
"""
_FOOT = """
These are the settings that the catalogue shows; two rows are wrong on purpose. The ports begin at
`MAILCONFIG_SIMULATOR_PORT`; where one of them is taken, free ones are used, and the start prints
those of the first row; `discover` and `providers` know all. Tests may reach exactly these ports of
127.0.0.1 and ::1; all else on this machine stays closed. `MAILCONFIG_DEMO=false` switches all of it
off, `true` switches it on in production mode.

The certificates come from an authority that is made at each start, is trusted by this process only,
and vouches for nothing but `.localhost`. For another mail program:
`mailconfig simulator --ca demo-ca.pem` writes it to a file.
"""


def render() -> str:
    """Return the whole page."""
    pairs = [(service, each) for service in SERVICES for each in service.accounts]
    accounts = "".join(_account(service, each) for service, each in pairs)
    trips = "".join(_trip(service, each) for service, each in pairs)
    head = _HEAD.format(password=PASSWORD)
    return head + accounts + _TRIPS + trips + _SERVERS + "".join(_services()) + _FOOT


def _account(service: Service, account: Account) -> str:
    failing = account.protocol is not None and account.step is not None
    place = f"{account.protocol} {account.step}" if failing else ""
    code = account.code if failing else ""
    cells = (service.address(account), account.happens, code, place, _fix(service))
    return f"| {' | '.join(cells)} |\n"


def _fix(service: Service) -> str:
    """Return what the fix of a service's accounts changes: where the catalogue's row is wrong."""
    for side, server in (("incoming", service.imap), ("outgoing", service.smtp)):
        if server.listed is not None:
            return f"{side}.security: {server.security}"
        if server.credential is Credential.OTHER_NAME:
            return f"{side}.host: {service.alternative_hosts[0]}"
    return ""


def _trip(service: Service, account: Account) -> str:
    """Return a row for an account whose mail does not arrive in the inbox."""
    address = service.address(account)
    if account.folder is None:
        return f"| {address} |  | FAILED | ROUNDTRIP_LOST |\n"
    if account.folder != "INBOX":
        return f"| {address} | JUNK | PASSED_WITH_WARNINGS | ROUNDTRIP_SPAM |\n"
    return ""


def _services() -> Iterator[str]:
    first: int = Settings.model_fields["simulator_port"].default
    for number, service in enumerate(SERVICES):
        imap = _server(service.imap, first + 2 * number)
        smtp = _server(service.smtp, first + 2 * number + 1)
        yield f"| Demo: {service.name} | {imap} | {smtp} |\n"


def _server(server: Server, port: int) -> str:
    return f"{server.host}:{port} {server.listed or server.security}"


if __name__ == "__main__":
    sys.stdout.write(render())
