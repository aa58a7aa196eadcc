"""By what a caller's address is counted."""

import pytest

from mailconfig.domain.networks import caller_network


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        # Another host of the same site, and the same one in its temporary address.
        ("2001:0DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),  # the next site
        ("::ffff:192.0.2.7", "192.0.2.7"),  # IPv4 at a socket of both families
        ("fe80::1%eth0", "fe80::/64"),  # the name of an interface is ours, not theirs
        ("::1", "::/64"),
        ("testclient", "testclient"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_a_site_of_ipv6_is_one_caller(peer: str, counted: str) -> None:
    """Nobody has more attempts by taking another of the 2**64 addresses of a network."""
    assert caller_network(peer) == counted
