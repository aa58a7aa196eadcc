"""pytest plugin: a run's files are in memory where there is room for them.

Tests make thousands of databases that nobody reads again. A folder that was chosen (TMPDIR) stays.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import pytest

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own inside
FREE_BYTES: Final = 4 * 2**30
"""What has to be free."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Choose the folder for this process and all that it starts, workers included."""
    if "TMPDIR" not in os.environ and _fits():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # looked up again


def _fits() -> bool:
    """Tell whether there is such a folder, with room, from which programs can be started."""
    try:
        options = os.statvfs(MEMORY).f_flag
        free = shutil.disk_usage(MEMORY).free
    except OSError:
        return False
    runs = not options & (os.ST_NOEXEC | os.ST_RDONLY)
    return runs and os.access(MEMORY, os.W_OK) and free >= FREE_BYTES
