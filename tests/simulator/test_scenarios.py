"""The table of scenarios: docs/demo.md is made from it."""

from pathlib import Path

from tools import demo_page

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import planned_steps
from mailconfig.simulator.scenarios import SERVICES

PAGE = Path(__file__).parent.parent.parent / "docs" / "demo.md"


def test_the_page_is_what_the_table_says() -> None:
    """docs/demo.md is the output of `python -m tools.demo_page`."""
    assert PAGE.read_text(encoding="utf-8") == demo_page.render()


def test_every_account_tells_where_it_fails() -> None:
    """A code other than OK comes with the server and a step of that server's plan; OK without."""
    for service in SERVICES:
        servers = {server.protocol: server for server in service.servers}
        for account in service.accounts:
            if account.code is DiagnosticCode.OK:
                assert (account.protocol, account.step) == (None, None)
                continue
            assert account.protocol is not None
            server = servers[account.protocol]
            security = server.listed or server.security
            assert account.step in planned_steps(account.protocol, security)


def test_no_reply_holds_the_password() -> None:
    """What a test shows is cleaned of the password: a reply that held it would be unreadable."""
    for service in SERVICES:
        spoken = [service.imap.greeting, service.smtp.greeting]
        spoken += [*service.imap.refusal, *service.smtp.refusal]
        for account in service.accounts:
            spoken += [*account.imap_login, *account.imap_open]
            spoken += [*account.smtp_login, *account.smtp_mail]
        assert [line for line in spoken if "demo" in line.lower()] == []
