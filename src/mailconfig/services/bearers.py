"""What comes in an Authorization header, told apart by its form, and who it belongs to.

    mck_...    API key
    mce_...    embed token
    else       a token of the host application where it says so, otherwise an access token

The form decides only who looks: each kind is verified by its own keys, and nothing of one passes
as another.
"""

from dataclasses import dataclass

from mailconfig.domain.apikeys import EMBED_PREFIX, KEY_PREFIX
from mailconfig.domain.identity import Principal
from mailconfig.services.apikeys import ApiKeyService
from mailconfig.services.embedding import EmbeddingService
from mailconfig.services.federation import HostTokens
from mailconfig.services.identity import IdentityService


@dataclass(frozen=True, slots=True)
class Bearers:
    """Dispatches by form."""

    identity: IdentityService
    keys: ApiKeyService
    embedding: EmbeddingService
    host: HostTokens | None
    """None where no host application is set up."""

    async def caller(self, text: str) -> Principal:
        """Return who a credential belongs to; raises Unauthenticated."""
        if text.startswith(KEY_PREFIX):
            return await self.keys.by_key(text)
        if text.startswith(EMBED_PREFIX):
            return await self.embedding.by_token(text)
        if self.host is not None and self.host.issued(text):
            return await self.host.by_token(text)
        return await self.identity.by_bearer(text)

    def seconds_left(self, text: str) -> float | None:
        """Return when a credential ends by itself; None where only its row ends it.

        Raises Unauthenticated for a bad one.
        """
        if text.startswith(KEY_PREFIX):
            return self.keys.seconds_left(text)
        if text.startswith(EMBED_PREFIX):
            return self.embedding.seconds_left(text)
        if self.host is not None and self.host.issued(text):
            return self.host.seconds_left(text)
        return self.identity.seconds_left(text)

    def forget_members(self) -> None:
        """Read memberships anew: somebody has left here, or has another role."""
        self.keys.forget_members()
        self.embedding.forget_members()
        if self.host is not None:
            self.host.forget_members()
