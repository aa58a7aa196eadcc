"""graphql-transport-ws for clients that nobody knows: strict, bounded, sure who calls.

    connection_init -> caller looked up -> connection_ack -> subscribe ... next ... complete

Close codes are those of the protocol (github.com/enisdenjo/graphql-ws, PROTOCOL.md): 4400 a message
of no form, 4401 no connection_init, 4403 a credential that is not good or not good any more, 4406
another subprotocol, 4408 silence, 4409 an id in use, 4429 a second connection_init; and those of
RFC 6455: 1008 too many messages or a client that does not read, 1009 too large a message.

Threats: clients that stay away, flood, send garbage or never read. Each wait has a deadline, each
queue a bound: what a client does not read stops its operations at their next result, and then the
socket. Each operation has a context of its own; a failure of one is its `error` and no other's. A
mutation that has begun runs to its end, whoever leaves.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, Final, cast

import anyio
import orjson
from graphql import GraphQLError
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    CompleteMessage,
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types.execution import ExecutionResult, PreExecutionError

from mailconfig.domain.errors import LimitExceeded, MailconfigError, Unauthenticated
from mailconfig.domain.identity import Principal
from mailconfig.domain.phrases import N_
from mailconfig.graphql.context import Context
from mailconfig.graphql.documents import text_for
from mailconfig.graphql.masking import masked
from mailconfig.graphql.messages import close_reason, malformed
from mailconfig.graphql.pacing import Rate, Turn
from mailconfig.graphql.presence import LiveLimits, session_end
from mailconfig.graphql.refusals import Refused
from mailconfig.graphql.requests import (
    Documents,
    GivenDocuments,
    GraphQLRequest,
    parsed_json,
    request_of,
)

_log = logging.getLogger(__name__)

_CLOSE_SECONDS: Final = 1
"""What the close message may take where the client does not read; then the connection is cut."""
_AT_WORK: Final = 4
"""Operations of a socket that work on their first result at once; the others wait their turn, so
that one socket's hundred long queries do not stand in front of everybody else's short one."""


class SocketOperation(Operation[Context, None]):
    """One operation, with what Strawberry's own does not keep of it."""

    __slots__ = ("context", "extensions", "size")

    extensions: dict[str, Any] | None
    """Extensions of the request."""
    context: Context
    """Its own surroundings."""
    size: int
    """Bytes of its message, which it holds for as long as it runs."""


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """Serves one socket; `socket_handler` makes the class with the limits of an instance."""

    limits = LiveLimits()
    documents: Documents = GivenDocuments()

    async def handle(self) -> None:
        """Serve until either side leaves; mutations that have begun are waited for."""
        self._socket = cast("WebSocket", self.context.response)
        self._closed = False
        self._heard = asyncio.Event()
        self._sending = asyncio.Lock()
        self._work = asyncio.Semaphore(_AT_WORK)
        self._rate = Rate(self.limits.messages_per_second)
        self._size = 0
        self._running: set[SocketOperation] = set()
        self._duties: set[asyncio.Task[None]] = set()
        self._reading = anyio.CancelScope()
        async with asyncio.TaskGroup() as self._tasks:
            self._begin(self._demand_init)
            try:
                with self._reading:
                    await self._read()
            finally:
                self._closed = True
                for duty in self._duties:
                    duty.cancel()
                for operation in list(self._running):
                    self._stop(operation)

    async def _read(self) -> None:
        try:
            while not self._closed:
                text = await self._socket.receive_text()
                self._heard.set()
                async with self._sending:  # who does not read is not listened to
                    pass
                await self._take(text.encode())
        except WebSocketDisconnect:
            return
        except KeyError:  # a binary frame has no text
            await self.handle_invalid_message("Messages are text")

    async def _take(self, raw: bytes) -> None:
        if len(raw) > self.limits.message_bytes:
            await self.close(1009, "The message is too large")
        elif not self._rate.allows(time.monotonic()):
            await self.close(1008, "Too many messages")
        else:
            await self._understand(raw)

    async def _understand(self, raw: bytes) -> None:
        try:
            message = parsed_json(raw, "The message")
        except Refused as refused:
            await self.handle_invalid_message(refused.message)
            return
        wrong = malformed(message)
        if wrong is not None:
            await self.handle_invalid_message(wrong)
            return
        self._size = len(raw)
        await self.handle_message(cast("Message", message))

    # ---- who calls, and for how long ---------------------------------------------------------

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Look the caller up; nobody may stay as well and do what nobody may do."""
        if self.connection_init_received:
            await self.close(4429, "Too many initialisation requests")
            return
        self.connection_init_received = True
        self.context.connection_params = message.get("payload") or {}
        try:
            principal = await self.context.another().caller_or_none()
        except Unauthenticated:
            await self.close(4403, "Forbidden")
            return
        except MailconfigError:
            await self._give_up()
            return
        await self.send_message({"type": "connection_ack"})
        self.connection_acknowledged = True
        self._begin(self._ping)
        if principal is not None:
            self._begin(partial(self._watch, principal))

    async def _demand_init(self) -> None:
        await asyncio.sleep(self.limits.init_seconds)
        if not self.connection_acknowledged:
            await self.close(4408, "Connection initialisation timeout")

    async def _watch(self, principal: Principal) -> None:
        await session_end(self.context, principal, self.limits.recheck_seconds)
        await self.close(4403, "Forbidden")

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self.limits.ping_seconds)
            self._heard.clear()
            await self.send_message({"type": "ping"})
            with anyio.move_on_after(self.limits.pong_seconds):
                await self._heard.wait()  # any message shows that somebody is there
            if not self._heard.is_set():
                await self.close(4408, "Pong timeout")

    def _begin(self, duty: Callable[[], Awaitable[None]]) -> None:
        """Run a duty of the socket until the socket ends."""
        task = self._tasks.create_task(self._guarded(duty))
        self._duties.add(task)
        task.add_done_callback(self._duties.discard)

    async def _guarded(self, duty: Callable[[], Awaitable[None]]) -> None:
        try:
            await duty()
        except MailconfigError:
            await self._give_up()

    async def _give_up(self) -> None:
        """End a socket that we fail: 1013 is what clients come back after."""
        _log.exception("a socket cannot be kept")
        await self.close(1013, "Try again later")

    # ---- operations --------------------------------------------------------------------------

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Start an operation, or refuse it alone where the socket runs as many as it may."""
        if not self.connection_acknowledged:
            await self.close(4401, "Unauthorized")
        elif message["id"] in self.operations:
            await self.close(4409, f"Subscriber for {message['id']} already exists")
        elif self._is_full():
            refusal = LimitExceeded(N_("Too many operations run on this socket."))
            error = masked(GraphQLError(refusal.message, original_error=refusal), self.context.say)
            await self._fail(message["id"], error)
        else:
            await self._start(message["id"], request_of(message["payload"]))

    async def _start(self, key: str, request: GraphQLRequest) -> None:
        context = self.context.another()
        try:
            text = await text_for(self.documents, request, context)
        except Refused as refused:
            error = GraphQLError(refused.message, extensions={"code": refused.code})
            await self._fail(key, error)
            return
        operation = SocketOperation(self, key, text, request.variables, request.operation_name)
        operation.extensions = request.extensions
        operation.context = context
        operation.size = self._size
        self.operations[key] = operation
        self._running.add(operation)
        operation.task = self._tasks.create_task(self.run_operation(operation))

    async def _fail(self, key: str, error: GraphQLError) -> None:
        """Refuse an operation that has not begun."""
        await self.send_message({"id": key, "type": "error", "payload": [error.formatted]})

    def _is_full(self) -> bool:
        held = sum(operation.size for operation in self._running) + self._size
        return len(self._running) >= self.limits.operations or held > 2 * self.limits.message_bytes

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Run an operation to its end; what fails is logged, masked, and told to it alone."""
        assert isinstance(operation, SocketOperation)  # noqa: S101 - for mypy  # nosec B101
        turn = Turn(self._work)
        try:
            await turn.begin()
            results = await self.schema.stream(
                operation.query,
                variable_values=operation.variables,
                context_value=operation.context,
                operation_name=operation.operation_name,
                operation_extensions=operation.extensions,
            )
            async with aclosing(cast("AsyncGenerator[object]", results)):
                await _relay(operation, cast("AsyncGenerator[object]", results), turn)
        except Exception as error:  # noqa: BLE001 - the task's top: logged by `masked`, and told
            failure = GraphQLError("failed", original_error=error)
            await operation.send_initial_errors([masked(failure, operation.context.say)])
        finally:
            turn.end()
            self._running.discard(operation)

    async def handle_complete(self, message: CompleteMessage) -> None:
        """Stop an operation at the client's wish."""
        operation = self.operations.get(message["id"])
        if isinstance(operation, SocketOperation):
            self._stop(operation)

    def _stop(self, operation: SocketOperation) -> None:
        """Let an operation say no more, and end it unless it writes."""
        operation.completed = True
        if self.operations.get(operation.id) is operation:
            self.forget_id(operation.id)
        if operation.task is not None and not operation.context.writing:
            operation.task.cancel()
            self._running.discard(operation)

    # ---- sending -----------------------------------------------------------------------------

    async def handle_invalid_message(self, error_message: str) -> None:
        """Close for a message that is none."""
        await self.close(4400, error_message)

    async def send_message(self, message: Message) -> None:
        """Send as a text frame, one at a time; a client that does not take it is left."""
        try:
            async with asyncio.timeout(self.limits.send_seconds), self._sending:
                if not self._closed:
                    await self._socket.send_text(orjson.dumps(message).decode())
        except TimeoutError:
            await self.close(1008, "The client does not read")
        except WebSocketDisconnect:
            self._reading.cancel()

    async def close(self, code: int, reason: str) -> None:
        """Close the socket once; later messages are dropped."""
        if self._closed:
            return
        self._closed = True
        try:
            with anyio.move_on_after(_CLOSE_SECONDS):
                await self._socket.close(code, close_reason(reason))
        except WebSocketDisconnect:
            pass  # it left by itself
        finally:
            self._reading.cancel()


async def _relay(operation: SocketOperation, results: AsyncGenerator[object], turn: Turn) -> None:
    """Send the results, then the end; an operation that did not begin has an `error` alone."""
    async for result in results:
        if isinstance(result, PreExecutionError):
            await operation.send_initial_errors(result.errors or [])
            return
        if not isinstance(result, ExecutionResult):
            raise TypeError("incremental delivery is off")
        await operation.send_next(result)
        turn.end()
    await operation.send_operation_message({"id": operation.id, "type": "complete"})


def socket_handler(limits: LiveLimits, documents: Documents) -> type[SocketHandler]:
    """Return the class of handlers with these limits and documents, for the view."""
    given = (limits, documents)

    class LimitedHandler(SocketHandler):
        limits, documents = given

    return LimitedHandler
