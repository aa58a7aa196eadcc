"""Links to files that work for some minutes, for whoever has them, without a session.

A link is /files/{id}/{filename}?expires={seconds}&signature={workspace and HMAC}. The signature
covers id, name, workspace and expiry, so that no part can be changed and nothing is looked up for
a link that we did not make. Expiry is in seconds since 1970 (POSIX time).

Threat: guessed, altered or old links. Limit: a link is a bearer capability; who is given one can
use it until it expires, also after the giver has lost access.
"""

import re
from typing import Final
from urllib.parse import quote
from uuid import UUID

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import NotFound
from mailconfig.domain.files import StoredFile
from mailconfig.domain.signing import Signer

_EXPIRES: Final = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_SIGNATURE: Final = re.compile(r"([0-9a-f]{32})([A-Za-z0-9_-]{43})", re.ASCII)


class FileLinks:
    """Makes and checks links; `seconds` is how long a new one works."""

    def __init__(self, signer: Signer, seconds: int, now: Now) -> None:
        self._signer = signer.derive("file link")
        self._seconds = seconds
        self._now = now

    def url(self, file: StoredFile) -> str:
        """Return a link to the file, relative to the root of this service."""
        expires = str(int(self._now().timestamp()) + self._seconds)
        workspace = file.workspace_id.hex
        mac = self._signer.sign(str(file.id), file.filename, workspace, expires)
        name = quote(file.filename, safe="")
        return f"/files/{file.id}/{name}?expires={expires}&signature={workspace}{mac}"

    def workspace(self, file_id: str, filename: str, expires: str, signature: str) -> UUID:
        """Return the workspace of the file of a link; raises NotFound unless the link holds."""
        parts = _SIGNATURE.fullmatch(signature)
        if parts is None or _EXPIRES.fullmatch(expires) is None:
            raise NotFound
        workspace, mac = parts.groups()
        if not self._signer.verify(mac, file_id, filename, workspace, expires):
            raise NotFound
        if self._now().timestamp() >= int(expires):
            raise NotFound
        return UUID(workspace)
