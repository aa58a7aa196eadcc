"""Settings of the work on mailboxes: explaining, tests, the network, discovery."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, NoDecode


class MailSettings(BaseSettings):
    """How mail servers and domains are asked, and what for."""

    # Domain checks
    domain_checks_per_minute: int = Field(
        30, ge=1, description="Domains that one user may check in a minute."
    )
    domain_check_seconds: float = Field(
        8, gt=0, le=25, description="Time limit for all that a domain check asks."
    )

    # Explaining
    explains_per_minute: int = Field(
        60, ge=1, description="Texts that one client address may have explained in a minute."
    )
    explain_max_chars: int = Field(
        20_000, ge=100, description="Longest text that is explained, in characters."
    )

    # Configurations
    allow_plaintext: bool = Field(
        default=False,
        description="Whether servers without TLS may be stored and tested (never with PLAIN).",
    )
    versions_kept: int = Field(20, ge=1, description="Versions kept per configuration.")
    catalogue_file: Path | None = Field(
        None,
        description="YAML file whose rows replace, add or hide rows of the provider catalogue.",
    )

    # Connection tests
    test_deadline_seconds: float = Field(20, gt=0, le=120, description="Time limit of a test.")
    test_connect_seconds: float = Field(
        5, gt=0, description="Time limit for connecting, the handshake and the greeting, each."
    )
    test_step_seconds: float = Field(10, gt=0, description="Time limit of every other step.")
    test_concurrency: int = Field(100, ge=1, description="Tests that run at once in a process.")
    tests_per_minute: int = Field(60, ge=1, description="Tests that a user may start in a minute.")
    tests_per_user: int = Field(20, ge=1, description="Tests of a user at once in a process.")
    test_queue_size: int = Field(1000, ge=1, description="Tests that may wait in a process.")
    test_history: int = Field(20, ge=1, description="Finished tests kept per configuration.")
    test_queue_seconds: float = Field(
        120, gt=0, description="How long a test may wait for a free place."
    )
    draft_test_seconds: int = Field(
        24 * 3600, ge=60, description="How long the tests of unsaved forms are kept."
    )
    proof_seconds: float = Field(
        4, gt=0, le=30, description="Time limit for trying other settings after a failed test."
    )
    port_scout_seconds: float = Field(
        3, gt=0, le=30, description="Time limit for looking which ports of a host answer."
    )
    roundtrip_seconds: float = Field(
        60, gt=0, le=600, description="Time limit for sending a message round and finding it."
    )
    ehlo_name: str = Field(
        "[127.0.0.1]", description="Name or address literal that SMTP servers are greeted with."
    )

    # Network
    dns_servers: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="DNS servers to ask, address or address:port; unset: the system's resolver."
    )
    dns_seconds: float = Field(4, gt=0, description="Time limit of a name look-up.")
    dns_trust_ad: bool = Field(
        default=False,
        description="Whether the DNS server's word on DNSSEC counts; only where nobody can write "
        "on the way to it, such as on this machine.",
    )
    ca_file: Path | None = Field(None, description="PEM file of extra trust anchors.")
    egress_allow_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="Private networks that tests may reach, such as 10.1.0.0/16."
    )
    egress_allow_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        (25, 143, 465, 587, 993, 2525, 2587),
        description="Ports that may be dialled; replaces the list.",
    )
    egress_web_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        (443,), description="Ports that documents may be fetched from; replaces the list."
    )
    egress_refusal_seconds: float = Field(
        0.5, ge=0, description="Refused targets answer after a multiple of this time, all alike."
    )

    # Discovery
    ispdb: bool = Field(
        default=False,
        description="Whether Thunderbird's public database is asked about domains, which tells it "
        "the domain, never the address.",
    )
    ispdb_url: str = Field(
        "https://autoconfig.thunderbird.net/v1.1",
        pattern="^https://",
        description="Where that database or a copy of it is.",
    )
    discovery_seconds: float = Field(
        8, gt=0, le=25, description="Time limit for all that a discovery asks, guesses included."
    )
    discovery_source_seconds: float = Field(
        3, gt=0, le=25, description="Time limit for each of its sources."
    )
    discovery_kept_seconds: int = Field(
        3600, ge=60, description="Longest time that a discovery's answer is kept."
    )
    discoveries_per_minute: int = Field(
        30, ge=1, description="Discoveries that one user may start in a minute."
    )
