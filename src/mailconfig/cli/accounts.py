"""`mailconfig user reset`: a one-time token for somebody who forgot the password."""

from typing import Annotated

from cyclopts import Parameter

from mailconfig.bootstrap import open_instance
from mailconfig.bootstrap.systemmail import reset_page
from mailconfig.cli.application import Data, fail, prepare_schema, read_settings, run
from mailconfig.cli.upkeep import user
from mailconfig.domain.errors import NotFound
from mailconfig.services.accounts import Reset
from mailconfig.services.resetmail import TOKEN
from mailconfig.settings import Settings


@user.command
def reset(
    email: Annotated[str, Parameter(help="Address that the user signs in with.")],
    *,
    data: Data = None,
) -> None:
    """Print a token that sets the user's password once; tokens that were made before end."""
    settings = read_settings(data_dir=data)
    made = run(_start_reset(settings, email))
    if made is None:
        fail("There is no user with this address.")
    token = made.token.reveal()
    print(f"Token, until {made.expires_at:%Y-%m-%d %H:%M} UTC:\n{token}")
    page = reset_page(settings)
    if page is not None:
        print(f"Link:\n{page.replace(TOKEN, token)}")


async def _start_reset(settings: Settings, email: str) -> Reset | None:
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        try:
            return await instance.services.identity.accounts.start_reset(email)
        except NotFound:
            return None
