"""Builds an instance from its settings: the one place where a Protocol meets its implementation.

Reads settings, hands each room its own part, and owns what must be closed again.
"""

from mailconfig.bootstrap.instance import (
    Instance,
    access_tokens,
    catalogue,
    languages,
    open_instance,
    validation_policy,
)
from mailconfig.bootstrap.looking import build_discovery
from mailconfig.bootstrap.network import Network, check_ca_file
from mailconfig.bootstrap.storing import (
    ensure_data_dir,
    key_file,
    migrate_embedded,
    open_database,
    signing_key_path,
    signing_keys,
    storage_settings,
)

__all__ = [
    "Instance",
    "Network",
    "access_tokens",
    "build_discovery",
    "catalogue",
    "check_ca_file",
    "ensure_data_dir",
    "key_file",
    "languages",
    "migrate_embedded",
    "open_database",
    "open_instance",
    "signing_key_path",
    "signing_keys",
    "storage_settings",
    "validation_policy",
]
