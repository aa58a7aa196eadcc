"""A small IMAP server (RFC 9051, RFC 3501) that says what its service and accounts are to say.

Enough for connection tests, round trips, copies of what was sent and looking for reports: sign-in,
ID, folders with their use, APPEND, SEARCH, FETCH, STORE and EXPUNGE by UID. All else is answered
with BAD.
"""

import ssl
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from mailconfig.domain.servers import TransportSecurity
from mailconfig.simulator import logins, messages
from mailconfig.simulator.commands import (
    LITERALS_MAX_BYTES,
    Command,
    Malformed,
    read_command,
)
from mailconfig.simulator.logins import Login
from mailconfig.simulator.mailbox import (
    FOLDERS,
    MESSAGE_MAX_BYTES,
    UID_VALIDITY,
    Folder,
    Mailboxes,
)
from mailconfig.simulator.services import Account, Manner, Server, Service
from mailconfig.simulator.wire import HungUp, Wire

_COMMANDS_MAX: Final = 500
"""For one connection; a round trip that waits for its message needs about 100."""
_ERRORS_MAX: Final = 10
"""A client that goes on after that is no mail client."""


_SELECTED: Final = frozenset(
    {"UID SEARCH", "UID FETCH", "UID STORE", "UID EXPUNGE", "EXPUNGE", "CLOSE", "UNSELECT"}
)
_SIGNED_IN: Final = _SELECTED | {"LIST", "SELECT", "EXAMINE", "APPEND"}


