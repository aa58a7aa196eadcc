"""`mailconfig backup` and `restore`: an instance as one file, and back again."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mailconfig.bootstrap.backup import Summary, back_up, check_backup
from mailconfig.bootstrap.backup import restore as restore_backup
from mailconfig.cli.application import Data, app, read_settings, run


@app.command
def backup(
    *,
    to: Annotated[Path, Parameter(help="New file that gets the backup.")],
    with_keys: Annotated[
        bool,
        Parameter(negative="", help="Put the keys in, too: whoever has the file has everything."),
    ] = False,
    data: Data = None,
) -> None:
    """Write rows, files and the ids of keys into one file, while servers run."""
    made = run(back_up(read_settings(data_dir=data), to, with_keys=with_keys))
    print(f"{to} holds {_told(made)}")
    if not with_keys:
        needed = ", ".join(made.key_ids) or "none yet"
        print(f"Its keys are not in it: {needed}. Keep them in another place.")


@app.command
def restore(
    file: Annotated[Path, Parameter(help="File that `mailconfig backup` wrote.")],
    /,
    *,
    check: Annotated[
        bool, Parameter(negative="", help="Only tell whether it could be restored here.")
    ] = False,
    force: Annotated[
        bool, Parameter(negative="", help="Replace all rows that are there already.")
    ] = False,
    data: Data = None,
) -> None:
    """Put a backup into this instance; refused as a whole where anything does not fit.

    Stop the servers first.
    """
    settings = read_settings(data_dir=data)
    if check:
        print(f"{file} fits: {_told(run(check_backup(settings, file, force=force)))}")
        return
    print(f"Restored {_told(run(restore_backup(settings, file, force=force)))}")


def _told(found: Summary) -> str:
    return f"{found.rows} rows, of them {found.secrets} secrets, and {found.files} files."
