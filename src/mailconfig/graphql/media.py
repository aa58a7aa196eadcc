"""In which media type an answer is written: the Accept header against what we can write.

RFC 9110, section 12.5.1: of the ranges that match a type the most specific counts, its weight q
decides, 0 forbids. Equal weights go to the type that is named more exactly, then to the one that
is named first. An event stream is only for who names it: urql lists it last on every request, and
a wildcard is no wish for a stream.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from mailconfig.graphql.refusals import Problem, Profile, Refused


class Media(StrEnum):
    """The media types of answers."""

    RESPONSE = "application/graphql-response+json"
    """A GraphQL answer whatever its status is; what new clients ask for."""
    JSON = "application/json"
    """For clients from before it, which trust 2xx only."""
    EVENTS = "text/event-stream"
    """graphql-sse, distinct connections mode."""


_PREFERRED: Final = {
    # The audits want JSON for */* and where nothing is asked for.
    Profile.AUDIT: (Media.JSON, Media.RESPONSE, Media.EVENTS),
    Profile.EDITION: (Media.RESPONSE, Media.JSON, Media.EVENTS),
}
_CACHED: Final = 256
"""Clients send few different headers; strangers who send more only push the others out."""
_CACHED_CHARS: Final = 512
"""Longer headers are read each time, so that the cache stays small."""
_UTF_8: Final = frozenset({"utf-8", "utf8"})


@dataclass(frozen=True, slots=True)
class _Range:
    """One media range of an Accept header."""

    media: str
    """Such as text/html, text/* or */*."""
    weight: float
    """q, 0 to 1."""
    place: int
    """Its place in the header."""

    def exactness(self, media: Media) -> int | None:
        """Return how exactly it names a type, None where it does not match."""
        if self.media == media:
            return 2
        if media is Media.EVENTS:
            return None
        if self.media == "application/*":
            return 1
        return 0 if self.media == "*/*" else None


def negotiated(accept: str | None, profile: Profile) -> Media:
    """Return the type to answer in; raises Refused (406) where none is acceptable."""
    if accept is None:
        return _PREFERRED[profile][0]
    chosen = (_chosen if len(accept) <= _CACHED_CHARS else _chosen.__wrapped__)(accept, profile)
    if chosen is None:
        raise Refused(Problem.UNACCEPTABLE, f"Accept one of: {', '.join(Media)}.")
    return chosen


def wants_page(accept: str | None) -> bool:
    """Tell whether a browser asks for a page: text/html by its name, before GraphQL's types."""
    ranges = _ranges(accept or "")
    pages = [item for item in ranges if item.media == "text/html" and item.weight > 0]
    named = [item for item in ranges if item.media in Media.__members__.values()]
    return bool(pages) and all(pages[0].weight >= item.weight for item in named)


@lru_cache(_CACHED)
def _chosen(accept: str, profile: Profile) -> Media | None:
    ranges = _ranges(accept)
    if not ranges and not accept.strip(" \t,"):
        return _PREFERRED[profile][0]  # an empty header asks for nothing
    best: tuple[float, int, int] = (0.0, 0, 0)
    chosen = None
    for media in _PREFERRED[profile]:
        matching = [(item.exactness(media), item) for item in ranges]
        found = [(exactness, item) for exactness, item in matching if exactness is not None]
        if not found:
            continue
        exactness, item = max(found, key=lambda pair: (pair[0], -pair[1].place))
        rank = (item.weight, exactness, -item.place)
        if item.weight > 0 and (chosen is None or rank > best):
            best, chosen = rank, media
    return chosen


def _ranges(accept: str) -> list[_Range]:
    """Read the ranges that are well-formed; others match nothing."""
    found = []
    for place, text in enumerate(accept.split(",")):
        media, *parameters = (part.strip().lower() for part in text.split(";"))
        given = dict(_parameter(parameter) for parameter in parameters)
        weight = _weight(given.get("q", "1"))
        if media and weight is not None and given.get("charset", "utf-8") in _UTF_8:
            found.append(_Range(media, weight, place))
    return found


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip('"')


def _weight(text: str) -> float | None:
    """Read a qvalue: 0 to 1 with at most three digits (RFC 9110, section 12.4.2)."""
    whole, _, digits = text.partition(".")
    if whole not in {"0", "1"} or len(digits) > 3 or not (digits or "0").isdecimal():  # noqa: PLR2004 - the grammar's
        return None
    weight = float(f"{whole}.{digits or 0}") if digits.isascii() else None
    return weight if weight is not None and weight <= 1 else None
