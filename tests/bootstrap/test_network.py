"""The ways out of one process: what names of strangers can hold up, and what not."""

from mailconfig.bootstrap import Network
from mailconfig.mail.prober import NetworkProber
from mailconfig.mail.resolver import ServersResolver, SystemResolver
from mailconfig.remote.fetcher import HttpsFetcher
from mailconfig.settings import Settings


def test_people_ask_the_system_and_strangers_do_not() -> None:
    """Names that domains chose never take a thread of those in which tests look names up."""
    network = Network(Settings())
    assert isinstance(network.resolver, SystemResolver)
    assert isinstance(network.lookups, ServersResolver)
    fetcher, knocker = network.fetcher, network.knocker
    assert isinstance(fetcher, HttpsFetcher)
    assert isinstance(knocker, NetworkProber)
    asked = [each._egress._resolver for each in (fetcher, knocker)]
    assert asked == [network.lookups, network.lookups]


def test_discovery_and_tests_have_places_of_their_own() -> None:
    """However many servers are knocked at, the test of a form need not wait for them."""
    network = Network(Settings())
    knocker, prober = network.knocker, network.prober
    assert isinstance(knocker, NetworkProber)
    assert isinstance(prober, NetworkProber)
    assert knocker is network.knocker
    assert knocker._places is not prober._places
