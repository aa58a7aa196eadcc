"""Texts for people as fields: said in the request's language, or in that of an argument.

    title: str = strawberry.field(extensions=[Spoken()])

The object holds the text as the domain made it; only what the client asks for is translated.
"""

from typing import Final

from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions.field_extension import FieldExtension, SyncExtensionResolver
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from mailconfig.graphql.context import Info

_ARGUMENT: Final = "language"
LANGUAGE_DESCRIPTION: Final = (
    "Language of the text as a BCP 47 tag, such as de-AT; else the request's."
)
"""Of every argument that chooses a language."""


class Spoken(FieldExtension):
    """Gives a field the argument `language` and translates its text."""

    def apply(self, field: StrawberryField) -> None:
        """Add the argument; a field that is inherited comes here once for each type."""
        if any(argument.python_name == _ARGUMENT for argument in field.arguments):
            return
        argument = StrawberryArgument(
            python_name=_ARGUMENT,
            graphql_name=None,
            type_annotation=StrawberryAnnotation(str | None),
            description=LANGUAGE_DESCRIPTION,
            default=None,
        )
        field.arguments = [*field.arguments, argument]

    def resolve(
        self,
        next_: SyncExtensionResolver,
        source: object,
        info: Info,
        language: str | None = None,
        **kwargs: object,
    ) -> str:
        """Translate what the object holds."""
        return info.context.say(next_(source, info, **kwargs), language)
