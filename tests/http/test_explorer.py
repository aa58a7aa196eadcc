"""The query page and its parts: what is served, as what, for how long, and nothing else."""

import base64
import json
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from mailconfig.http.explorer import Explorer, asset_route, load_explorer
from mailconfig.http.middleware import RequestIds

FILES = {
    "page-AAAA1111.js": "import './chunk-BBBB2222.js'",
    "chunk-BBBB2222.js": "export {}",
    "chunk-CCCC3333.css": "b {}",
    "page-DDDD4444.css": "i {}",
    "codicon-EEEE5555.ttf": "font",
    "licences-FFFF6666.txt": "MIT",
}
MANIFEST = {
    "script": "page-AAAA1111.js",
    "styles": ["chunk-CCCC3333.css", "page-DDDD4444.css"],
    "files": list(FILES),
}
FOR_EVER = "public, max-age=31536000, immutable"


def build(folder: Path, manifest: object = MANIFEST) -> Explorer:
    """Lay out a build, with a file more than the manifest lists, and load it."""
    for name, content in {**FILES, "stray.js": "stray"}.items():
        (folder / name).write_text(content)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder.parent / "outside.js").write_text("outside")
    return load_explorer(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for a build."""
    made = tmp_path / "graphiql"
    made.mkdir()
    return made


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that serves a build."""
    app = Starlette(routes=[asset_route(build(folder))], middleware=[Middleware(RequestIds)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def test_the_page_names_its_parts_and_nothing_of_elsewhere(folder: Path) -> None:
    """Styles in order, one script, all relative; no inline script, no address of another host."""
    html = build(folder).html
    hrefs = re.findall(r'<link rel="stylesheet" href="([^"]+)">', html)
    assert hrefs == ["graphql/assets/chunk-CCCC3333.css", "graphql/assets/page-DDDD4444.css"]
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL)
    assert scripts == [(' type="module" src="graphql/assets/page-AAAA1111.js"', "")]
    assert "//" not in html
    assert "style=" not in html


def test_the_policy_lets_nothing_but_our_own_files_run(folder: Path) -> None:
    """Scripts and workers of this origin, no eval, no blobs, nothing inline but styles."""
    assert build(folder).policy == (
        "default-src 'none'; script-src 'self'; worker-src 'self';"
        " style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("page-AAAA1111.js", "text/javascript; charset=utf-8"),
        ("page-DDDD4444.css", "text/css; charset=utf-8"),
        ("codicon-EEEE5555.ttf", "font/ttf"),
        ("licences-FFFF6666.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_a_part_is_served_for_ever(
    client: httpx.AsyncClient, name: str, content_type: str
) -> None:
    """Its bytes under its type, never sniffed, for ever; HEAD has the same headers."""
    response = await client.get(f"/graphql/assets/{name}")
    assert (response.status_code, response.text) == (200, FILES[name])
    assert response.headers["content-type"] == content_type
    assert response.headers["cache-control"] == FOR_EVER
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    head = await client.head(f"/graphql/assets/{name}")
    assert head.headers["content-length"] == str(len(FILES[name]))


@pytest.mark.parametrize(
    "path",
    [
        "stray.js",  # in the folder, not in the manifest
        "manifest.json",
        "../outside.js",
        "..%2Foutside.js",
        "%2e%2e/outside.js",
        "..%5Coutside.js",
        "%2Fetc%2Fpasswd",
        "page-AAAA1111.js%00",
        "PAGE-AAAA1111.JS",
        "",
        ".",
    ],
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    """What the manifest does not list is not there, however it is asked for."""
    url = httpx.URL("http://test").copy_with(raw_path=f"/graphql/assets/{path}".encode())
    response = await client.get(url)
    assert response.status_code == 404
    assert "outside" not in response.text


async def test_a_part_that_a_later_build_replaced_is_gone(
    client: httpx.AsyncClient, folder: Path
) -> None:
    """A page from before a new build gets 404 for the old names, which nobody may cache."""
    (folder / "page-AAAA1111.js").unlink()
    response = await client.get("/graphql/assets/page-AAAA1111.js")
    assert (response.status_code, response.headers["cache-control"]) == (404, "no-store")


async def test_parts_are_only_read(client: httpx.AsyncClient) -> None:
    """Other methods are refused."""
    assert (await client.post("/graphql/assets/page-AAAA1111.js")).status_code == 405


@pytest.mark.parametrize(
    "name", ["../outside.js", "a/b.js", "/etc/passwd", "page.html", "page", ".js", "a b.js", ""]
)
def test_a_manifest_with_other_names_is_refused(folder: Path, name: str) -> None:
    """Only plain names of known types can ever be served."""
    with pytest.raises(ValueError, match="no part of it"):
        build(folder, {**MANIFEST, "files": [*FILES, name]})


def test_without_a_build_the_page_says_so(tmp_path: Path) -> None:
    """In plain words, with what to do, without a script, under a policy of its style's hash."""
    explorer = load_explorer(tmp_path)
    assert "The query page was not built" in explorer.html
    assert "install Node 20 or newer with npm, run <code>make install</code>" in explorer.html
    assert "<script" not in explorer.html
    assert explorer.assets == {}
    (style,) = re.findall(r"<style>(.*?)</style>", explorer.html, re.DOTALL)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert explorer.policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
