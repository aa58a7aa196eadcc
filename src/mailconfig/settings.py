"""All settings of the process: one frozen object, read once from the environment by the CLI.

Every field is an environment variable MAILCONFIG_<NAME> and a line of `.env.example`. Nothing
below `bootstrap` reads this module: each room has a frozen part of its own, filled there.
Lists are written with commas.
"""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mailconfig.domain.languages import Language


class Mode(StrEnum):
    """How strict the process is about its surroundings."""

    DEVELOPMENT = "development"
    """Demo mode: explorer on, cookies without TLS, keys made when missing."""
    PRODUCTION = "production"
    """Secure cookies, JSON logs, no introspection hints."""


class LogFormat(StrEnum):
    """Shape of a log line."""

    CONSOLE = "console"
    """For people."""
    JSON = "json"
    """For machines, one object a line."""


def _split(value: object) -> object:
    """Turn "a, b" into ["a", "b"]; anything else is left to pydantic."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


class Settings(BaseSettings):
    """Settings of one instance; see each field."""

    model_config = SettingsConfigDict(
        env_prefix="MAILCONFIG_",
        env_file=None,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    # Instance
    mode: Mode = Field(Mode.PRODUCTION, description="development or production.")
    host: str = Field("127.0.0.1", description="Address that the server binds.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the server binds; 0 picks one.")
    public_url: str | None = Field(
        None,
        description="Address under which browsers reach this service, such as "
        "https://mail.example.com; cookies are Secure and __Host- when it is https.",
    )
    data_dir: Path = Field(
        Path("data"), description="Folder of keys, SQLite database and blobs; made with mode 0700."
    )
    language: Language = Field(
        Language.ENGLISH,
        description="Language of texts for people who ask for none that there is: en, de or fr.",
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: LogFormat = Field(LogFormat.CONSOLE, description="console or json.")

    # Demonstration
    demo: bool | None = Field(
        None,
        description="Whether simulated mailboxes (docs/demo.md) run inside the server; "
        "unset: in development only.",
    )
    simulator_port: int = Field(
        14300,
        ge=0,
        le=65535,
        description="First port of the simulated mail servers on 127.0.0.1; "
        "0, or where one is taken: free ones.",
    )

    # Storage
    database_url: str | None = Field(
        None,
        repr=False,
        description="postgresql://user:password@host/name or sqlite:///path; "
        "unset: SQLite in the data folder.",
    )
    database_pool_size: int = Field(10, ge=1, le=500, description="Connections kept to PostgreSQL.")
    database_busy_seconds: float = Field(
        10, gt=0, description="How long a SQLite writer waits for another one."
    )
    blob_url: str | None = Field(
        None,
        description="Store of files: s3://bucket/prefix or file:///folder; unset: the data folder.",
    )

    # Keys
    encryption_keys: Annotated[str | None, Field(repr=False)] = Field(
        None,
        repr=False,
        description="Keyring as id:base64 with commas, newest first, each 32 bytes; "
        "unset: keys/encryption.keys in the data folder.",
    )
    signing_key: str | None = Field(
        None,
        repr=False,
        description="Ed25519 seed, 32 bytes in base64, for tokens, cursors and file links; "
        "unset: keys/signing.key in the data folder.",
    )

    # Sessions
    access_token_seconds: int = Field(900, ge=60, description="Lifetime of an access token.")
    session_seconds: int = Field(
        14 * 24 * 3600, ge=300, description="Lifetime of a session; a sign-in is needed after it."
    )
    login_attempts_per_minute: int = Field(
        10, ge=1, description="Sign-in attempts per account and per client address in a minute."
    )
    password_min_chars: int = Field(
        12, ge=8, description="Shortest password of a user of mailconfig."
    )

    # GraphQL
    explorer: bool | None = Field(
        None, description="Whether a query page is served at /graphql; unset: in development only."
    )
    max_body_bytes: int = Field(256 * 1024, ge=1024, description="Largest JSON request body.")
    max_query_tokens: int = Field(2000, ge=100, description="Most tokens of a GraphQL document.")
    request_seconds: float = Field(
        30, gt=0, description="Time limit of a query or mutation; waitSeconds must fit in it."
    )
    idempotency_seconds: int = Field(
        24 * 3600, ge=60, description="How long the result of an idempotency key is kept."
    )

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

    # Files
    upload_max_bytes: int = Field(5 * 1024 * 1024, ge=1, description="Largest uploaded file.")
    upload_max_files: int = Field(10, ge=1, description="Most files of one request.")
    upload_max_field_bytes: int = Field(
        256 * 1024, ge=1024, description="Largest non-file field of a multipart request."
    )
    config_max_files: int = Field(20, ge=1, description="Most files of one configuration.")
    image_max_pixels: int = Field(25_000_000, ge=1, description="Largest image in pixels.")
    file_url_seconds: int = Field(300, ge=10, description="Lifetime of a link to a file.")
    upload_unused_seconds: int = Field(
        24 * 3600, ge=60, description="When an upload that nothing refers to is removed."
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

    @field_validator(
        "dns_servers",
        "egress_allow_networks",
        "egress_allow_ports",
        "egress_web_ports",
        mode="before",
    )
    @classmethod
    def _lists(cls, value: object) -> object:
        return _split(value)

    @field_validator("egress_allow_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        split = _split(value)
        return [ip_network(item) for item in split] if isinstance(split, list) else split

    @field_validator("dns_servers")
    @classmethod
    def _dns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            dns_endpoint(server)
        return value

    @field_validator("egress_allow_ports", "egress_web_ports")
    @classmethod
    def _ports(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not all(0 < port <= _PORT_MAX for port in value):
            raise ValueError("ports lie between 1 and 65535")
        return value

    @property
    def serves_https(self) -> bool:
        """Whether browsers reach the service over https, so that cookies can be Secure."""
        return (self.public_url or "").startswith("https://")

    @property
    def serves_explorer(self) -> bool:
        """Whether the query page is on."""
        return self.mode is Mode.DEVELOPMENT if self.explorer is None else self.explorer

    @property
    def serves_demo(self) -> bool:
        """Whether the simulated mailboxes run."""
        return self.mode is Mode.DEVELOPMENT if self.demo is None else self.demo

    @property
    def effective_database_url(self) -> str:
        """The database that was named, else SQLite in the data folder."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'mailconfig.db').resolve()}"


_PORT_MAX: Final = 65535


def dns_endpoint(text: str) -> tuple[str, int]:
    """Parse "192.0.2.1", "192.0.2.1:53" or "[2001:db8::1]:53" into address and port.

    Raises ValueError for anything else, names included: a name would need a DNS server first.
    """
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or "53"
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, "53"
    number = int(port)
    if not 0 < number <= _PORT_MAX:
        raise ValueError("the port of a DNS server lies between 1 and 65535")
    return str(ip_address(host)), number


def load(**overrides: object) -> Settings:
    """Read the environment once; keyword arguments come from the command line and win."""
    given = {name: value for name, value in overrides.items() if value is not None}
    return Settings.model_validate(Settings().model_dump() | given) if given else Settings()
