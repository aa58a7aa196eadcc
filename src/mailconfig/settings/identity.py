"""Settings of who signs in: sessions, tokens and passwords."""

from pydantic import Field
from pydantic_settings import BaseSettings


class IdentitySettings(BaseSettings):
    """Sessions, tokens and passwords."""

    # Sessions
    access_token_seconds: int = Field(900, ge=60, description="Lifetime of an access token.")
    session_seconds: int = Field(
        14 * 24 * 3600, ge=300, description="Lifetime of a session; a sign-in is needed after it."
    )
    session_idle_seconds: int = Field(
        3 * 24 * 3600,
        ge=600,
        description="How long a session lasts without being used.",
    )
    session_touch_seconds: int = Field(
        300,
        ge=1,
        le=300,
        description="How often the use of a session is noted at most; it may end idle by as much "
        "too early.",
    )
    session_cache_seconds: float = Field(
        1.0,
        ge=0,
        le=60,
        description="How long a session that another process ended may still be let in; "
        "0: each request reads it from the database.",
    )
    login_attempts_per_minute: int = Field(
        10,
        ge=1,
        description="Failed sign-ins of an account, and of a client address in a minute, after "
        "which each next one waits.",
    )
    login_delay_max_seconds: int = Field(
        900,
        ge=60,
        le=24 * 3600,
        description="Longest wait before a sign-in; the first is 15 s, each failure doubles it.",
    )
    password_reset_seconds: int = Field(
        3600,
        ge=60,
        le=7 * 24 * 3600,
        description="How long a token sets a forgotten password.",
    )
    password_reset_page: str | None = Field(
        None,
        pattern=r"^https?://[^\s]*\{token\}[^\s]*$",
        description="Page of the front end that sets passwords, with {token} in it; unset: "
        "/reset-password#token={token} below MAILCONFIG_PUBLIC_URL.",
    )
    system_account: str | None = Field(
        None,
        description="Id of the configuration, as the API shows it, that mails tokens for forgotten "
        "passwords; unset: none is mailed.",
    )
    password_min_chars: int = Field(
        12,
        ge=8,
        description="Shortest password of a user of mailconfig; common ones are refused as well.",
    )
