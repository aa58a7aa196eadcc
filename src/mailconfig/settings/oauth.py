"""Settings of mailboxes that are opened by OAuth 2.0."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode


class OAuthSettings(BaseSettings):
    """Clients, redirect addresses and refreshing."""

    # Mailbox OAuth
    oauth_clients: str | None = Field(
        None,
        repr=False,
        description="Clients that you have registered with providers, with commas: "
        "provider:client id:secret, or provider:client id for a public client; the provider is a "
        "row of the catalogue, and the client serves all rows with the same token endpoint.",
    )
    oauth_clients_file: Path | None = Field(
        None,
        description="JSON file of clients, a list of objects with provider, client_id and, where "
        "there are any, client_secret and tenant (of Microsoft).",
    )
    oauth_redirect_uris: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses that providers may send users back to, with commas, the usual one "
        "first; unset: /oauth/callback below the public address.",
    )
    oauth_authorization_seconds: int = Field(
        600, ge=30, le=3600, description="How long a user may take at the provider's page."
    )
    oauth_refresh_margin_seconds: int = Field(
        300, ge=0, le=3600, description="Access tokens that end within this time are refreshed."
    )
    oauth_endpoint_seconds: float = Field(
        10, gt=0, le=20, description="Time limit of asking a token endpoint."
    )
    oauth_retry_seconds: float = Field(
        10, ge=0, le=600, description="How long a token endpoint is left alone after a failure."
    )

    oauth_keep_alive_days: int = Field(
        7,
        ge=0,
        le=60,
        description="Refresh tokens that were not used for so long are used in the background: "
        "providers drop those that nobody uses; 0: never.",
    )
    oauth_keep_alive_per_round: int = Field(
        50,
        ge=1,
        le=1000,
        description="Most of them that a process uses within five minutes.",
    )

    @field_validator("oauth_redirect_uris", mode="before")
    @classmethod
    def _redirects(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("oauth_redirect_uris")
    @classmethod
    def _absolute(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for uri in value:
            parts = urlsplit(uri)
            if not parts.scheme or parts.fragment or (parts.scheme == "https" and not parts.netloc):
                raise ValueError("redirect addresses are absolute and have no fragment")
        return value
