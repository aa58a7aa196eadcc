"""The part of an answer that is the same for everyone, in bytes; `graphql.cached` keeps them."""

from dataclasses import dataclass

import orjson
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class SharedData:
    """The `data` of an answer."""

    written: bytes
    """As JSON."""
    etag: str
    """Weak, since what stands beside it in the answer differs."""

    def fragment(self) -> orjson.Fragment:
        """Return what is written as it is."""
        return orjson.Fragment(self.written)

    def is_known(self, if_none_match: str | None) -> bool:
        """Tell whether a client says that it has these (RFC 9110, section 13.1.2)."""
        if if_none_match is None:
            return False
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return "*" in tags or self.etag.removeprefix("W/") in tags

    def known(self) -> Response:
        """Return the answer to a client that has the data (RFC 9110, section 15.4.5)."""
        response = Response(status_code=304)
        response.raw_headers = self._headers()
        return response

    def tagged(self, response: Response) -> Response:
        """Return the answer to a GET, with the ETag to ask again with."""
        own = self._headers()
        names = {name for name, _ in own}
        response.raw_headers = [
            *(header for header in response.raw_headers if header[0] not in names),
            *own,
        ]
        return response

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"etag", self.etag.encode("latin-1")),
            # It may be kept, and asked for again before each use: who asks pays in points.
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"Accept, Accept-Language"),
        ]
