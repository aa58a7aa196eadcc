"""Reads the provider catalogue from data and checks it; starts nothing with a faulty one.

The rows ship as `providers.yaml` beside this file. An operator's overlay replaces, adds or hides
rows by id without a release. Every fault names the row and the field. Must not touch the network.
"""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.errors import Fault
from mailconfig.storage.catalogue_checks import problems_of
from mailconfig.storage.catalogue_rows import (
    CatalogueFile,
    HiddenRow,
    OverlayFile,
    ProviderRow,
)

_Model = TypeVar("_Model", bound=BaseModel)
_KINDS: Final = (["row"], ["hidden"])
_PROBLEMS_SHOWN: Final = 20
"""More lines than that hide the first cause rather than show it."""


class CatalogueInvalid(Fault):
    """The catalogue or its overlay breaks the rules; `problems` has one line for each."""

    code = "CATALOGUE_INVALID"

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        shown = "\n".join(f"  {line}" for line in self.problems[:_PROBLEMS_SHOWN])
        super().__init__(f"The provider catalogue {source} is not valid:\n{shown}")


def load_catalogue(overlay: Path | None = None) -> Catalogue:
    """Read the shipped rows and lay the operator's file over them.

    Raises CatalogueInvalid, also for a file that cannot be read. Takes about 0.1 s.
    """
    shipped = files("mailconfig.storage").joinpath("providers.yaml").read_text("utf-8")
    base = _parsed(CatalogueFile, shipped, "providers.yaml")
    laid = _overlay(overlay) if overlay is not None else OverlayFile()
    source = "providers.yaml" if overlay is None else f"with {overlay.name}"
    rows = _merged(base, laid, source)
    own = {row.id for row in laid.providers}
    problems = list(problems_of(base, rows))
    if problems:
        raise CatalogueInvalid(source, problems)
    return Catalogue(
        [row.provider(trusted=row.id in own) for row in rows],
        base.mx_rules({row.id for row in rows}),
        base.hints({row.id for row in rows}),
        base.guess.servers(),
    )


def _overlay(path: Path) -> OverlayFile:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CatalogueInvalid(path.name, [f"cannot be read: {reason}"]) from error
    return _parsed(OverlayFile, text, path.name)


def _parsed(model: type[_Model], text: str, source: str) -> _Model:
    try:
        # The C loader takes a sixth of the time; it builds plain values only, as SafeLoader does.
        return model.model_validate(yaml.load(text, Loader=yaml.CSafeLoader) or {})
    except yaml.YAMLError as error:
        raise CatalogueInvalid(source, [f"not YAML: {error}"]) from error
    except ValidationError as error:
        raise CatalogueInvalid(source, _lines(error, text)) from error


def _lines(error: ValidationError, text: str) -> Iterator[str]:
    """Write each fault as `row.field: reason`, rows by id where they have one."""
    data = yaml.load(text, Loader=yaml.CSafeLoader)
    for fault in error.errors(include_url=False, include_context=False):
        where = [str(part) for part in fault["loc"]]
        if len(where) > 1 and where[0] == "providers":
            row = data["providers"][int(where[1])]
            name = row.get("id", f"providers[{where[1]}]") if isinstance(row, dict) else where[1]
            # In an overlay the kind of the row stands between its index and the field.
            where = [str(name), *where[3 if where[2:3] in _KINDS else 2 :]]
        yield f"{'.'.join(where)}: {fault['msg']}"


def _merged(base: CatalogueFile, laid: OverlayFile, source: str) -> tuple[ProviderRow, ...]:
    """Replace and hide rows in their place, add new ones at the end."""
    known = {row.id for row in base.providers}
    changes = {row.id: row for row in laid.providers}
    faults = [f"{row.id}.id: is in the file twice" for row in _repeated(laid)]
    faults += [
        f"{row.id}.hidden: there is no such row to hide"
        for row in laid.providers
        if isinstance(row, HiddenRow) and row.id not in known
    ]
    if faults:
        raise CatalogueInvalid(source, faults)
    rows = [changes.get(row.id, row) for row in base.providers]
    rows += [row for row in laid.providers if row.id not in known]
    return tuple(row for row in rows if isinstance(row, ProviderRow))


def _repeated(laid: OverlayFile) -> Iterator[ProviderRow | HiddenRow]:
    seen: set[str] = set()
    for row in laid.providers:
        if row.id in seen:
            yield row
        seen.add(row.id)
