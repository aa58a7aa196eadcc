"""Reads the Dockerfile into instructions, for its test and for the check of its steps."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PATH: Final = Path(__file__).parent.parent / "Dockerfile"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, continuation lines joined, comments left out."""

    name: str
    """Its word in capitals, such as RUN."""
    text: str
    """The rest of it."""

    def words(self) -> list[str]:
        """Return the words of its JSON form, `CMD ["a", "b"]`; ValueError if it has none."""
        start = self.text.find("[")
        if start < 0:
            raise ValueError(f"{self.name} is not in JSON form")
        words = json.loads(self.text[start:])
        return [str(word) for word in words]


def stages(text: str) -> list[list[Instruction]]:
    """Return the instructions of each stage, its FROM first."""
    body = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = re.sub(r"\\\n\s*", " ", body).splitlines()
    found: list[list[Instruction]] = []
    for line in filter(str.strip, lines):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, rest.strip()))
    return found


def health_command() -> list[str]:
    """Return the words of the image's health check."""
    (check,) = (found for found in stages(PATH.read_text())[-1] if found.name == "HEALTHCHECK")
    return check.words()
