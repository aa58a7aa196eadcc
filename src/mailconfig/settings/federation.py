"""Settings of machines and of the host application: API keys, its users, embed tokens."""

from pydantic_settings import BaseSettings


class FederationSettings(BaseSettings):
    """API keys, host tokens and embed tokens."""
