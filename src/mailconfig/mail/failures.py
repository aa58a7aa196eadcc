"""The one way in which a dialogue ends early. Must not know any protocol."""

from mailconfig.domain.diagnostics.values import Failure


class DialogueFailed(Exception):
    """A dialogue cannot go on; carries what the diagnosis needs.

    `text` is cleaned: no control characters, no secret. `from_server` tells whether it holds the
    server's words (shown to the user as its reply) or ours; `inspectable`, whether a second
    handshake may tell more.
    """

    def __init__(
        self,
        failure: Failure,
        text: str = "",
        *,
        from_server: bool = False,
        reply_code: int | None = None,
        enhanced_code: str | None = None,
        response_code: str | None = None,
        tls_verify_code: int | None = None,
        inspectable: bool = False,
    ) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.text = text
        self.from_server = from_server
        self.reply_code = reply_code
        self.enhanced_code = enhanced_code
        self.response_code = response_code
        self.tls_verify_code = tls_verify_code
        self.inspectable = inspectable


def violation(text: str) -> DialogueFailed:
    """Return the failure of a server that does not follow its protocol; `text` is ours."""
    return DialogueFailed(Failure.VIOLATION, text)
