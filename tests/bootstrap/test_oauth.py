"""Mailbox OAuth as the settings say."""

import pytest

from kit.drafts import shipped
from mailconfig.bootstrap.network import Network
from mailconfig.bootstrap.oauth import build_grants
from mailconfig.services.renewal import RenewalSettings
from mailconfig.settings import Settings
from mailconfig.storage.database import Database


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, RenewalSettings(days=7, per_round=50, round_seconds=300)),
        (
            {"oauth_keep_alive_days": 0, "oauth_keep_alive_per_round": 9},
            RenewalSettings(days=0, per_round=9, round_seconds=300),
        ),
    ],
    ids=["default", "set"],
)
async def test_renewal_is_as_set(
    database: Database,
    app_settings: Settings,
    given: dict[str, int],
    expected: RenewalSettings,
) -> None:
    """Both settings reach the loop; unset, it renews after seven days, fifty in five minutes."""
    settings = app_settings.model_copy(update=given)
    oauth = build_grants(settings, database, shipped(), Network(settings).poster)
    assert oauth.renewal.settings == expected
