"""Facts about the repository that no single module owns: files, documents, house measures."""

import ast
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tools import env_example

from mailconfig.settings import Settings

ROOT = Path(__file__).parent.parent
FUNCTION_MAX_LINES = 60
FILE_MAX_LINES = 400
DECISION_MAX_LINES = 70


def repository_files() -> list[Path]:
    """Return the files that git tracks or would track."""
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in listing.split("\0") if name]
    return [path for path in paths if path.is_file()]


def sources(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    """Return the Python files below a folder, parsed; generated migrations are left out."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "versions" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return all functions of a file, nested ones and methods, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_names_a_machine_or_a_registry() -> None:
    """No file holds a path of a developer's machine or the host of a package registry."""
    # Put together, so that this file passes its own test.
    words = ["/wo" + "rk/", "/ro" + "ot/", "py" + "pi.org", "files.python" + "hosted"]
    words += ["registry.np" + "mjs"]
    # A path of the machine begins with its slash; in an address the same word follows a host.
    wanted = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})".encode())
    found = [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in repository_files()
        if (match := wanted.search(path.read_bytes()))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_have_hashes_and_no_addresses(name: str) -> None:
    """Every package of a lock file is pinned with hashes; nothing says where it comes from."""
    text = (ROOT / name).read_text()
    entry = r"^(\S[^#\n]*)\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)*)"
    entries = re.findall(entry, text, re.MULTILINE)
    starts = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert len(entries) == len(starts) > 20
    assert all("==" in requirement and hashes for requirement, hashes in entries)
    assert "://" not in re.sub(r"(?m)^\s*#.*", "", text)
    assert "--index-url" not in text.replace("--no-emit-index-url", "")


def test_both_locks_agree() -> None:
    """A package that runs has the same version in development."""

    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE))

    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime.items() <= development.items()


def test_the_example_of_settings_is_what_the_code_says() -> None:
    """`.env.example` is the output of `make env-example`: each setting with its description."""
    assert (ROOT / ".env.example").read_text() == env_example.render()
    assert all(field.description for field in Settings.model_fields.values())


def test_the_example_of_settings_means_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever copies `.env.example` unchanged gets the defaults; empty values are no values."""
    for name in [name for name in os.environ if name.startswith("MAILCONFIG_")]:
        monkeypatch.delenv(name)
    defaults = Settings()
    lines = (ROOT / ".env.example").read_text().splitlines()
    for name, _, value in (line.partition("=") for line in lines if line and line[0] != "#"):
        monkeypatch.setenv(name, value)
    assert Settings() == defaults


def makefile_targets() -> set[str]:
    """Return the names of the targets."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def documents() -> list[Path]:
    """Return the pages that people read."""
    return [path for path in repository_files() if path.suffix == ".md"]


def test_documents_name_only_existing_targets_and_files() -> None:
    """Each `make x` and each relative link in a document leads somewhere."""
    wrong = []
    for page in documents():
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE)
        links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
        wrong += [f"{page.name}: make {name}" for name in named if name not in makefile_targets()]
        wrong += [f"{page.name}: {link}" for link in links if not (page.parent / link).exists()]
    assert wrong == []


def test_the_readme_has_its_two_commands() -> None:
    """The README says how to run and how to test."""
    text = (ROOT / "README.md").read_text()
    assert re.search(r"^make run$|`make run`", text, re.MULTILINE)
    assert re.search(r"^make test$|`make test`", text, re.MULTILINE)


def test_documents_name_only_existing_settings() -> None:
    """Each MAILCONFIG_ variable in a document or in compose.yaml is a setting."""
    known = {f"MAILCONFIG_{name.upper()}" for name in Settings.model_fields}
    named = {
        name
        for page in [*documents(), ROOT / "compose.yaml"]
        for name in re.findall(r"\bMAILCONFIG_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8"))
    }
    assert named - known == set()


