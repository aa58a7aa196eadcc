"""Writes the pages into the folder that is named."""

import asyncio
import sys
from pathlib import Path

from tools.reference.pages import render


def main(folder: str) -> None:
    """Write all pages, once all of them could be made."""
    pages = asyncio.run(render())
    Path(folder).mkdir(exist_ok=True)
    for name, text in pages.items():
        (Path(folder) / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
