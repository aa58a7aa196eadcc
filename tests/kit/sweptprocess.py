"""Sweeps of servers in processes of their own, by their clients in this process and their output.

    with watched_process(address) as sweep: ...
    assert_kept(sweep, [log_path, out_path])

What clients say and hear over HTTP is read off httpx; sockets and other programs are not. At the
end the output is searched for all that they gave.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from kit.given import of_headers, of_http
from kit.sweeping import Sweep

_SHOWN_ONCE: Final = re.compile(rb"^  Password +\S+ +\(shown only now\)$", re.MULTILINE)
"""What development prints for whoever starts it the first time."""
_sweeps: dict[tuple[str, int | None], Sweep] = {}
_send = httpx.HTTPTransport.handle_request
_send_async = httpx.AsyncHTTPTransport.handle_async_request


@contextmanager
def watched_process(address: str) -> Iterator[Sweep]:
    """Sweep what clients say to a server, and hear from it, until the block ends."""
    url = httpx.URL(address)
    sweep = _sweeps[url.host, url.port] = Sweep()
    try:
        yield sweep
    finally:
        del _sweeps[url.host, url.port]


def assert_kept(sweep: Sweep, outputs: Iterable[Path]) -> None:
    """Fail if a secret came back, or is in one of these files."""
    for path in outputs:
        sweep.place(path.name, _SHOWN_ONCE.sub(b"", path.read_bytes()))
    leaks = sweep.leaks()
    assert not leaks, "Secrets came back:\n" + "\n".join(leaks)


def _handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
    sweep = _sweeps.get((request.url.host, request.url.port))
    if sweep is None:
        return _send(transport, request)
    request.read()
    about = _given(sweep, request)
    return _answered(sweep, about, _send(transport, request))


async def _handle_async(
    transport: httpx.AsyncHTTPTransport, request: httpx.Request
) -> httpx.Response:
    sweep = _sweeps.get((request.url.host, request.url.port))
    if sweep is None:
        return await _send_async(transport, request)
    await request.aread()
    about = _given(sweep, request)
    return _answered(sweep, about, await _send_async(transport, request))


def _given(sweep: Sweep, request: httpx.Request) -> str:
    headers = request.headers.raw
    sweep.give(of_headers(headers))
    sweep.give(of_http(headers, request.url.query, request.content))
    return f"answer to {request.method[:10]} {request.url.path[:30]}"


def _answered(sweep: Sweep, about: str, response: httpx.Response) -> httpx.Response:
    for name, value in response.headers.raw:
        sweep.place(f"header of the {about}", name.lower() + b": " + value)
    response.stream = _Tee(sweep, about, response.stream)
    return response


class _Tee(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that a sweep hears as well."""

    def __init__(self, sweep: Sweep, about: str, inner: object) -> None:
        self._sweep, self._about, self._inner = sweep, about, inner
        self._parts: list[bytes] = []

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._inner, httpx.SyncByteStream)
        for part in self._inner:
            self._parts.append(part)
            yield part

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._inner, httpx.AsyncByteStream)
        async for part in self._inner:
            self._parts.append(part)
            yield part

    def close(self) -> None:
        """Note what came and close the stream."""
        assert isinstance(self._inner, httpx.SyncByteStream)
        self._sweep.place(self._about, b"".join(self._parts))
        self._inner.close()

    async def aclose(self) -> None:
        """Note what came and close the stream."""
        assert isinstance(self._inner, httpx.AsyncByteStream)
        self._sweep.place(self._about, b"".join(self._parts))
        await self._inner.aclose()


# Tests make clients of their own in many places, and none has a place for a transport.
httpx.HTTPTransport.handle_request = _handle  # type: ignore[assignment, method-assign]
httpx.AsyncHTTPTransport.handle_async_request = _handle_async  # type: ignore[assignment, method-assign]
