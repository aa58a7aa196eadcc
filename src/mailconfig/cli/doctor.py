"""`mailconfig doctor`: whether a deployment is in order, and what to mend.

The checks are `bootstrap.checkup`'s; this prints them. Run it where the server runs, with its
environment and as its user.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from mailconfig import log
from mailconfig.bootstrap.checkup import Checked, CheckupRequest, Verdict, check_up
from mailconfig.bootstrap.checkup.values import bad
from mailconfig.cli.application import Data, app, run, sentence
from mailconfig.cli.findings import finding_console
from mailconfig.settings import LogFormat, Settings, load

_MARKS: Final = {
    Verdict.FINE: ("✓", "green"),
    Verdict.WARNING: ("!", "yellow"),
    Verdict.BAD: ("✗", "red"),
}


@app.command
def doctor(
    *,
    name: Annotated[str, Parameter(help="Name that the DNS is asked about.")] = "example.com",
    ports: Annotated[
        str | None, Parameter(help="Host of a mail server whose ports are dialled from here.")
    ] = None,
    as_json: Annotated[
        bool, Parameter("--json", negative="", help="One JSON object a line, for monitoring.")
    ] = False,
    data: Data = None,
) -> int:
    """Check this deployment and say what to mend; exit status 0 when nothing is bad."""
    show = _show_json if as_json else partial(_show_line, finding_console())
    settings = _read(data)
    if isinstance(settings, Checked):
        show(settings)
        return 1
    verdicts = run(_shown(settings, CheckupRequest(name, ports), show))
    if not as_json:
        print(f"\nbad: {verdicts.count(Verdict.BAD)}, warnings: {verdicts.count(Verdict.WARNING)}")
    return 1 if Verdict.BAD in verdicts else 0


def _read(data: Path | None) -> Settings | Checked:
    """Read the settings and start the log, or say why that fails, which is a check too."""
    try:
        settings = load(data_dir=data)
        as_json = settings.log_format is LogFormat.JSON
        log.configure(log.LogSettings(level=settings.log_level, json=as_json))
    except ValidationError as error:
        found = sentence(error).replace("\n", " ")
    except ValueError as error:
        found = f"MAILCONFIG_LOG_LEVEL: {error}."
    else:
        return settings
    return bad("settings", found, "Correct this setting; .env.example describes each.")


async def _shown(
    settings: Settings, request: CheckupRequest, show: Callable[[Checked], None]
) -> list[Verdict]:
    """Show each outcome as it comes; return all verdicts."""
    verdicts = []
    async for checked in check_up(settings, request):
        show(checked)
        verdicts.append(checked.verdict)
    return verdicts


def _show_json(checked: Checked) -> None:
    print(json.dumps(asdict(checked), ensure_ascii=False), flush=True)


def _show_line(console: Console, checked: Checked) -> None:
    mark, style = _MARKS[checked.verdict]
    line = Text(f"{mark} {checked.check:<16}", style=style)
    line.append(checked.found, style="default")
    console.print(line, soft_wrap=True)
    if checked.advice is not None:
        console.print(Text(f"{'':<18}{checked.advice}"), soft_wrap=True)
