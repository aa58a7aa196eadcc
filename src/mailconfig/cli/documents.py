"""`mailconfig documents check`: whether a manifest of trusted documents fits the schema."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from mailconfig.bootstrap.documents import manifest
from mailconfig.bootstrap.edge import schema_settings
from mailconfig.cli.application import app, read_settings
from mailconfig.graphql.limits import too_costly
from mailconfig.graphql.manifests import TrustedDocument
from mailconfig.graphql.plans import Plans
from mailconfig.graphql.schema import build_schema

documents = App(name="documents", help="Trusted documents, which clients name by an id.")
app.command(documents)

_START: Final = (1, 1)


@documents.command
def check(
    file: Annotated[Path, Parameter(help="Manifest that code generation wrote.")],
    /,
) -> int:
    """Check each document of a manifest against the schema and its limits.

    Each fault is a line with file, id, line and column within the document. Exit status 1 when
    there is one.
    """
    chosen = schema_settings(read_settings())
    found = manifest(file)
    plans = build_schema(chosen).plans
    faults = [fault for document in found for fault in _faults(plans, document)]
    for fault in faults:
        print(f"{file}: {fault}")
    noun = "document" if len(found) == 1 else "documents"
    print(
        f"{len(found)} {noun}, {len(faults) or 'no'} {'fault' if len(faults) == 1 else 'faults'}."
    )
    return 1 if faults else 0


def _faults(plans: Plans, document: TrustedDocument) -> Iterator[str]:
    """Yield what is wrong with a document, each with the place where it is."""
    if document.is_misnamed:
        yield _line(document, _START, "The id is not the hash of the document.")
    plan = plans.read(document.text)
    for error in plan.errors:
        places = error.locations or []
        place = (places[0].line, places[0].column) if places else _START
        yield _line(document, place, error.message)
    for operation in plan.operations.values():
        if operation.points(None) > plans.limits.points:
            yield _line(document, _START, too_costly(plans.limits))
    if not plan.errors and not plan.operations:
        yield _line(document, _START, "The document has no operation.")


def _line(document: TrustedDocument, place: tuple[int, int], message: str) -> str:
    line, column = place
    return f"{document.id}:{line}:{column}: {message}"
