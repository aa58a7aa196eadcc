"""The query page: GraphiQL with sign-in, files and examples, all of it from our own origin.

tools/explorer bundles it with Node into the folder `graphiql` beside this module, with a manifest
of what the server may serve; nothing else in that folder, or outside of it, is ever read for a
request. Where the page was not built another one says so. Must not know more of the API than where
it is.

The policy lets scripts and workers come from this origin only, with neither inline scripts nor
`eval`. Monaco, the editor, writes its styles into the page: inline styles are allowed, on this page
only. Files that users stored are on this origin, too, but go out as downloads (`http.files`).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template
from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailconfig.http.pages import own_style, read_page

BUILT: Final = Path(__file__).parent / "graphiql"
"""Where the build puts the page; ignored by git, part of wheels that are made after it."""
_ASSETS: Final = "graphql/assets"
"""Relative to the page, so that a proxy may put all of it under a prefix."""
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES: Final[Mapping[str, str]] = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
}
"""By suffix: all that the build writes."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"
"""Names hold a hash of the content: what is new has a new name (RFC 8246)."""


@dataclass(frozen=True, slots=True)
class Explorer:
    """The page and its parts."""

    html: str
    """The document."""
    policy: str
    """Its content security policy."""
    assets: Mapping[str, Path] = field(default_factory=dict)
    """The files that may be served, by name; none where the page was not built."""


def load_explorer(folder: Path = BUILT) -> Explorer:
    """Return the page that was built into a folder, else the one that says that none was.

    Raises ValueError for a manifest with anything but plain names of known types.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    except FileNotFoundError:
        html = read_page("explorer_missing.html")
        return Explorer(html, _hashed_policy(html))
    assets = {name: folder / _plain(name) for name in manifest["files"]}
    styles = "\n".join(
        f'<link rel="stylesheet" href="{_ASSETS}/{escape(name)}">' for name in manifest["styles"]
    )
    script = f"{_ASSETS}/{escape(manifest['script'])}"
    html = Template(read_page("explorer.html")).substitute(styles=styles, script=script)
    return Explorer(html, _POLICY, assets)


def asset_route(explorer: Explorer) -> Route:
    """Return the route of the page's parts; it answers HEAD as well."""

    async def asset(request: Request) -> Response:
        path = explorer.assets.get(request.path_params["name"])
        content = None if path is None else await _content(path)
        if path is None or content is None:
            return Response(status_code=404, headers={"Cache-Control": "no-store"})
        headers = {"Content-Type": _TYPES[path.suffix], "Cache-Control": _FOR_EVER}
        return Response(content, headers=headers)

    return Route(f"/{_ASSETS}/{{name}}", asset, methods=["GET"], name="asset")


async def _content(path: Path) -> bytes | None:
    """Return a file's bytes; None where a later build has replaced it."""
    try:
        return await anyio.Path(path).read_bytes()
    except FileNotFoundError:
        return None


def _plain(name: str) -> str:
    """Return a name that is one file in one folder; raises ValueError for others."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+\.[a-z]+", name) or Path(name).suffix not in _TYPES:
        raise ValueError("the manifest of the query page names something that is no part of it")
    return name


def _hashed_policy(html: str) -> str:
    """Return the policy of a page that has a style and pictures, and nothing else."""
    return (
        f"default-src 'none'; style-src {own_style(html)}; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
