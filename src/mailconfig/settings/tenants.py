"""Settings of workspaces: invitations and quotas."""

from pydantic_settings import BaseSettings


class TenantSettings(BaseSettings):
    """Invitations and quotas."""
