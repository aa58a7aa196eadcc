"""Prints `.env.example`: every setting with its description and its default, in their order.

It reads the class only, never the environment, so that it cannot print a secret.
"""

import sys
from enum import Enum
from textwrap import wrap

from pydantic.fields import FieldInfo

from mailconfig.settings import Settings

_HEAD = """\
# Settings of mailconfig. Copy this file, change what you need, and give it to the process:
#     set -a; . ./.env; set +a; mailconfig serve
# An empty value means the default. Written by `make env-example` from the settings.
"""
_WIDTH = 98


def render() -> str:
    """Return the whole file."""
    fields = Settings.model_fields.items()
    return _HEAD + "".join(_entry(name, field) for name, field in fields)


def _entry(name: str, field: FieldInfo) -> str:
    comment = "".join(f"# {line}\n" for line in wrap(field.description or "", _WIDTH))
    return f"\n{comment}MAILCONFIG_{name.upper()}={_default(field.default)}\n"


def _default(value: object) -> str:
    """Write a default as the environment would give it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case tuple() | dict():
            return ",".join(map(str, value))
        case _:
            return str(value)


if __name__ == "__main__":
    sys.stdout.write(render())
