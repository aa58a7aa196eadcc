"""Settings of mailboxes that are opened by OAuth 2.0."""

from pydantic_settings import BaseSettings


class OAuthSettings(BaseSettings):
    """Clients, redirect addresses and refreshing."""
