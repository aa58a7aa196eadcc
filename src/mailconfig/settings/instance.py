"""Settings of the instance itself: where it lives and what it keeps."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

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


class InstanceSettings(BaseSettings):
    """Instance, demonstration, storage and keys."""

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
    database_pool_size: int = Field(16, ge=1, le=500, description="Connections kept to PostgreSQL.")
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
    key_rotation_days: int = Field(
        0,
        ge=0,
        le=730,
        description="Age at which the newest encryption key is replaced and all secrets are sealed "
        "anew, by the server itself, where the keys are in a file; 0: never.",
    )
    signing_key: str | None = Field(
        None,
        repr=False,
        description="32 bytes in base64, or several as id:base64 with commas, newest first, for "
        "tokens, cursors and file links; unset: keys/signing.key in the data folder.",
    )
