"""Checks of the data folder and of the disk below it. They block: call them in a thread."""

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final

from mailconfig.bootstrap.checkup.values import Checked, bad, fine, warning

GIB: Final = 1024**3
MIB: Final = 1024**2
_LITTLE_BYTES: Final = GIB
"""Days of uploads; time enough to get a larger disk."""
_LEAST_BYTES: Final = 100 * MIB
"""Less is gone with one vacuum or one write-ahead log."""


def check_folder(folder: Path) -> Checked:
    """Tell whether the data folder can be written, and by nobody else read."""
    if not folder.is_dir():
        found = f"There is no data folder {folder}."
        return bad("data", found, "Set MAILCONFIG_DATA_DIR, or make it with: mailconfig migrate")
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"mailconfig doctor")
    except OSError as error:
        found = f"{folder} cannot be written: {error.strerror}."
        return bad("data", found, f"Give {folder} to the user that runs mailconfig.")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        found = f"{folder} may be entered or read by others (mode {mode:04o})."
        return warning("data", found, f"Run: chmod 700 {folder}")
    return fine("data", f"{folder} can be written, and is for its owner alone.")


def check_disk(folder: Path) -> Checked:
    """Tell how much room there is on the disk of the data folder."""
    if not folder.is_dir():
        return warning("disk", f"There is no data folder {folder}.", "Make the data folder first.")
    return judged_disk(shutil.disk_usage(folder).free)


def judged_disk(free_bytes: int) -> Checked:
    """Judge the room that is left."""
    if free_bytes >= GIB:
        room = f"{free_bytes / GIB:.1f} GiB are free on the disk of the data folder."
    else:
        room = f"{free_bytes // MIB} MiB are free on the disk of the data folder."
    if free_bytes < _LEAST_BYTES:
        return bad("disk", room, "Make room at once: writes are about to fail.")
    if free_bytes < _LITTLE_BYTES:
        return warning("disk", room, "Make room, or get a larger disk.")
    return fine("disk", room)


def intruders(path: Path) -> str | None:
    """Say what is wrong with owner and mode of a file of keys, None where nothing is.

    Raises OSError. The owner must be who runs this; for root, who owns the folder of keys.
    """
    status = path.stat()
    wanted = os.geteuid() or path.parent.stat().st_uid
    if stat.S_IMODE(status.st_mode) & 0o077:
        return f"{path} may be read by others (mode {stat.S_IMODE(status.st_mode):04o})."
    if status.st_uid != wanted:
        return f"{path} belongs to user {status.st_uid}, not to user {wanted}."
    return None
