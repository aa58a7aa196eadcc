"""The query page in a real browser: signing in, every example, a file, and its own policy."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kit.chromium import Page, chromium
from kit.serving import Served, dns_server, serving
from mailconfig.simulator.scenarios import SERVICES

pytestmark = pytest.mark.servers

DEMO = [
    "Demo: all is well, with a round trip",
    "Demo: Gmail wants an app password",
    "Demo: wrong TLS mode, with a fix",
    "Fix 1: store a wrong TLS mode",
    "Fix 2: test what was stored last",
    "Fix 3: apply the last fix",
    "Fix 4: delete it",
    "List the demo providers",
]
EXAMPLES = [
    "Who am I",
    "Find the servers of an address",
    "Watch a discovery",
    "Find a provider",
    "Validate a form",
    "Test a form",
    "Watch the last test",
    "Submit with a file",
    "List configurations",
    "Explain a reply",
    "Check a domain",
]
CHOOSE = """(() => {{
  const list = document.getElementById("example");
  list.value = {name};
  list.dispatchEvent(new Event("change"));
}})()"""
SIGN_IN = """(() => {{
  document.getElementById("email").value = "owner@example.com";
  document.getElementById("password").value = {password};
  document.querySelector("#login button").click();
}})()"""
TAKE_FILE = """(() => {
  const files = new DataTransfer();
  files.items.add(new File(["Dear all"], "notes.txt", { type: "text/plain" }));
  document.getElementById("file").files = files.files;
})()"""


@dataclass(frozen=True, slots=True)
class Explorer:
    """The page in a browser."""

    page: Page

    def text(self, name: str) -> str:
        """Return what an element shows."""
        return str(self.page.run(f"document.getElementById('{name}').textContent"))

    def shown(self, name: str) -> bool:
        """Tell whether an element can be seen."""
        return bool(self.page.run(f"!document.getElementById('{name}').hidden"))

    def sign_in(self, password: str) -> None:
        """Fill in the form and press the button."""
        self.page.run(SIGN_IN.format(password=json.dumps(password)))

    def examples(self) -> list[str]:
        """Return the names of all examples, once they are listed."""
        self.page.wait("document.getElementById('query').value !== ''")
        names = "[...document.getElementById('example').options].map(o => o.value)"
        return list(self.page.run(names))

    def enter(self, served: Served) -> None:
        """Sign in with the password that the server has printed."""
        self.examples()
        password = re.search(r"Password +(\S+)", served.out.read_text())
        assert password is not None
        self.sign_in(password[1])
        self.page.wait("document.getElementById('who').textContent !== ''")

    def result(self, example: str) -> str:
        """Choose an example, run it, and return the whole answer."""
        self.page.run(CHOOSE.format(name=json.dumps(example)))
        self.page.run("run()")
        return self.text("answer")

    def data(self, example: str) -> dict[str, Any]:
        """Run an example and return its data; it must have no errors."""
        answer: dict[str, Any] = json.loads(self.result(example))
        assert "errors" not in answer
        data: dict[str, Any] = answer["data"]
        return data


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server in development, in whose DNS no name exists."""
    with (
        dns_server({}) as names,
        serving(tmp_path / "data", MODE="development", DNS_SERVERS=names.endpoint) as running,
    ):
        yield running


@pytest.fixture
def explorer(served: Served, tmp_path: Path) -> Iterator[Explorer]:
    """The page of that server, loaded."""
    with chromium(tmp_path) as page:
        page.open(f"{served.address}/graphql")
        yield Explorer(page)


def test_a_person_signs_in_and_runs_every_example(served: Served, explorer: Explorer) -> None:
    """Sign-in by cookie, examples with their outcomes, and no complaint of the browser."""
    assert explorer.examples() == DEMO + EXAMPLES
    assert (explorer.shown("login"), explorer.shown("logout")) == (True, False)
    explorer.sign_in("a wrong password")
    explorer.page.wait("document.getElementById('answer').textContent.includes('Credentials')")
    explorer.enter(served)
    assert explorer.text("who") == "owner@example.com (owner)"
    assert (explorer.shown("login"), explorer.shown("logout")) == (False, True)
    viewer = explorer.data("Who am I")["viewer"]
    assert viewer == {"email": "owner@example.com", "role": "OWNER"}
    assert explorer.data("Find a provider")["provider"]["name"] == "Gmail (personal)"
    assert explorer.data("Validate a form")["validate"]["valid"] is False
    assert explorer.result("Submit with a file") == "Choose a file first, below the variables."
    explorer.page.run(TAKE_FILE)
    payload = explorer.data("Submit with a file")["submit"]
    assert payload["errors"] == []
    (file,) = payload["config"]["files"]
    assert (file["filename"], file["contentType"], file["size"]) == ("notes.txt", "text/plain", 8)
    test = explorer.data("Test a form")["testConnection"]["test"]
    assert test["diagnosis"]["code"] == "DNS_NXDOMAIN"
    last = json.loads(explorer.result("Watch the last test").splitlines()[-2])
    progress = {"step": None, "test": {"status": "FAILED"}}
    assert last == {"data": {"connectionTestProgress": progress}}
    assert explorer.data("List configurations")["configs"]["totalCount"] == 1
    explorer.page.run("document.getElementById('logout').click()")
    explorer.page.wait("!document.getElementById('login').hidden")
    assert '"code": "UNAUTHENTICATED"' in explorer.result("List configurations")
    assert explorer.page.complaints == []


