"""Settings of workspaces: invitations and quotas."""

from pydantic import Field
from pydantic_settings import BaseSettings


class TenantSettings(BaseSettings):
    """Invitations and quotas."""

    # Workspaces
    invitation_seconds: int = Field(
        7 * 24 * 3600,
        ge=300,
        le=90 * 24 * 3600,
        description="How long an invitation to a workspace can be accepted.",
    )
    export_link_seconds: int = Field(
        300,
        ge=30,
        le=3600,
        description="How long a link to the export of a workspace begins a download.",
    )
    quota_configs: int = Field(
        0, ge=0, description="Configurations of a workspace that has no quota of its own; 0: any."
    )
    quota_file_bytes: int = Field(
        0, ge=0, description="Bytes of files of a workspace without a quota of its own; 0: any."
    )
    quota_tests_per_day: int = Field(
        0,
        ge=0,
        description="Connection tests a day of a workspace without a quota of its own; 0: any.",
    )
    quota_messages_per_day: int = Field(
        0, ge=0, description="Messages a day of a workspace without a quota of its own; 0: any."
    )
