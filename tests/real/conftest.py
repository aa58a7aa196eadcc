"""A prober and an account for the tests against real servers."""

import pytest

from kit.connections import Account, fresh_name, network_prober
from kit.dovecot import Dovecot
from kit.servers import Certificates
from mailconfig.domain.probes import Prober


@pytest.fixture
def prober(certificates: Certificates) -> Prober:
    """A prober that trusts the tests' authority and may reach loopback."""
    return network_prober(certificates)


@pytest.fixture
def account(dovecot: Dovecot) -> Account:
    """A user that nobody else uses; Postfix asks Dovecot."""
    account = Account(fresh_name(), "correct horse")
    dovecot.add_user(account.name, account.secret)
    return account
