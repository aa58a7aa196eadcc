"""Settings of what follows a sent message: copies in Sent, bounces and complaints."""

from pydantic import Field
from pydantic_settings import BaseSettings


class ReturnsSettings(BaseSettings):
    """How often mailboxes of accounts that send are opened, and how many at once."""

    returns_mailboxes: int = Field(
        10,
        ge=1,
        le=1000,
        description="Mailboxes that one worker has open at once, for copies in Sent and bounces.",
    )
    returns_look_seconds: float = Field(
        600,
        ge=10,
        le=86_400,
        description="How often the inbox of an account that allows it is searched for bounces.",
    )
    returns_look_days: int = Field(
        7, ge=1, le=60, description="How long after its last message that goes on."
    )