class ImapSession:
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
        self._selected: Folder | None = None
        self._told_id = False
        self._errors = 0

    async def run(self) -> None:
        """Greet and answer commands. Raises HungUp in the end."""
        await self._wire.send(self._server.greeting)
        if self._server.greeting.startswith("* BYE"):
            raise HungUp
        self._wire.drips = self._server.manner is Manner.TARPIT
        for _ in range(_COMMANDS_MAX):
            try:
                # Who has signed in may bring a message.
                more = MESSAGE_MAX_BYTES if self._account is not None else 0
                command = await read_command(self._wire, LITERALS_MAX_BYTES + more)
                await self._answer(command)
            except Malformed:
                await self._fault("* BAD That is no command")
        raise HungUp

    async def _answer(self, command: Command) -> None:
        handler = self._HANDLERS.get(command.name)
        if handler is None or (command.name in _SIGNED_IN and self._account is None):
            await self._fault(f"{command.tag} BAD Command not known or not allowed now")
        elif command.name in _SELECTED and self._selected is None:
            await self._fault(f"{command.tag} BAD No mailbox is selected")
        else:
            await handler(self, command)

    async def _fault(self, line: str) -> None:
        await self._wire.send(line)
        self._errors += 1
        if self._errors > _ERRORS_MAX:
            raise HungUp

    async def _done(self, command: Command, words: str) -> None:
        await self._wire.send(f"{command.tag} OK {words}")

    # ---- any state -------------------------------------------------------------------------

    async def _capability(self, command: Command) -> None:
        await self._wire.send(f"* CAPABILITY {' '.join(self._capabilities())}")
        await self._done(command, "CAPABILITY completed")

    def _capabilities(self) -> list[str]:
        """Logins are offered inside of TLS only (RFC 9051, section 11.1)."""
        if self._wire.is_tls:
            return list(self._server.capabilities)
        kept = [each for each in self._server.capabilities if not each.startswith("AUTH=")]
        return [*kept, "STARTTLS", "LOGINDISABLED"]

    async def _starttls(self, command: Command) -> None:
        if self._wire.is_tls or self._server.security is not TransportSecurity.STARTTLS:
            await self._fault(f"{command.tag} BAD TLS is active already")
            return
        await self._done(command, "Begin TLS negotiation now")
        await self._wire.start_tls(self._context)

    async def _id(self, command: Command) -> None:
        self._told_id = True
        await self._wire.send('* ID ("name" "mailconfig simulator")')
        await self._done(command, "ID completed")

    async def _noop(self, command: Command) -> None:
        if self._selected is not None:
            await self._wire.send(f"* {len(self._selected.messages)} EXISTS")
        await self._done(command, f"{command.name} completed")

    async def _logout(self, command: Command) -> None:
        await self._wire.send("* BYE Logging out")
        await self._done(command, "LOGOUT completed")
        raise HungUp

    # ---- signing in ------------------------------------------------------------------------

    async def _login(self, command: Command) -> None:
        disabled = "LOGINDISABLED" in self._capabilities()
        if len(command.words) != 2:  # noqa: PLR2004 - user name and password
            await self._fault(f"{command.tag} BAD LOGIN takes a user name and a password")
        elif disabled and not self._wire.is_tls:
            await self._refuse(command, ("NO [PRIVACYREQUIRED] Sign-in needs TLS here",))
        elif disabled:
            await self._refuse(command, ("NO [CANNOT] LOGIN is disabled, use AUTHENTICATE",))
        else:
            await self._judge(command, Login(*command.words))

    async def _authenticate(self, command: Command) -> None:
        mechanism = command.words[0].upper() if command.words else ""
        if f"AUTH={mechanism}" not in self._capabilities():
            await self._refuse(command, ("NO [CANNOT] This mechanism is not offered",))
            return
        initial = command.words[1] if len(command.words) > 1 else None
        login = await self._exchange(mechanism, initial)
        if login is None:
            await self._fault(f"{command.tag} BAD The exchange cannot be read")
            return
        if login.is_token and login.account(self._service) is None:
            await self._wire.send(f"+ {logins.REFUSED_TOKEN}")
            await self._wire.line()
        await self._judge(command, login)

    async def _exchange(self, mechanism: str, initial: str | None) -> Login | None:
        """Take the client's message; None where it cannot be read or was cancelled by an asterisk.

        An initial response that is only an equals sign is empty (RFC 4959, section 3).
        """
        if initial is None:
            await self._wire.send("+ ")
            initial = await self._wire.line()
        message = logins.decoded("" if initial == "=" else initial)
        if message is None:
            return None
        return logins.plain(message) if mechanism == "PLAIN" else logins.xoauth2(message)

    async def _judge(self, command: Command, login: Login) -> None:
        account = login.account(self._service)
        if account is None:
            await self._refuse(command, self._server.refusal)
        elif account.imap_login and not (account.tokens_only and login.is_token):
            await self._refuse(command, account.imap_login)
        else:
            self._account = account
            await self._done(command, f"{command.name} completed")

    async def _refuse(self, command: Command, lines: tuple[str, ...]) -> None:
        verb = command.name
        for line in lines:
            said = line.replace("{verb}", verb)
            await self._wire.send(said if said.startswith("* ") else f"{command.tag} {said}")

    # ---- signed in -------------------------------------------------------------------------

    @property
    def _folders(self) -> dict[str, Folder]:
        if self._account is None:
            raise HungUp
        return self._mailboxes.of(self._service.address(self._account))

    async def _list(self, command: Command) -> None:
        for name, use in FOLDERS.items():
            flags = "\\HasNoChildren" if use is None else f"\\HasNoChildren {use}"
            await self._wire.send(f'* LIST ({flags}) "/" {name}')
        await self._done(command, "LIST completed")

    async def _select(self, command: Command) -> None:
        account, name = self._account, command.words[0] if command.words else ""
        folder = self._folders.get("INBOX" if name.upper() == "INBOX" else name)
        if account is not None and account.imap_open and not (account.wants_id and self._told_id):
            await self._refuse(command, account.imap_open)
        elif folder is None:
            await self._refuse(command, ("NO [NONEXISTENT] There is no such mailbox",))
        else:
            self._selected = folder
            await self._describe(command, folder)

    async def _append(self, command: Command) -> None:
        """Take folder, flags, time and message; the time is that of its arrival here."""
        account, words = self._account, command.words
        if account is None or len(words) < 2:  # noqa: PLR2004 - a folder and a message
            raise Malformed
        name = "INBOX" if words[0].upper() == "INBOX" else words[0]
        content = words[-1].encode("utf-8", "surrogateescape")
        if name not in FOLDERS:
            await self._refuse(command, ("NO [TRYCREATE] There is no such mailbox",))
        elif len(content) > MESSAGE_MAX_BYTES:
            await self._refuse(command, ("NO [LIMIT] The message is too large",))
        else:
            flags = {word for word in words[1:-1] if word.startswith("\\")}
            address = self._service.address(account)
            self._mailboxes.keep(address, name, content, flags)
            await self._done(command, "APPEND completed")

    async def _describe(self, command: Command, folder: Folder) -> None:
        await self._wire.send(
            f"* {len(folder.messages)} EXISTS",
            "* FLAGS (\\Seen \\Deleted)",
            f"* OK [UIDVALIDITY {UID_VALIDITY}] UIDs are valid",
            f"* OK [UIDNEXT {folder.uid_next}] Predicted next UID",
        )
        mode = "READ-ONLY" if command.name == "EXAMINE" else "READ-WRITE"
        await self._done(command, f"[{mode}] {command.name} completed")

    async def _close(self, command: Command) -> None:
        self._selected = None
        await self._done(command, f"{command.name} completed")

    # ---- a mailbox is selected -------------------------------------------------------------

    async def _search(self, command: Command) -> None:
        found = messages.search(self._opened, command.words)
        await self._wire.send(" ".join(["* SEARCH", *map(str, found)]))
        await self._done(command, "SEARCH completed")

    async def _fetch(self, command: Command) -> None:
        for part in messages.fetch(self._opened, command.bare()):
            await self._wire.send_bytes(part)
        await self._done(command, "FETCH completed")

    async def _store(self, command: Command) -> None:
        for line in messages.store(self._opened, command.bare()):
            await self._wire.send(line)
        await self._done(command, "STORE completed")

    async def _expunge(self, command: Command) -> None:
        for line in messages.expunge(self._opened, command.bare()):
            await self._wire.send(line)
        await self._done(command, "EXPUNGE completed")

    @property
    def _opened(self) -> Folder:
        if self._selected is None:
            raise HungUp
        return self._selected

    _HANDLERS: ClassVar[dict[str, Callable[["ImapSession", Command], Awaitable[None]]]] = {
        "CAPABILITY": _capability,
        "STARTTLS": _starttls,
        "ID": _id,
        "NOOP": _noop,
        "CHECK": _noop,
        "LOGOUT": _logout,
        "LOGIN": _login,
        "AUTHENTICATE": _authenticate,
        "LIST": _list,
        "APPEND": _append,
        "SELECT": _select,
        "EXAMINE": _select,
        "CLOSE": _close,
        "UNSELECT": _close,
        "UID SEARCH": _search,
        "UID FETCH": _fetch,
        "UID STORE": _store,
        "UID EXPUNGE": _expunge,
        "EXPUNGE": _expunge,
    }
    """What is understood."""
