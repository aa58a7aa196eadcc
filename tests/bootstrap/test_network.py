"""The ways out of one process: what names of strangers can hold up, and what not."""

from mailconfig.bootstrap import Network
from mailconfig.mail.resolver import ServersResolver, SystemResolver
from mailconfig.settings import Settings


def test_people_ask_the_system_and_strangers_do_not() -> None:
    """Names that domains chose never take a thread of those in which tests look names up."""
    network = Network(Settings())
    assert isinstance(network.resolver, SystemResolver)
    assert isinstance(network.lookups, ServersResolver)
    outward = (network.fetcher, network.knocker)
    assert [each._egress._resolver for each in outward] == [network.lookups] * 2  # type: ignore[attr-defined]  # noqa: SLF001 - the wiring is the claim


def test_discovery_and_tests_have_places_of_their_own() -> None:
    """However many servers are knocked at, the test of a form need not wait for them."""
    network = Network(Settings())
    assert network.knocker is network.knocker
    assert network.knocker._places is not network.prober._places  # type: ignore[attr-defined]  # noqa: SLF001 - as above
