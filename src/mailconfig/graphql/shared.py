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

    def tagged(self, response: Response, if_none_match: str | None) -> Response:
        """Return the answer to a GET with its ETag, or 304 where the client has the data."""
        response.headers["ETag"] = self.etag
        # It may be kept, and asked for again before each use: who asks pays for it in points.
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Vary"] = "Accept, Accept-Language"
        if not self.is_known(if_none_match):
            return response
        shown = {"etag", "cache-control", "vary"}  # RFC 9110, section 15.4.5
        kept = {name: value for name, value in response.headers.items() if name in shown}
        return Response(status_code=304, headers=kept)
