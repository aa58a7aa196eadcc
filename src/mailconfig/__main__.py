"""`python -m mailconfig` is the same as `mailconfig`."""

from mailconfig.cli import main

main()
