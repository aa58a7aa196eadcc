"""What all commands share: the application, its settings, and how a failure ends the process."""

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

from cyclopts import App, Parameter
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mailconfig import log
from mailconfig.bootstrap import check_ca_file, languages, migrate_embedded, storage_settings
from mailconfig.domain.errors import InvalidInput, MailconfigError
from mailconfig.domain.languages import Language
from mailconfig.domain.phrases import Say
from mailconfig.settings import LogFormat, Settings, load
from mailconfig.storage.migration import current_revision
from mailconfig.storage.revisions import head_revision
from mailconfig.storage.settings import database_url

app = App(
    name="mailconfig",
    help="Connect the mailboxes of your users: check, test, explain and store their settings.",
    help_format="plaintext",
)

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
PORT_MAX: Final = 65535
"""Ports are 16 bits wide (RFC 9293, section 3.1)."""
Data = Annotated[Path | None, Parameter("--data", help="Folder of keys, database and files.")]
Spoken = Annotated[
    str | None,
    Parameter("--language", help="Language of the answer: en, de or fr; else the environment's."),
]
_LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Where the environment names the language of messages; the first that is set counts (POSIX)."""


def main() -> NoReturn:
    """Run the command line; ends the process with the command's exit status."""
    try:
        result = app(exit_on_error=True, print_error=True, result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe has seen enough; the interpreter must not flush into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except (MailconfigError, ValidationError, OSError) as error:
        _log.debug("the command failed", exc_info=True)
        fail(sentence(error))
    sys.exit(result if isinstance(result, int) else 0)


def sentence(error: MailconfigError | ValidationError | OSError, say: Say = str) -> str:
    """Return what went wrong, for the person at the keyboard."""
    match error:
        case InvalidInput():
            found = ((".".join(issue.path), say(issue.message)) for issue in error.issues)
            return " ".join(f"{path}: {message}" for path, message in found)
        case MailconfigError():
            return say(error.message)
        case ValidationError():
            return "\n".join(_setting(item) for item in error.errors(include_input=False))
        case OSError():
            return f"{error.filename}: {error.strerror}." if error.filename else f"{error}."


def _setting(item: ErrorDetails) -> str:
    name = "_".join(str(part) for part in item["loc"][:1]).upper()
    return f"MAILCONFIG_{name}: {item['msg'].removeprefix('Value error, ')}."


def fail(message: str) -> NoReturn:
    """End the process with exit status 1 and one sentence on standard error."""
    print(message, file=sys.stderr)
    sys.exit(1)


def spoken_language(settings: Settings, tag: str | None = None) -> Say:
    """Return what says texts in the language of a BCP 47 tag, else in the environment's.

    Ends the process for a tag that is not spoken.
    """
    known = languages(settings)
    locale = next((value for name in _LOCALES if (value := os.environ.get(name))), None)
    language = known.named(tag) if tag else known.of_locale(locale)
    if language is None:
        fail(f"--language: {tag} is not spoken here; {', '.join(Language)} are.")
    return partial(known.say, language)


@contextmanager
def refusals_in(say: Say) -> Iterator[None]:
    """End the process for a refusal as `main` does, but in the reader's language."""
    try:
        yield
    except MailconfigError as error:
        fail(sentence(error, say))


def read_settings(**given: object) -> Settings:
    """Read the settings and start the log; ends the process when they are of no use."""
    settings = load(**given)
    as_json = settings.log_format is LogFormat.JSON
    with _meant_for("MAILCONFIG_LOG_LEVEL"):
        log.configure(log.LogSettings(level=settings.log_level, json=as_json))
    with _meant_for("MAILCONFIG_DATABASE_URL"):
        database_url(storage_settings(settings))
    with _meant_for("MAILCONFIG_CA_FILE"):
        check_ca_file(settings)
    return settings


@contextmanager
def _meant_for(setting: str) -> Iterator[None]:
    """Name the setting that a refused value came from, and end the process."""
    try:
        yield
    except ValueError as error:
        fail(f"{setting}: {error}.")


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run the asynchronous part of a command."""
    return asyncio.run(work)


async def prepare_schema(settings: Settings) -> None:
    """Bring SQLite to the newest schema; end the process where PostgreSQL has another one."""
    await migrate_embedded(settings)
    if await current_revision(storage_settings(settings)) != head_revision():
        fail("The database has not the schema of this version. Run: mailconfig migrate")