def decisions() -> list[Path]:
    """Return the decision records, in their order."""
    return sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def test_decisions_are_numbered_without_gaps() -> None:
    """Decision records are 0001, 0002 and so on."""
    numbers = [path.name[:5] for path in decisions()]
    assert numbers == [f"{number:04}-" for number in range(1, len(numbers) + 1)]
    assert len(numbers) >= 8


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.stem)
def test_a_decision_is_short_and_complete(path: Path) -> None:
    """A decision record has its four headings in order, a state and at most 70 lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= DECISION_MAX_LINES
    assert lines[0].startswith(f"# {path.name[:4]} ")
    assert re.fullmatch(r"(Accepted|Superseded by \d{4}), \d{4}-\d{2}-\d{2}", lines[2])
    headings = [line for line in lines if line.startswith("## ")]
    assert headings == ["## Context", "## Decision", "## Consequences", "## Alternatives"]


def test_every_test_states_its_claim() -> None:
    """Every test function has a docstring."""
    silent = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path, tree in sources("tests")
        for function in functions(tree)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert silent == []


def test_every_exception_from_a_rule_has_its_reason() -> None:
    """Each rule of ruff that pyproject.toml switches off has a comment in its line or block."""
    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.pydocstyle]")]
    rows = [line for line in block.splitlines() if re.match(r'\s+"', line)]
    assert len(rows) >= len(tomllib.loads(text)["tool"]["ruff"]["lint"]["ignore"])
    assert [row for row in rows if "#" not in row] == []


def test_every_suppression_has_its_reason() -> None:
    """Each `noqa` in the package says why, beside it or in the line above; none is general."""
    found = []
    for path, _ in sources("src/mailconfig"):
        lines = ["", *path.read_text(encoding="utf-8").splitlines()]
        for number, line in enumerate(lines):
            general = re.search(r"# noqa(?!: [A-Z]+\d)|# type: ignore(?!\[)", line)
            bare = re.search(r"# noqa: [A-Z\d, ]+$", line)
            if general or (bare and not lines[number - 1].lstrip().startswith("#")):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_functions_and_files_stay_small() -> None:
    """A function has at most 60 lines, its docstring included, and a file at most 400."""
    long = []
    for path, tree in sources("src/mailconfig"):
        name = path.relative_to(ROOT)
        lines = len(path.read_text(encoding="utf-8").splitlines())
        long += [f"{name}: {lines}"] if lines > FILE_MAX_LINES else []
        for function in functions(tree):
            length = (function.end_lineno or 0) - function.lineno + 1
            long += [f"{name}: {function.name} {length}"] if length > FUNCTION_MAX_LINES else []
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    """Every module of the package opens with a docstring."""
    paths = [path for path, tree in sources("src/mailconfig") if not ast.get_docstring(tree)]
    assert paths == []


def test_no_module_has_a_vague_name() -> None:
    """No module is called utils, helpers, common, manager or base: such names hold anything."""
    vague = {"util", "utils", "helper", "helpers", "common", "manager", "base", "misc"}
    assert [path for path, _ in sources("src/mailconfig") if path.stem in vague] == []


def test_the_compose_file_is_hardened_and_has_no_default_secrets() -> None:
    """Every service runs without capabilities on a read-only file system; secrets are demanded."""
    text = (ROOT / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    assert set(services) == {"db", "migrate", "api"}
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in service["tmpfs"]  # noqa: S108 - a path in the container
    assert all(port.startswith("127.0.0.1:") for port in services["api"]["ports"])
    assert set(re.findall(r"\$\{\w+(.{2})", text)) == {":?"}


def test_the_python_floor_is_the_same_everywhere() -> None:
    """pyproject.toml, the Makefile and the README agree on the oldest Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"
    assert "sys.version_info < (3, 11)" in (ROOT / "Makefile").read_text()
    assert "3.11" in (ROOT / "README.md").read_text()
