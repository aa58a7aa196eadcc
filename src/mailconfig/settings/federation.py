"""Settings of machines and of the host application: API keys, its users, embed tokens."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from mailconfig.domain.federation import ALGORITHMS
from mailconfig.domain.identity import Role

_DEFAULT_ALGORITHMS: Final = ("EdDSA", "ES256", "RS256", "PS256")


class FederationSettings(BaseSettings):
    """API keys, host tokens and embed tokens."""

    # API keys
    api_keys_per_workspace: int = Field(
        100, ge=1, description="API keys of a workspace that may be used at once."
    )
    api_key_max_days: int = Field(
        0, ge=0, le=36500, description="Longest life of an API key; 0: as long as it is wanted."
    )

    # Users of the host application
    host_issuer: str | None = Field(
        None, description="Issuer (iss) of your application's tokens; unset: none are taken."
    )
    host_audience: str | None = Field(
        None, description="Audience (aud) that its tokens name for this service."
    )
    host_jwks_url: str | None = Field(
        None, description="https address of its public keys, a JSON Web Key Set."
    )
    host_algorithms: Annotated[tuple[str, ...], NoDecode] = Field(
        _DEFAULT_ALGORITHMS,
        description="Signatures that are taken, with commas; only those by public key.",
    )
    host_workspace: str = Field(
        "default", description="Workspace of its users, where no claim names it."
    )
    host_workspace_claim: str | None = Field(
        None, description="Claim that holds the slug of the workspace."
    )
    host_create_workspaces: bool = Field(
        default=False, description="Whether a workspace is made for a slug that is not known."
    )
    host_role_claim: str | None = Field(
        None,
        description="Claim that holds the role, a word or a list; unset: roles are given here.",
    )
    host_roles: Annotated[dict[str, Role], NoDecode] = Field(
        {},
        description="Role of each word of that claim: admin:ADMIN,user:MEMBER.",
    )
    host_default_role: Role = Field(
        Role.MEMBER, description="Role of its users whom no word of the claim gives another."
    )
    host_email_claim: str = Field(
        "email", description="Claim that holds the address to show; nobody signs in by it."
    )
    host_leeway_seconds: int = Field(
        30, ge=0, le=300, description="How far its clock and ours may be apart."
    )
    host_max_token_seconds: int = Field(
        24 * 3600, ge=60, description="Longest life of its tokens; others are refused."
    )

    # Embed tokens
    embed_token_max_seconds: int = Field(
        3600, ge=10, le=24 * 3600, description="Longest life of an embed token."
    )
    embed_subjects_of_host: bool = Field(
        default=False,
        description="Whether embed tokens name the users whom your application's own tokens name; "
        "otherwise each workspace has users of its own. Trust all workspaces before you set it.",
    )

    @field_validator("host_algorithms", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("host_algorithms")
    @classmethod
    def _by_public_key(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not ALGORITHMS.issuperset(value):
            raise ValueError("choose among " + ", ".join(sorted(ALGORITHMS)))
        return value

    @field_validator("host_roles", mode="before")
    @classmethod
    def _roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.rpartition(":") for part in value.split(",") if part.strip()]
        if not all(word.strip() for word, _, _ in pairs):
            raise ValueError("write word:ROLE, with commas")
        return {word.strip(): role.strip() for word, _, role in pairs}

    @field_validator("host_jwks_url")
    @classmethod
    def _over_https(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme != "https" or not parts.hostname or parts.username is not None:
                raise ValueError("write an https address")
        return value

    @model_validator(mode="after")
    def _all_or_none(self) -> "FederationSettings":
        given = [self.host_issuer, self.host_audience, self.host_jwks_url]
        if any(given) and not all(given):
            raise ValueError("host_issuer, host_audience and host_jwks_url belong together")
        if self.embed_subjects_of_host and self.host_issuer is None:
            raise ValueError("embed_subjects_of_host needs host_issuer")
        return self
