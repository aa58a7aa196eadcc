"""Ends queries whose client has left. Mutations always run to their end.

A write that stops half-way because a phone lost its network is worse than one nobody waits for;
a read that nobody waits for is work for nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, Generic, TypeVar

from graphql import GraphQLError, OperationType, get_operation_ast, parse
from starlette.requests import ClientDisconnect
from starlette.types import Receive

_Result = TypeVar("_Result")
_PATIENCE_SECONDS: Final = 0.05
"""When watching begins. Most queries have ended by then and never pay for a watcher."""


async def while_wanted(
    operation: Coroutine[Any, Any, _Result], receive: Receive, may_end: Callable[[], bool]
) -> _Result:
    """Run an operation whose request has been read to its end.

    Raises ClientDisconnect when the client leaves and `may_end`, asked only then, allows it; the
    operation is cancelled by then. Cancellation from outside passes through.
    """
    try:
        waited_for = operation.send(None)
    except StopIteration as done:  # nothing had to be waited for, the client's leaving neither
        result: _Result = done.value
        return result
    watch = _Watch(receive, may_end)
    start = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, watch.begin)
    try:
        return await _Begun(operation, waited_for)
    except asyncio.CancelledError as error:
        if watch.ended_it():
            raise ClientDisconnect from error
        raise
    finally:
        start.cancel()
        await watch.stop()


class _Begun(Generic[_Result]):
    """An operation whose first step was taken already, and the first thing that it waits for."""

    def __init__(self, operation: Coroutine[Any, Any, _Result], waited_for: object) -> None:
        self._operation = operation
        self._waited_for = waited_for

    def __await__(self) -> Generator[Any, Any, _Result]:
        """Carry on to the end, as `await` does (PEP 380)."""
        waited_for = self._waited_for
        while True:
            try:
                try:
                    sent = yield waited_for
                except GeneratorExit:
                    self._operation.close()
                    raise
                except BaseException as error:  # noqa: BLE001 - whatever it is, it is handed in
                    waited_for = self._operation.throw(error)
                else:
                    waited_for = self._operation.send(sent)
            except StopIteration as done:
                result: _Result = done.value
                return result


class _Watch:
    """Waits beside an operation for its client to leave; `while_wanted` begins and stops it."""

    def __init__(self, receive: Receive, may_end: Callable[[], bool]) -> None:
        self._receive = receive
        self._may_end = may_end
        self._operation = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self._left = False

    def begin(self) -> None:
        """Watch from now on."""
        self._watcher = asyncio.create_task(self._watch(), name="client leaves")

    async def stop(self) -> None:
        """Watch no longer; raises what watching raised."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
            if not self._watcher.cancelled():
                self._watcher.result()

    def ended_it(self) -> bool:
        """Tell whether a cancellation was ours alone, and take it back."""
        return self._left and self._operation is not None and self._operation.uncancel() == 0

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._may_end() and self._operation is not None:
            self._left = True
            self._operation.cancel()


def is_query(document: str, operation_name: str | None) -> bool:
    """Tell whether a document's operation surely reads only. Parses it: not for every request."""
    return _kind(document, operation_name) is OperationType.QUERY


def is_mutation(document: str, operation_name: str | None) -> bool:
    """Tell whether a document's operation surely writes. Parses it: not for every request."""
    return _kind(document, operation_name) is OperationType.MUTATION


def _kind(document: str, operation_name: str | None) -> OperationType | None:
    try:
        found = get_operation_ast(parse(document, no_location=True), operation_name)
    except (GraphQLError, RecursionError):
        return None
    return found.operation if found else None
