"""Pages of security say what the code has: rules of access, algorithms, and the fields of the log.

`python tests/test_security_pages.py` writes docs/access.md anew from the table of access.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "mailconfig"
DOCS = ROOT / "docs"
CRYPTOGRAPHY = re.compile(r"(hashlib|hmac|cryptography|jwt|argon2|secrets)\b")
"""Modules whose users have a row in the inventory."""
CALLS = {"os.urandom", "ssl.SSLContext", "crc32"}
"""And calls."""
SHOWN = {
    "+": "yes",
    "!": "yes",
    "o": "anybody",
    "--": "sign in",
    "f": "no",
    "n": "not found",
    "0": "null",
}
"""Cell of the table of access -> word of the page."""
CALLERS = ("viewer", "member", "admin", "owner", "other owner", "nobody")
COLUMNS = (1, 2, 3, 4, 5, 0)
"""Where these stand in the table."""
HEAD = """# Who may do what

Written by `python tests/test_security_pages.py` from the table that
[tests/acceptance/test_access.py](../tests/acceptance/test_access.py) tries on each operation and
route. A row is about what a member has for themselves, unless it says `shared`, which all of the
workspace see; *other owner* owns another workspace. `config`, `test`, `file` and the like after the
name say what the request is about, `owner` that it is about an owner.

- *yes*: done, if nothing else is in the way. *anybody*: the same for all, signed in or not.
- *no*: refused with `ForbiddenError`. *not found*, *null*: as for what never existed.
- *sign in*: refused with `UnauthenticatedError`.
- The scope is what API keys and embed tokens need beside the role of their member; *people*: none
  lets them in. A key's member needs the role, too.

Roles are in [workspaces.md](workspaces.md), scopes in [machines.md](machines.md).

## Fields

Whoever may see an object sees all of its fields, with these exceptions:

| field | who |
| --- | --- |
| passwords, tokens and keys of any object | nobody: there is no such field, they are write-only |
| `token`, `key`, `refreshToken` and the like of a payload | who made it, in that answer alone |
| `members` and `invitations` of a workspace, `oauthClients`, `auditEvents`, `suppressions` \
| `ADMIN`, `OWNER` |
| `sessions`, `apiKeys` | people: neither keys nor embed tokens |
| `files` and `lastTest` of a configuration, `config` of a message, \
`current`, `existing` | with the scope `configs:read` |
| what an embed token does not have for its purpose | nobody by that token: it is not found |

Fields that nobody may set are in no input: revision, status, owner, workspace, times and verdicts.
Owners and administrators see the metadata of all configurations of their workspace, and the
messages that were sent by them; `update`, `rollback`, tests and sending of a member's own are the
member's.

## Operations and routes

"""


def table() -> dict[str, list[str]]:
    """Return the rows of the table of access."""
    text = (ROOT / "tests" / "acceptance" / "test_access.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TABLE":
            given: Any = node.value
            lines = given.args[0].value.splitlines()
            kept = [line for line in lines if line and not line.startswith("#")]
            return {line[:48].strip(): line[48:].split() for line in kept}
    raise AssertionError("there is no table of access")


def access_page() -> str:
    """Return docs/access.md as the table says it."""
    head = ["operation or route", *CALLERS, "scope"]
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for row, cells in table().items():
        shown = [SHOWN[cells[column]] for column in COLUMNS]
        # A path has bars nowhere, and braces that are ours.
        lines.append(f"| `{row}` | {' | '.join(shown)} | {cells[-1]} |")
    return HEAD + "\n".join(lines) + "\n"


def users() -> Iterator[str]:
    """Yield the modules that use cryptography, as `storage.sealing`."""
    for path in SOURCES.rglob("*.py"):
        parts = path.relative_to(SOURCES).with_suffix("").parts
        if parts[0] == "simulator":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named: list[str] = []
            if isinstance(node, ast.Import):
                named = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                named = [node.module or ""]
            called = isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS
            if called or any(CRYPTOGRAPHY.match(each) for each in named):
                yield ".".join(parts)


def test_the_page_of_access_is_that_of_the_table() -> None:
    """Each row with each caller; a change of the table needs the page written anew."""
    assert (DOCS / "access.md").read_text(encoding="utf-8") == access_page()
    assert len(table()) > 80


def test_the_inventory_has_each_module() -> None:
    """Whatever hashes, signs, seals, draws or makes a context of TLS stands in a row, once used."""
    text = (DOCS / "cryptography.md").read_text(encoding="utf-8")
    modules = {path.relative_to(SOURCES).with_suffix("") for path in SOURCES.rglob("*.py")}
    known = {".".join(each.parts) for each in modules}
    named = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", text)) & known
    assert set(users()) - named == set()


def test_the_page_of_logs_has_the_fields_of_a_refusal() -> None:
    """As the log writes them."""
    text = (DOCS / "logs.md").read_text(encoding="utf-8")
    tree = ast.parse((SOURCES / "services" / "denials.py").read_text(encoding="utf-8"))
    (facts,) = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    fields = {ast.literal_eval(key) for key in facts.keys if key is not None}
    assert [field for field in sorted(fields) if f"`{field}" not in text and field != "needs"] == []


if __name__ == "__main__":
    (DOCS / "access.md").write_text(access_page(), encoding="utf-8")
