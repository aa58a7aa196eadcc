"""docs/clients.md: its code generates, passes the type check and works against a server.

The page's own configuration generates types for the example documents; its modules are compiled
with `tsc --strict` and used by docs.mjs, on a server as it comes and on one that demands trusted
documents of the page's manifest.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from kit.node import (
    CLIENTS,
    ROOT,
    TOOLS,
    node_command,
    results_of,
    run_node,
    simulated_servers,
)
from kit.serving import PASSWORD, Served, make_owner, serving, signed_in

PAGE = ROOT / "docs" / "clients.md"
MODULES = {
    "codegen",
    "src/endpoint",
    "src/apollo",
    "src/apollo-events",
    "src/urql",
    "src/session",
    "src/saving",
    "src/failures",
    "src/testing",
    "src/trusted",
}
LOCAL_IMPORT = re.compile(r"(?<=from ')(\./[\w/-]+)(?=')")
"""Bundlers find a module without its ending, Node does not."""
OPEN = {
    "signing in": ["The e-mail address or the password is wrong.", None],
    "a reload": [["ForbiddenError"], []],
    "saving": {
        "once": True,
        "files": ["terms.txt"],
        "duplicate": True,
        "wrong": ["emailAddress"],
        "cached": "page",
    },
    "pages": 4,
    "a test over a socket": "PASSED",
    "a test over events": "PASSED",
    "urql by fetch": 1,
    "urql over a socket": 1,
    "an empty list of urql": [],
    "an upload by urql": "x.txt",
    "failures": {
        "apollo": {"kind": "signIn"},
        "urql": {"kind": "signIn"},
        "lost": {"kind": "offline"},
    },
}
TRUSTED = {
    "a text is refused": {"kind": "reload"},
    "documents by hash": {
        "apollo": "owner@example.org",
        "urql": "owner@example.org",
        "stream": 1,
        "texts": 0,
        "requests": 4,
    },
}


def blocks() -> Mapping[str, str]:
    """Return the TypeScript modules of the page by their names."""
    found = re.findall(r"^```ts\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    named = [(re.match(r"// (\S+)\.ts\n", block), block) for block in found]
    return {name[1]: block for name, block in named if name is not None}


def test_every_block_is_a_module_that_is_run() -> None:
    """No block of code of the page is left out by the test below."""
    fences = re.findall(r"^```(\w+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert fences == ["ts"] * len(MODULES)
    assert blocks().keys() == MODULES


def folder_in(project: Path) -> Path:
    """Make a folder from which the packages of a project are found."""
    build = project / "build"
    build.mkdir(exist_ok=True)
    return Path(mkdtemp(prefix="docs-", dir=build))


def generate(folder: Path) -> Path:
    """Generate by the page's configuration; return the folder with types and manifest."""
    (folder / "codegen.ts").write_text(blocks()["codegen"])
    shutil.copy(ROOT / "schema.graphql", folder)
    shutil.copytree(TOOLS / "documents", folder / "src" / "documents")
    tool = TOOLS / "node_modules" / ".bin" / "graphql-codegen"
    done = run_node(node_command(TOOLS, tool, "--silent"), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "src" / "gql"


def compile_modules(folder: Path, generated: Path) -> Path:
    """Compile the page's modules; return the folder with what Node can run."""
    source, compiled = folder / "src", folder / "out"
    shutil.copytree(generated, source / "gql")
    for name, block in blocks().items():
        if name.startswith("src/"):
            (folder / f"{name}.ts").write_text(block)
    options = json.loads((CLIENTS / "tsconfig.docs.json").read_text())
    options["compilerOptions"] |= {"rootDir": str(source), "outDir": str(compiled)}
    (folder / "tsconfig.json").write_text(json.dumps({**options, "include": ["src/**/*.ts"]}))
    tool = CLIENTS / "node_modules" / ".bin" / "tsc"
    done = run_node(node_command(CLIENTS, tool, "-p", folder))
    assert done.returncode == 0, done.stdout
    for module in compiled.rglob("*.js"):
        module.write_text(LOCAL_IMPORT.sub(r"\1.js", module.read_text()))
    return compiled


@pytest.fixture
def made() -> Iterator[tuple[Path, Path]]:
    """The compiled modules and the manifest of the page."""
    node_command(CLIENTS), node_command(TOOLS)
    folders = folder_in(TOOLS), folder_in(CLIENTS)
    try:
        generated = generate(folders[0])
        yield compile_modules(folders[1], generated), generated / "persisted-documents.json"
    finally:
        for folder in folders:
            shutil.rmtree(folder)


def play(served: Served, modules: Path, **given: object) -> dict[str, Any]:
    """Use the modules on a server and return what came of each case."""
    told = {"url": f"{served.address}/graphql", "password": PASSWORD, **given}
    words = node_command(CLIENTS, "docs.mjs", modules)
    return results_of(run_node(words, json.dumps(told), cwd=CLIENTS))


def test_the_code_of_the_page_works(made: tuple[Path, Path], tmp_path: Path) -> None:
    """Sign-in, saving, uploads, lists, live tests, failures and trusted documents come out as the
    page says.
    """
    modules, manifest = made
    data = tmp_path / "data"
    settings = {"MODE": "development", "SIMULATOR_PORT": 0, "DNS_SERVERS": "127.0.0.1:9"}
    make_owner(data, **settings)
    with serving(data, "open", **settings) as served, signed_in(served) as client:
        servers = simulated_servers(client)
        assert play(served, modules, servers=servers) == OPEN
    required = {"DOCUMENTS_MODE": "require", "DOCUMENTS_FILES": manifest}
    with serving(data, "trusted", **settings, **required) as served:
        assert play(served, modules, servers=servers, trusted=True) == TRUSTED
