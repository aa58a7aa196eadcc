"""`mailconfig keys rotate-signing`: another key for tokens, cursors and links."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from mailconfig.bootstrap import ensure_data_dir, signing_key_path
from mailconfig.cli.application import Data, read_settings
from mailconfig.cli.upkeep import keys
from mailconfig.domain.clock import utc_now
from mailconfig.settings import Settings
from mailconfig.storage.signingkeys import generate_signing_key, rotate_signing_keys


@keys.command
def rotate_signing(
    *,
    drop_older_than: Annotated[
        int | None,
        Parameter(
            help="Seconds for which a key is kept after it has signed last; unset: as long as"
            " anything that it signed may be in use. 0 ends all of that now.",
            validator=Number(gte=0),
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Sign with a fresh key from now on, and go on accepting what older ones signed."""
    settings = read_settings(data_dir=data)
    if settings.signing_key is not None:
        line = generate_signing_key(utc_now()).line()
        print(f"Put this in front of MAILCONFIG_SIGNING_KEY, then restart:\n{line}")
        return
    ensure_data_dir(settings)
    keep = _overlap_seconds(settings) if drop_older_than is None else drop_older_than
    new, dropped = rotate_signing_keys(signing_key_path(settings), utc_now(), keep)
    print(f"Key {new.id} is the newest now. Running servers notice it within seconds.")
    for key in dropped:
        print(f"Key {key.id} is gone.")


def _overlap_seconds(settings: Settings) -> int:
    """Return how long the longest-lived thing may be in use that is signed.

    Access tokens, links, digests of idempotency keys, and the CSRF token that a page may hold for
    as long as its session lasts; cursors are for a visit.
    """
    return max(
        settings.access_token_seconds,
        settings.file_url_seconds,
        settings.idempotency_seconds,
        settings.session_seconds,
    )