def test_a_person_finds_and_explains(served: Served, explorer: Explorer) -> None:
    """The examples of discovery, its stream, explaining and domain checks answer."""
    explorer.enter(served)
    (candidate,) = explorer.data("Find the servers of an address")["discover"]["candidates"]
    assert (candidate["trust"], candidate["needsConsent"]) == ("CATALOGUE", False)
    assert candidate["incoming"]["host"] == "imap.fastmail.com"
    result = json.loads(explorer.result("Watch a discovery").strip().splitlines()[-1])
    diagnosis = result["data"]["discoveryProgress"]["result"]["diagnosis"]
    assert diagnosis["code"] == "DNS_NXDOMAIN"
    explained = explorer.data("Explain a reply")["explain"]
    assert explained["code"] == "MS_SMTP_TENANT_OFF"
    titles = [explained[name] for name in ("title", "inGerman", "inFrench")]
    assert len(set(titles)) == len(titles)
    checks = explorer.data("Check a domain")["checkDomain"]["report"]["checks"]
    assert [check["kind"] for check in checks][:2] == ["MX", "SPF"]
    assert explorer.page.complaints == []


def test_two_clicks_show_a_demo_mailbox(served: Served, explorer: Explorer) -> None:
    """The examples of the demo hold the ports of this start and show success, advice and fix."""
    explorer.enter(served)
    well, gmail, tls, store, again, apply, delete, listed = DEMO
    assert explorer.data(listed)["providers"]["totalCount"] == len(SERVICES)
    test = explorer.data(well)["testConnection"]["test"]
    assert (test["status"], test["roundTrip"]["folder"]) == ("PASSED", "INBOX")
    diagnosis = explorer.data(gmail)["testConnection"]["test"]["diagnosis"]
    assert (diagnosis["code"], diagnosis["fix"]) == ("GMAIL_APP_PASSWORD", None)
    assert diagnosis["helpUrl"] == "https://myaccount.google.com/apppasswords"
    fix = explorer.data(tls)["testConnection"]["test"]["diagnosis"]["fix"]
    assert (fix["proven"], fix["incoming"]["security"]) == (True, "TLS")
    assert explorer.data(store)["submit"]["errors"] == []
    assert explorer.data(again)["testConnection"]["test"]["status"] == "FAILED"
    assert explorer.data(apply)["applyFix"]["config"]["incoming"]["security"] == "TLS"
    last = json.loads(explorer.result("Watch the last test").strip().splitlines()[-1])
    assert last["data"]["connectionTestProgress"]["test"]["status"] == "PASSED"
    (error,) = explorer.data(store)["submit"]["errors"]
    assert error["__typename"] == "DuplicateError"
    assert explorer.data(delete)["delete"]["deletedId"] == error["existing"]["id"]
    assert explorer.page.complaints == []


def test_without_a_demo_its_examples_are_left_out(tmp_path: Path) -> None:
    """Where no simulated providers run the page offers the other examples only."""
    settings = {"MODE": "development", "DEMO": "false"}
    with serving(tmp_path / "data", **settings) as served, chromium(tmp_path) as page:
        page.open(f"{served.address}/graphql")
        assert Explorer(page).examples() == EXAMPLES


def test_the_page_runs_nothing_but_its_own_script(explorer: Explorer) -> None:
    """The policy stops scripts that somebody slips in, inline ones and those of other hosts."""
    slipped = "<img src=x onerror='window.slipped = 1'>"
    explorer.page.run(f"document.getElementById('answer').innerHTML = `{slipped}`")
    outcome = explorer.page.run(
        "new Promise((done) => { const tag = document.createElement('script');"
        " tag.src = 'http://127.0.0.1:1/x.js'; tag.onerror = () => done('refused');"
        " document.head.append(tag); })"
    )
    assert outcome == "refused"
    assert explorer.page.run("window.slipped") is None
    assert [text for text in explorer.page.complaints if "Content Security Policy" in text] != []
