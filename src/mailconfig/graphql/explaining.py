"""What a pasted reply or error means: a query for everybody, without network."""

from typing import Annotated

import strawberry

from mailconfig.domain.diagnostics import Phase
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.diagnoses import Diagnosis, diagnosis
from mailconfig.services.explaining import Question


@input_type
class ExplainInput:
    """A reply or an error to explain; the more is known about it, the surer the answer."""

    text: str
    """The words as met: a reply of one or several lines, a bounce, a client library's error."""
    protocol: MailProtocol | None = None
    """Which server said it."""
    phase: Phase | None = None
    """Where in the conversation it was said."""
    host: str | None = None
    """Name of the server, as configured."""
    port: int | None = None
    """TCP port, as configured."""
    security: TransportSecurity | None = None
    """TLS mode, as configured."""
    capabilities: list[str] = strawberry.field(default_factory=list)
    """Words of EHLO or CAPABILITY at that moment."""


@object_type
class ExplainQuery:
    """Explanations."""

    @strawberry.field
    async def explain(
        self,
        info: Info,
        input: Annotated[ExplainInput, strawberry.argument(description="What was said.")],
    ) -> Diagnosis | None:
        """What a server's reply or a client's error means; needs no account, connects to nothing.

        The text is neither stored nor logged. Asked too often it answers RATE_LIMITED.
        """
        context = info.context
        question = Question(
            text=input.text,
            protocol=input.protocol,
            phase=input.phase,
            host=input.host,
            port=input.port,
            security=input.security,
            capabilities=tuple(input.capabilities),
        )
        client = context.sessions.client(context.request)
        return diagnosis(await context.services.explaining.answer(question, client))
