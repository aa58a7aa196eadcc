"""A small submission server (RFC 5321, RFC 6409) that says what its service and accounts are to.

Mail from an account to itself is delivered; to anybody else it is refused. Everything has limits.
"""

import ssl
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from mailconfig.domain.servers import TransportSecurity
from mailconfig.simulator import logins
from mailconfig.simulator.logins import Login
from mailconfig.simulator.mailbox import MESSAGE_MAX_BYTES, Mailboxes
from mailconfig.simulator.services import Account, Manner, Server, Service
from mailconfig.simulator.wire import HungUp, Wire

_COMMANDS_MAX: Final = 200
"""For one connection; a test needs six, a message six more."""
_ERRORS_MAX: Final = 10
"""A client that goes on after that is no mail client."""


class SmtpSession:
    """One connection; `run` is called once and ends by HungUp."""

    def __init__(
        self,
        wire: Wire,
        service: Service,
        server: Server,
        mailboxes: Mailboxes,
        context: ssl.SSLContext,
    ) -> None:
        self._wire = wire
        self._service = service
        self._server = server
        self._mailboxes = mailboxes
        self._context = context
        self._account: Account | None = None
        self._sender: str | None = None
        self._recipient: str | None = None
        self._errors = 0

    async def run(self) -> None:
        """Greet and answer commands. Raises HungUp in the end."""
        await self._wire.send(self._server.greeting)
        if not self._server.greeting.startswith("220"):
            raise HungUp
        self._wire.drips = self._server.manner is Manner.TARPIT
        for _ in range(_COMMANDS_MAX):
            verb, _, rest = (await self._wire.line()).partition(" ")
            handler = self._HANDLERS.get(verb.upper())
            if handler is None:
                await self._fault("500 5.5.1 Command not recognised")
            else:
                await handler(self, rest.strip())
        raise HungUp

    async def _fault(self, line: str) -> None:
        await self._wire.send(line)
        self._errors += 1
        if self._errors > _ERRORS_MAX:
            raise HungUp

    # ---- the session -----------------------------------------------------------------------

    async def _ehlo(self, _name: str) -> None:
        self._forget()
        words = [f"{self._server.host} at your service", *self._capabilities()]
        await self._wire.send(*(f"250-{each}" for each in words[:-1]), f"250 {words[-1]}")

    def _capabilities(self) -> list[str]:
        """Logins are offered inside of TLS only (RFC 4954, section 4)."""
        if self._wire.is_tls:
            return list(self._server.capabilities)
        kept = [each for each in self._server.capabilities if not each.startswith("AUTH")]
        return [*kept, "STARTTLS"]

    async def _helo(self, _name: str) -> None:
        self._forget()
        await self._wire.send(f"250 {self._server.host} at your service")

    async def _starttls(self, _rest: str) -> None:
        if self._wire.is_tls or self._server.security is not TransportSecurity.STARTTLS:
            await self._fault("503 5.5.1 TLS is active already")
            return
        await self._wire.send("220 2.0.0 Ready to start TLS")
        await self._wire.start_tls(self._context)
        self._forget()

    async def _noop(self, _rest: str) -> None:
        await self._wire.send("250 2.0.0 OK")

    async def _rset(self, _rest: str) -> None:
        self._forget()
        await self._wire.send("250 2.0.0 Flushed")

    async def _quit(self, _rest: str) -> None:
        await self._wire.send("221 2.0.0 Closing connection")
        raise HungUp

    def _forget(self) -> None:
        self._sender = self._recipient = None

    # ---- signing in ------------------------------------------------------------------------

    async def _auth(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        if not self._wire.is_tls:
            await self._fault("530 5.7.0 Must issue a STARTTLS command first")
        elif self._account is not None:
            await self._fault("503 5.5.1 Already signed in")
        elif mechanism.upper() not in self._mechanisms():
            await self._fault("504 5.7.4 Unrecognized authentication type")
        else:
            await self._judge(await self._exchange(mechanism.upper(), initial))

    def _mechanisms(self) -> list[str]:
        lines = (each.split() for each in self._capabilities())
        return [name for words in lines if words[0] == "AUTH" for name in words[1:]]

    async def _exchange(self, mechanism: str, initial: str) -> Login | None:
        """Take the client's messages; None where they cannot be read or were cancelled by "*"."""
        if mechanism == "LOGIN":
            return await self._login_exchange(initial)
        message = await self._message(initial, "")
        if message is None:
            return None
        return logins.plain(message) if mechanism == "PLAIN" else logins.xoauth2(message)

    async def _login_exchange(self, initial: str) -> Login | None:
        user_prompt, secret_prompt = logins.PROMPTS
        username = await self._message(initial, user_prompt)
        secret = None if username is None else await self._message("", secret_prompt)
        if username is None or secret is None:
            return None
        return Login(username.decode("utf-8", "replace"), secret.decode("utf-8", "replace"))

    async def _message(self, initial: str, prompt: str) -> bytes | None:
        if not initial:
            await self._wire.send(f"334 {prompt}")
            initial = await self._wire.line()
        return logins.decoded("" if initial == "=" else initial)

    async def _judge(self, login: Login | None) -> None:
        if login is None:
            await self._fault("501 5.5.2 Cannot decode the response")
            return
        account = login.account(self._service)
        if account is None and login.is_token:
            await self._wire.send(f"334 {logins.REFUSED_TOKEN}")
            await self._wire.line()
        if account is None:
            await self._wire.send(*self._server.refusal)
        elif account.smtp_login and not (account.tokens_only and login.is_token):
            await self._wire.send(*account.smtp_login)
        else:
            self._account = account
            await self._wire.send("235 2.7.0 Accepted")

    # ---- a message -------------------------------------------------------------------------

    async def _mail(self, rest: str) -> None:
        address = _path("FROM:", rest)
        if self._account is None:
            await self._fault("530 5.7.0 Authentication Required")
        elif address is None:
            await self._fault("501 5.5.4 Write MAIL FROM:<address>")
        elif address != self._own_address:
            await self._wire.send("553 5.7.1 Sender address rejected: not owned by user")
        elif self._account.smtp_mail:
            await self._wire.send(*self._account.smtp_mail)
        else:
            self._sender, self._recipient = address, None
            await self._wire.send("250 2.1.0 OK")

    async def _rcpt(self, rest: str) -> None:
        address = _path("TO:", rest)
        if self._sender is None:
            await self._fault("503 5.5.1 MAIL first")
        elif address != self._own_address:
            await self._wire.send("550 5.7.1 Relaying denied: write to your own address only")
        else:
            self._recipient = address
            await self._wire.send("250 2.1.5 OK")

    async def _data(self, _rest: str) -> None:
        if self._recipient is None:
            await self._fault("503 5.5.1 RCPT first")
            return
        await self._wire.send("354 Go ahead")
        content = await self._content()
        if content is None:
            await self._wire.send("552 5.3.4 Message too big")
        else:
            self._deliver(self._recipient, content)
            await self._wire.send("250 2.0.0 OK, delivered")
        self._forget()

    async def _content(self) -> bytes | None:
        """Read a message (RFC 5321, section 4.5.2); None if it is larger than the limit."""
        lines: list[bytes] = []
        size = 0
        while (line := await self._wire.line()) != ".":
            data = line.removeprefix(".").encode("utf-8", "surrogateescape") + b"\r\n"
            size += len(data)
            if size > 2 * MESSAGE_MAX_BYTES:
                raise HungUp
            if size <= MESSAGE_MAX_BYTES:
                lines.append(data)
        return b"".join(lines) if size <= MESSAGE_MAX_BYTES else None

    def _deliver(self, address: str, content: bytes) -> None:
        if self._account is not None and self._account.folder is not None:
            host = self._server.host
            self._mailboxes.deliver(address, self._account.folder, host, content)

    @property
    def _own_address(self) -> str | None:
        return None if self._account is None else self._service.address(self._account)

    _HANDLERS: ClassVar[dict[str, Callable[["SmtpSession", str], Awaitable[None]]]] = {
        "EHLO": _ehlo,
        "HELO": _helo,
        "STARTTLS": _starttls,
        "AUTH": _auth,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "DATA": _data,
        "RSET": _rset,
        "NOOP": _noop,
        "QUIT": _quit,
    }
    """What is understood."""


def _path(keyword: str, rest: str) -> str | None:
    """Return the address of a path in lower case (RFC 5321, section 4.1.2); None if it is none."""
    if not rest.upper().startswith(keyword):
        return None
    path, closed, _ = rest[len(keyword) :].strip().partition(">")
    return path[1:].lower() if closed and path.startswith("<") else None
