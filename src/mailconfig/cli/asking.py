"""Commands that need no instance: `mailconfig schema`, `providers` and `test`."""

from typing import Annotated

from cyclopts import Parameter

from mailconfig.bootstrap import catalogue
from mailconfig.cli.application import Spoken, app, read_settings, refusals_in, spoken_language
from mailconfig.graphql.schema import sdl
from mailconfig.terminal import show_providers, show_test


@app.command
def schema() -> None:
    """Print the GraphQL schema in SDL."""
    print(sdl(), end="")


@app.command
def providers(
    search: Annotated[str, Parameter(help="Part of the name or of a domain.")] = "",
) -> int:
    """List known mail providers with their first servers; exit status 1 when none is found."""
    rows = catalogue(read_settings())
    return show_providers(rows.search(search) if search else rows.providers)


@app.command(name="test")
def try_mailbox(
    address: Annotated[str, Parameter(help="E-mail address of the mailbox.")],
    /,
    *,
    imap: Annotated[
        str | None,
        Parameter(help="IMAP server as host:port/tls, /starttls or /none; - for none."),
    ] = None,
    smtp: Annotated[str | None, Parameter(help="SMTP server, as for --imap.")] = None,
    username: Annotated[
        str | None, Parameter(help="Name to sign in with; else what the provider expects.")
    ] = None,
    password_stdin: Annotated[
        bool,
        Parameter(help="Read the password from standard input instead of asking.", negative=""),
    ] = False,
    language: Spoken = None,
) -> int:
    """Test a mailbox as the API does, with a line for each step; exit status 1 when it fails.

    Servers that are not named come from the provider of the address.
    """
    settings = read_settings()
    say = spoken_language(settings, language)
    with refusals_in(say):
        return show_test(settings, address, imap, smtp, username, password_stdin, say)
