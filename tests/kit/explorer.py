"""The query page as a person uses it: signing in, choosing examples, running them, reading answers.

    with serving(...) as served, explorer_of(served, tmp_path) as explorer:
        explorer.enter()
        explorer.data("Who am I")

Needs Chromium and the page that `make install` builds; a missing one is a loud skip, in CI a
failure.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kit.chromium import Page, chromium
from kit.serving import Served
from mailconfig.http.explorer import BUILT

EXAMPLES = "[...document.querySelectorAll('.examples li button')]"
TABS = "[...document.querySelectorAll('.graphiql-tab > button:first-child')]"
MODEL = "monaco.editor.getModels().find(m => m.uri.path.endsWith('{name}'))"
TAKE_FILE = """(() => {{
  const files = new DataTransfer();
  files.items.add(new File([{content}], {name}, {{ type: "text/plain" }}));
  const input = document.querySelector(".files input");
  input.files = files.files;
  input.dispatchEvent(new Event("change", {{ bubbles: true }}));
}})()"""
SIGN_IN = """(() => {{
  const form = document.getElementById("login");
  form.elements.email.value = {email};
  form.elements.password.value = {password};
  form.querySelector("button").click();
}})()"""


@dataclass(frozen=True, slots=True)
class Explorer:
    """The page in a browser."""

    page: Page
    served: Served

    def sign_in(self, email: str, password: str) -> None:
        """Fill in the form and press the button."""
        self.page.run(SIGN_IN.format(email=json.dumps(email), password=json.dumps(password)))

    def enter(self) -> None:
        """Sign in with the password that the server has printed."""
        password = re.search(r"Password +(\S+)", self.served.out.read_text())
        assert password is not None
        self.sign_in("owner@example.com", password[1])
        self.page.wait("document.getElementById('who') !== null")

    def ready(self) -> None:
        """Wait until editors and schema are there."""
        self.page.wait(
            "globalThis.monaco?.editor.getModels().length === 4"
            " && document.querySelector('.graphiql-query-editor .view-line') !== null"
        )

    def examples(self) -> list[str]:
        """Return the names of all examples."""
        return list(self.page.run(f"{EXAMPLES}.map(b => b.textContent)"))

    def tabs(self) -> list[str]:
        """Return the titles of the tabs."""
        return list(self.page.run(f"{TABS}.map(t => t.textContent)"))

    def text(self, name: str) -> str:
        """Return the text of an editor, such as response.json."""
        return str(self.page.run(f"{MODEL.format(name=name)}.getValue()"))

    def choose(self, example: str) -> None:
        """Press the button of an example, which must not be disabled."""
        button = f"{EXAMPLES}.find(b => b.textContent === {json.dumps(example)})"
        self.page.wait(f"{button}?.disabled === false")
        self.page.run(f"{button}.click()")

    def take_file(self, name: str, content: str) -> None:
        """Choose a file for the operation of the tab, once it is asked for."""
        self.page.wait("document.querySelector('.files input') !== null")
        self.page.run(TAKE_FILE.format(name=json.dumps(name), content=json.dumps(content)))

    def run(self) -> dict[str, Any]:
        """Press the button that runs the tab and return the last answer, once all have come."""
        self.page.run(f"{MODEL.format(name='response.json')}.setValue('')")
        button = "document.querySelector('.graphiql-execute-button')"
        self.page.run(f"{button}.click()")
        self.page.wait(
            f"{MODEL.format(name='response.json')}.getValue() !== ''"
            f" && {button}.ariaLabel.startsWith('Execute')"
            " && document.querySelector('.graphiql-spinner') === null"
        )
        answer: dict[str, Any] = json.loads(self.text("response.json"))
        return answer

    def result(self, example: str) -> dict[str, Any]:
        """Choose an example, run it, and return the last answer."""
        self.choose(example)
        return self.run()

    def data(self, example: str) -> dict[str, Any]:
        """Run an example and return its data; it must have no errors."""
        answer = self.result(example)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def complaints(self) -> list[str]:
        """Return what the browser's console said, but for refusals that the server meant."""
        return [text for text in self.page.complaints if "the server responded with" not in text]


@contextmanager
def explorer_of(served: Served, folder: Path) -> Iterator[Explorer]:
    """Open the page of a server, whoever is signed in."""
    if not (BUILT / "manifest.json").exists():
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail("PAGE MISSING: make install has not built the query page", pytrace=False)
        pytest.skip("PAGE MISSING: make install has not built the query page")
    with chromium(folder) as page:
        page.open(f"{served.address}/graphql")
        page.wait("document.querySelector('#login, #who') !== null")
        yield Explorer(page, served)
