"""Where a stored secret may go: the one place that lets a secret be reused or asks for it anew.

Threat: whoever may edit a configuration, but does not know its password, points it at a server of
their own and has mailconfig send the password there. Every way of changing a target (update,
rollback, fix, a draft based on a configuration) asks this module.
"""

from typing import Protocol
from uuid import UUID

from mailconfig.domain.clock import Now
from mailconfig.domain.configs import SiteOf, StoredServer, secret_may_follow
from mailconfig.domain.errors import SecretRequired
from mailconfig.domain.mailboxes import pointer_id
from mailconfig.domain.secrets import KeepSecret, NewSecret, SecretChange, SecretKind
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, ServerSettings
from mailconfig.storage.secrets import SecretRepository

FIELDS = {MailProtocol.IMAP: "incoming", MailProtocol.SMTP: "outgoing"}
"""Input field of each protocol's server; also the purpose that its secret is bound to."""


class SecretIntake(Protocol):
    """Takes new secrets in."""

    async def add(self, purpose: str, secret: NewSecret) -> UUID:
        """Seal a secret for "incoming" or "outgoing"; return its id."""
        ...


class Custody:
    """Stores new secrets and decides on the reuse of stored ones."""

    def __init__(self, site_of: SiteOf, now: Now) -> None:
        self._site_of = site_of
        self._now = now

    async def server(
        self,
        secrets: SecretIntake,
        settings: ServerSettings,
        wish: SecretChange | None,
        old: StoredServer | None,
    ) -> StoredServer:
        """Return the server with the secret that it shall have from now on.

        A new secret is sealed; no wish, or the wish to keep, reuses the old one where custody
        allows. Raises SecretRequired where it does not.
        """
        if isinstance(wish, NewSecret) and wish.kind is SecretKind.GRANT:
            # What refers to a grant is stored with it; whether it may be used, `grants` looks at.
            secret_id = pointer_id(UUID(wish.value.reveal()), FIELDS[settings.protocol])
            return StoredServer(settings, secret_id, wish.kind, self._now())
        if isinstance(wish, NewSecret):
            secret_id = await secrets.add(FIELDS[settings.protocol], wish)
            return StoredServer(settings, secret_id, wish.kind, self._now())
        if settings.authentication is AuthenticationMethod.NONE:
            return StoredServer(settings)
        if old is None or old.secret_id is None:
            if isinstance(wish, KeepSecret):
                raise SecretRequired((FIELDS[settings.protocol], "secret"))
            return StoredServer(settings)
        self.allow(old.settings, settings)
        return StoredServer(settings, old.secret_id, old.secret_kind, old.secret_set_at)

    async def secret(
        self,
        secrets: SecretRepository,
        settings: ServerSettings,
        wish: SecretChange | None,
        old: StoredServer | None,
    ) -> NewSecret | None:
        """Return the secret for testing a draft without storing it; None signs nobody in.

        Raises SecretRequired where the stored secret must not be used for these settings.
        """
        if isinstance(wish, NewSecret):
            return wish
        if settings.authentication is AuthenticationMethod.NONE:
            return None
        if old is None or old.secret_id is None:
            if isinstance(wish, KeepSecret):
                raise SecretRequired((FIELDS[settings.protocol], "secret"))
            return None
        self.allow(old.settings, settings)
        return await secrets.open(old.secret_id, FIELDS[settings.protocol])

    def allow(self, old: ServerSettings, new: ServerSettings) -> None:
        """Raise SecretRequired unless the secret of `old` may be used for `new`."""
        if not secret_may_follow(old, new, self._site_of):
            raise SecretRequired((FIELDS[new.protocol], "secret"))
