"""Settings of the edge: GraphQL over HTTP, sockets and streams, files."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from mailconfig.domain.origins import exact_origin, hostname


class EdgeSettings(BaseSettings):
    """What clients may send, and how much of it."""

    # Origins, hosts and proxies
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins of front ends on other hosts, such as https://app.example.com, that "
        "may send cookies and read answers; exact, with commas.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names of this service in Host headers beside that of MAILCONFIG_PUBLIC_URL, "
        "without ports; in development, and with neither set, any.",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (),
        description="Addresses and networks of proxies whose X-Forwarded-For and -Proto are "
        "believed; unset: those in FORWARDED_ALLOW_IPS, and nobody without it.",
    )
    hsts_seconds: int = Field(
        31_536_000,
        ge=0,
        description="How long browsers insist on https for this host and those below it "
        "(Strict-Transport-Security), where the public address is https; 0: not sent.",
    )

    # GraphQL
    explorer: bool | None = Field(
        None, description="Whether a query page is served at /graphql; unset: in development only."
    )
    http_status_profile: Literal["audit", "2026"] = Field(
        "audit",
        description="Statuses of GraphQL over HTTP: audit (400 and 200, as the graphql-http audits "
        "and older clients want them) or 2026 (422 and 294, edition of September 2026).",
    )
    max_body_bytes: int = Field(256 * 1024, ge=1024, description="Largest JSON request body.")
    body_seconds: float = Field(20, gt=0, description="Time limit for receiving a JSON body.")
    max_url_bytes: int = Field(16 * 1024, ge=1024, description="Longest path and query string.")
    max_header_bytes: int = Field(
        32 * 1024, ge=4096, le=60 * 1024, description="Size limit of all headers of a request."
    )
    head_seconds: float = Field(
        20, gt=0, description="Time limit for receiving the head of a request."
    )
    max_query_tokens: int = Field(2000, ge=100, description="Most tokens of a GraphQL document.")
    max_query_characters: int = Field(64 * 1024, ge=1000, description="Longest GraphQL document.")
    max_query_operations: int = Field(20, ge=1, description="Most operations of a document.")
    max_query_fragments: int = Field(100, ge=1, le=1000, description="Most fragments of it.")
    max_query_depth: int = Field(16, ge=3, le=50, description="Most fields within fields.")
    max_query_root_fields: int = Field(20, ge=1, description="Most fields of Query or Mutation.")
    max_query_aliases: int = Field(60, ge=0, description="Most aliases of an operation.")
    max_query_fields: int = Field(1000, ge=10, description="Most fields of an operation.")
    max_query_directives: int = Field(60, ge=0, description="Most directives of an operation.")
    max_query_points: int = Field(10_000, ge=100, description="Most points of an operation.")
    assumed_list_rows: int = Field(5, ge=1, description="Points of a list without a page size.")
    plan_cache_size: int = Field(500, ge=0, description="Documents that stay read and checked.")
    plan_cache_bytes: int = Field(32 * 1024**2, ge=0, description="About the most memory of them.")
    compile_queries: bool = Field(
        default=True,
        description="Answer repeated documents with compiled functions; off: field by field.",
    )
    documents_mode: Literal["off", "allow", "require"] = Field(
        "off",
        description="Trusted documents: off; allow (requests may name them); require (nothing else "
        "is run, but for the texts of signed-in admins where the explorer is served).",
    )
    documents_files: Annotated[tuple[Path, ...], NoDecode] = Field(
        (), description="Manifests of trusted documents, as code generation writes them."
    )
    learned_documents: int = Field(
        0, ge=0, description="Documents learned from clients (automatic persisted queries); 0: off."
    )
    points_per_minute: int = Field(60_000, ge=100, description="Points of a user or an address.")
    rate_limit_storage_url: str | None = Field(
        None, repr=False, description="redis:// or valkey:// URL; unset: each process counts alone."
    )
    request_seconds: float = Field(
        30, gt=0, description="Time limit of a query or mutation; waitSeconds must fit in it."
    )
    idempotency_seconds: int = Field(
        24 * 3600, ge=60, description="How long the result of an idempotency key is kept."
    )

    # Sockets and event streams
    live_connections: int = Field(
        1000, ge=1, description="Sockets and event streams that are open at once in a process."
    )
    live_connections_per_client: int = Field(
        50, ge=1, description="Of them from one client address, which an office may share."
    )
    live_ping_seconds: float = Field(
        20, gt=0, description="Interval of pings on sockets and of heartbeats in streams."
    )
    live_pong_seconds: float = Field(
        20, gt=0, description="How long a client may stay silent after a ping before it is dropped."
    )
    live_send_seconds: float = Field(
        10, gt=0, description="How long a client may take to read before it is dropped."
    )
    live_recheck_seconds: float = Field(
        15,
        gt=0,
        description="Interval at which the session of an open socket or stream is looked up again.",
    )
    socket_init_seconds: float = Field(
        10, gt=0, description="How long a socket may take until connection_init."
    )
    socket_operations: int = Field(50, ge=1, description="Operations that run at once on a socket.")
    socket_message_bytes: int = Field(
        128 * 1024, ge=1024, description="Largest message that a client sends on a socket."
    )
    socket_messages_per_second: int = Field(
        100, ge=1, description="Messages that a client may send on a socket in a second."
    )

    # Files
    upload_max_bytes: int = Field(5 * 1024 * 1024, ge=1, description="Largest uploaded file.")
    upload_max_files: int = Field(10, ge=1, description="Most files of one request.")
    upload_max_field_bytes: int = Field(
        256 * 1024, ge=1024, description="Largest non-file field of a multipart request."
    )
    upload_max_paths: int = Field(
        100, ge=1, description="Most places in the variables that the files of a request are for."
    )
    upload_seconds: float = Field(
        300, gt=0, description="Time limit for receiving a multipart request."
    )
    config_max_files: int = Field(20, ge=1, description="Most files of one configuration.")
    image_max_pixels: int = Field(25_000_000, ge=1, description="Largest image in pixels.")
    file_url_seconds: int = Field(300, ge=10, description="Lifetime of a link to a file.")
    upload_unused_seconds: int = Field(
        24 * 3600, ge=60, description="When an upload that nothing refers to is removed."
    )

    @field_validator("cors_origins", "allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split_lists(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(exact_origin, value))

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(name.lower().removesuffix(".") for name in value)
        if any(hostname(name) != name for name in names):
            raise ValueError("hosts are names or addresses without scheme and port")
        return names

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _proxies(cls, value: object) -> object:
        split = cls._split_lists(value)
        return [ip_network(item) for item in split] if isinstance(split, list) else split
