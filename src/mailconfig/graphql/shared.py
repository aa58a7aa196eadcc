"""The part of an answer that is the same for everyone, in bytes; `graphql.cached` keeps them."""

from dataclasses import dataclass, field

import orjson
from starlette.responses import Response


class Known(Response):
    """The answer to a client that has the data (RFC 9110, section 15.4.5)."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Answer with these headers alone: an empty body has none of its own."""
        self.status_code = 304
        self.background = None
        self.body = b""
        self.raw_headers = headers


@dataclass(frozen=True, slots=True)
class SharedData:
    """The `data` of an answer."""

    written: bytes
    """As JSON."""
    etag: str
    """Weak, since what stands beside it in the answer differs."""
    _headers: list[tuple[bytes, bytes]] = field(init=False, repr=False, compare=False)
    """Headers that say so, made once for all answers."""

    def __post_init__(self) -> None:
        """Write the headers."""
        headers = [
            (b"etag", self.etag.encode("latin-1")),
            # It may be kept, and asked for again before each use: who asks pays in points.
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"Accept, Accept-Language"),
        ]
        object.__setattr__(self, "_headers", headers)

    def fragment(self) -> orjson.Fragment:
        """Return what is written as it is."""
        return orjson.Fragment(self.written)

    def is_known(self, if_none_match: str | None) -> bool:
        """Tell whether a client says that it has these (RFC 9110, section 13.1.2)."""
        if if_none_match is None:
            return False
        if if_none_match == self.etag:  # as nearly all clients send it: the one, as it was given
            return True
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return "*" in tags or self.etag.removeprefix("W/") in tags

    def known(self) -> Response:
        """Return the answer to a client that has the data (RFC 9110, section 15.4.5)."""
        return Known(self._headers.copy())

    def tagged(self, response: Response) -> Response:
        """Return the answer to a GET, with the ETag to ask again with."""
        names = {name for name, _ in self._headers}
        response.raw_headers = [
            *(header for header in response.raw_headers if header[0] not in names),
            *self._headers,
        ]
        return response
