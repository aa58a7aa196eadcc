"""What reaches strangers: mail servers, the DNS and web servers, all through egress.

Each part is built when it is first asked for, once, and shared: so there is one memory of the DNS,
one set of TLS contexts and one bound on tests at once.
"""

import ssl
from dataclasses import replace
from functools import cached_property
from typing import Final

from mailconfig.domain.clock import utc_now
from mailconfig.domain.demo import Demo
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.discovery import Source
from mailconfig.domain.fetching import Fetcher, Poster
from mailconfig.domain.postbox import Postbox
from mailconfig.domain.probes import Prober
from mailconfig.domain.reachability import PortScout
from mailconfig.domain.resolution import Records, Resolver
from mailconfig.domain.roundtrips import RoundTripper
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.ports import EgressPortScout
from mailconfig.mail.postbox import ImapPostbox, PostboxSettings
from mailconfig.mail.prober import NetworkProber
from mailconfig.mail.records import create_records
from mailconfig.mail.resolver import ResolverSettings, ServersResolver, create_resolver
from mailconfig.mail.roundtrip import MailRoundTripper, RoundTripSettings
from mailconfig.mail.sending import SendingSettings, SmtpTransport
from mailconfig.mail.tls import TlsContexts, TlsSettings
from mailconfig.remote.autoconfig import AutoconfigSource
from mailconfig.remote.fetcher import HttpsFetcher
from mailconfig.remote.ispdb import IspdbSource
from mailconfig.remote.pacc import PaccSource
from mailconfig.services.discovery import Outside
from mailconfig.settings import Settings, dns_endpoint

_KNOCKS_AT_ONCE: Final = 200
"""Servers that discovery knocks at, twelve for a domain that nobody knows; 70 MiB at the worst."""


class Network:
    """The ways out of one process; `demo` adds the simulated servers to what may be reached."""

    def __init__(self, settings: Settings, demo: Demo | None = None) -> None:
        self._settings = settings
        self._demo = demo

    @cached_property
    def resolver(self) -> Resolver:
        """What looks up the addresses of servers that people have entered."""
        return create_resolver(self._dns)

    @cached_property
    def lookups(self) -> Resolver:
        """What looks up the addresses of names that domains, strangers, have chosen.

        A look-up by the system holds a thread until it ends, and a silent DNS makes that long: a
        few such domains would leave no thread for the tests of others. These can be cancelled.
        """
        return ServersResolver(self._dns)

    @cached_property
    def records(self) -> Records:
        """What asks the DNS for everything else."""
        return create_records(self._dns)

    @cached_property
    def fetcher(self) -> Fetcher:
        """What fetches documents: on ports of its own, with TLS contexts of its own."""
        return self._web

    @cached_property
    def poster(self) -> Poster:
        """What sends forms to sign-in services, as the fetcher fetches."""
        return self._web

    @cached_property
    def _web(self) -> HttpsFetcher:
        policy = EgressPolicy(
            allow_networks=self._settings.egress_allow_networks,
            allow_ports=frozenset(self._settings.egress_web_ports),
            refusal_seconds=self._settings.egress_refusal_seconds,
        )
        # Contexts that are told to agree on HTTP/1.1 must not meet mail servers.
        contexts = TlsContexts(TlsSettings(ca_file=self._settings.ca_file))
        return HttpsFetcher(Egress(policy, self.lookups), contexts.verified)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources of discovery that ask over HTTPS."""
        sources: tuple[Source, ...] = (
            PaccSource(self.fetcher, self.records, utc_now),
            AutoconfigSource(self.fetcher, utc_now),
        )
        if self._settings.ispdb:
            sources += (IspdbSource(self.fetcher, utc_now, self._settings.ispdb_url),)
        return sources

    @cached_property
    def outside(self) -> Outside:
        """What discovery asks beside mail servers."""
        return Outside(self.records, self.sources)

    @cached_property
    def prober(self) -> Prober:
        """What tests mail servers."""
        return NetworkProber(self._egress, self._trust, diagnose_code, self._dialogues)

    @cached_property
    def knocker(self) -> Prober:
        """What knocks at servers for discovery: with places of its own, not those of tests."""
        limits = replace(self._dialogues, concurrent_tests=_KNOCKS_AT_ONCE)
        egress = Egress(self._mail_policy, self.lookups)
        return NetworkProber(egress, self._trust, diagnose_code, limits)

    @cached_property
    def port_scout(self) -> PortScout:
        """What finds out which ports of a host answer."""
        return EgressPortScout(self._egress)

    @cached_property
    def round_tripper(self) -> RoundTripper:
        """What sends a message round."""
        limits = RoundTripSettings(probe=self._dialogues)
        return MailRoundTripper(self._egress, self._trust, diagnose_code, limits)

    @cached_property
    def transport(self) -> SmtpTransport:
        """What sends messages."""
        given = self._settings
        limits = SendingSettings(
            probe=self._dialogues,
            answer_seconds=given.sending_answer_seconds,
            connections_per_account=given.sending_connections_per_account,
            connections=given.sending_connections,
            idle_seconds=given.sending_idle_seconds,
            messages_per_connection=given.sending_messages_per_connection,
        )
        return SmtpTransport(self._egress, self._trust, limits)

    @cached_property
    def postbox(self) -> Postbox:
        """What opens mailboxes of accounts that send."""
        return ImapPostbox(self._egress, self._trust, PostboxSettings(probe=self._dialogues))

    @cached_property
    def _dns(self) -> ResolverSettings:
        return ResolverSettings(
            dns_servers=tuple(map(dns_endpoint, self._settings.dns_servers)),
            timeout_seconds=self._settings.dns_seconds,
            trust_ad=self._settings.dns_trust_ad,
        )

    @cached_property
    def _egress(self) -> Egress:
        return Egress(self._mail_policy, self.resolver)

    @cached_property
    def _mail_policy(self) -> EgressPolicy:
        return EgressPolicy(
            allow_networks=self._settings.egress_allow_networks,
            allow_ports=frozenset(self._settings.egress_allow_ports),
            allow_endpoints=self._demo.endpoints if self._demo else frozenset(),
            refusal_seconds=self._settings.egress_refusal_seconds,
        )

    @cached_property
    def _trust(self) -> TlsContexts:
        anchors = (self._demo.trust_anchor,) if self._demo else ()
        return TlsContexts(TlsSettings(ca_file=self._settings.ca_file, anchors=anchors))

    @cached_property
    def _dialogues(self) -> ProbeSettings:
        return ProbeSettings(
            concurrent_tests=self._settings.test_concurrency,
            connect_seconds=self._settings.test_connect_seconds,
            greeting_seconds=self._settings.test_connect_seconds,
            command_seconds=self._settings.test_step_seconds,
            ehlo_name=self._settings.ehlo_name,
        )


def check_ca_file(settings: Settings) -> None:
    """Raise ValueError unless the operator's trust anchors can be read; tests need them later."""
    if settings.ca_file is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(settings.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ValueError(f"{settings.ca_file} is no file of PEM certificates") from error
