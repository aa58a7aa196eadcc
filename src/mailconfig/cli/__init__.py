"""The command line; each module of this package registers its commands with `application.app`.

Every command takes its settings from the environment; options win over it. What a person can mend
is one sentence on standard error and exit status 1; a wrong command line is exit status 2. Standard
output is the command's answer and never holds a secret, but for the first password in development,
and keys and tokens that it was asked to make.
"""

from mailconfig.cli import (  # noqa: F401 - importing registers the commands
    accounts,
    asking,
    audit,
    backups,
    discovering,
    doctor,
    documents,
    explaining,
    serving,
    signing,
    simulating,
    upkeep,
    working,
    workspaces,
)
from mailconfig.cli.application import main

__all__ = ["main"]
