"""The query page in a real browser: signing in, every example, a file, and its own policy."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.explorer import TABS as TAB_BUTTONS
from kit.explorer import Explorer, explorer_of
from kit.serving import EMAIL, PASSWORD, Served, dns_server, make_owner, run, serving
from mailconfig.simulator.scenarios import SERVICES

pytestmark = pytest.mark.servers

DEMO = [
    "Test: Gmail wants an app password",
    "Test: all is well, with a round trip",
    "Test: wrong TLS mode, with a fix",
    "Fix 1: store a wrong TLS mode",
    "Fix 2: test what was stored last",
    "Fix 3: apply the last fix",
    "Providers of the demo",
]
EXAMPLES = [
    "Find the servers of an address",
    "Watch a discovery",
    "Find a provider",
    "List providers",
    "Validate a form",
    "Test a form",
    "Watch the last test",
    "Cancel the last test",
    "Submit with a file",
    "List configurations",
    "Read the last configuration",
    "Rename the last configuration",
    "Roll it back to its first version",
    "Delete the last configuration",
    "Store a file by itself",
    "Delete the last file",
    "Send a message",
    "Look at a message before",
    "List messages",
    "Follow the last message",
    "Cancel the last message",
    "Explain a reply",
    "Check a domain",
    "Who am I",
]
TABS = [
    "TestConnection",
    "Discover",
    "DiscoveryProgress",
    "Validate",
    "Submit",
    "Configs",
    "Messages",
    "Explain",
    "CheckDomain",
    "Viewer",
]
MANIFEST = Path(__file__).parent.parent.parent / "tools" / "schema" / "documents.json"
LOADED = "performance.getEntriesByType('resource').map(each => new URL(each.name).origin)"
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}])"
MARKS = "monaco.editor.getModelMarkers({}).map(mark => mark.message)"
REFUSED_SCRIPT = """new Promise((done) => {
  const tag = document.createElement("script");
  tag.src = "http://127.0.0.1:1/x.js";
  tag.onerror = () => done("refused");
  document.head.append(tag);
})"""
REFUSED_EVAL = """new Promise((done) => setTimeout(() => {  // a debugger's own words may use eval
  try { done(new Function("return 'ran'")()); } catch (error) { done(error.name); }
}))"""
REFUSED_BLOB = """new Promise((done) => {
  const script = new Blob(["postMessage('ran')"], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(script));
  worker.onmessage = ({ data }) => done(data);
  worker.onerror = () => done("refused");
})"""


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
    """The page of that server, ready."""
    with explorer_of(served, tmp_path) as opened:
        opened.ready()
        yield opened


def test_a_person_signs_in_and_runs_every_example(explorer: Explorer) -> None:
    """Sign-in by cookie, examples with their outcomes, no complaint of the browser; all parts of
    the page, its fonts, editors and workers among them, come from this server.
    """
    assert explorer.examples() == DEMO + EXAMPLES
    assert explorer.tabs() == TABS
    explorer.sign_in("owner@example.com", "a wrong password")
    alert = "document.querySelector('#login [role=alert]').textContent"
    explorer.page.wait(f"{alert} === 'The e-mail address or the password is wrong.'")
    explorer.enter()
    who = explorer.page.run("document.getElementById('who').textContent")
    assert who == "owner@example.com (owner)"
    viewer = explorer.data("Who am I")["viewer"]
    assert (viewer["email"], viewer["role"]) == ("owner@example.com", "OWNER")
    assert explorer.data("Find a provider")["provider"]["name"] == "Gmail (personal)"
    assert explorer.data("Validate a form")["validate"]["valid"] is False
    test = explorer.data("Test a form")["testConnection"]["test"]
    assert test["diagnosis"]["code"] == "DNS_NXDOMAIN"
    progress = explorer.data("Watch the last test")["connectionTestProgress"]
    assert (progress["step"], progress["test"]["status"]) == (None, "FAILED")
    assert explorer.data("Cancel the last test")["cancelTest"]["test"]["status"] == "FAILED"
    assert explorer.data("List configurations")["configs"]["nodes"] == []
    explorer.page.run("document.getElementById('logout').click()")
    explorer.page.wait("document.getElementById('login') !== null")
    (error,) = explorer.result("List configurations")["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert set(explorer.page.run(LOADED)) == {explorer.served.address}
    assert explorer.complaints() == []


def test_files_are_chosen_for_variables(explorer: Explorer) -> None:
    """A bar asks for the file of each variable that takes one; it is uploaded by the next run."""
    explorer.enter()
    explorer.choose("Submit with a file")
    explorer.page.wait("document.querySelector('.files code') !== null")
    path = explorer.page.run("document.querySelector('.files code').textContent")
    assert path == "input.files.0.upload.file"
    assert "data" not in explorer.run()  # no file was chosen
    explorer.take_file("notes.txt", "Dear all")
    payload = explorer.run()["data"]["submit"]
    assert payload["errors"] == []
    (file,) = payload["config"]["files"]
    assert (file["filename"], file["contentType"], file["size"]) == ("notes.txt", "text/plain", 8)
    explorer.choose("Store a file by itself")
    explorer.page.wait("document.querySelector('.files code')?.textContent === 'input.file'")
    explorer.take_file("more.txt", "Dear you")
    stored = explorer.run()["data"]["uploadFile"]["file"]
    assert (stored["filename"], stored["size"]) == ("more.txt", 8)
    assert explorer.data("Delete the last file")["deleteFile"]["deletedId"] == stored["id"]
    explorer.choose("Who am I")
    explorer.page.wait("document.querySelector('.files') === null")
    assert explorer.complaints() == []


def test_a_person_stores_changes_and_deletes(explorer: Explorer) -> None:
    """The examples on what is stored take its id from the answer before. Nothing of what was typed
    or answered gets into the browser's storage: variables hold passwords.
    """
    explorer.enter()
    stored = explorer.data("Fix 1: store a wrong TLS mode")["submit"]["config"]
    assert explorer.data("Read the last configuration")["config"]["id"] == stored["id"]
    renamed = explorer.data("Rename the last configuration")["update"]["config"]
    assert (renamed["name"], renamed["revision"]) == ("Renamed", 2)
    back = explorer.data("Roll it back to its first version")["rollback"]["config"]
    assert (back["name"], back["revision"]) == ("Wrong TLS mode", 3)
    preview = explorer.data("Look at a message before")["previewEmail"]["preview"]
    assert preview["recipients"] == ["someone@example.com"]
    sent = explorer.data("Send a message")["sendEmail"]
    assert sent["errors"] == []
    message = explorer.data("Follow the last message")["message"]
    assert (message["id"], message["config"]["id"]) == (sent["message"]["id"], stored["id"])
    (listed,) = explorer.data("List messages")["messages"]["nodes"]
    assert listed["id"] == message["id"]
    assert explorer.data("Delete the last configuration")["delete"]["deletedId"] == stored["id"]
    read = (
        "[...document.querySelectorAll('.examples button')].find(b => /^Read/.test(b.textContent))"
    )
    assert explorer.page.run(f"{read}.disabled") is True
    local, session = json.loads(explorer.page.run(STORED))
    assert set(local) <= {"graphiql:visiblePlugin", "graphiql:theme"}
    assert session == {}
    assert explorer.complaints() == []


def test_a_person_finds_and_explains(explorer: Explorer) -> None:
    """The examples of discovery, its stream, explaining and domain checks answer."""
    explorer.enter()
    (candidate,) = explorer.data("Find the servers of an address")["discover"]["candidates"]
    assert (candidate["trust"], candidate["needsConsent"]) == ("CATALOGUE", False)
    assert candidate["incoming"]["host"] == "imap.well.localhost"
    result = explorer.data("Watch a discovery")["discoveryProgress"]["result"]
    assert result["candidates"][0]["outgoing"]["host"] == "smtp.well.localhost"
    assert explorer.data("Explain a reply")["explain"]["code"] == "MS_SMTP_TENANT_OFF"
    checks = explorer.data("Check a domain")["checkDomain"]["report"]["checks"]
    assert [check["kind"] for check in checks][:2] == ["MX", "SPF"]
    assert explorer.complaints() == []


def test_two_clicks_show_a_demo_mailbox(explorer: Explorer) -> None:
    """The examples of the demo hold the ports of this start and show success, advice and fix."""
    explorer.enter()
    gmail, well, tls, store, again, apply, listed = DEMO
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
    last = explorer.data("Watch the last test")["connectionTestProgress"]
    assert last["test"]["status"] == "PASSED"
    (error,) = explorer.data(store)["submit"]["errors"]
    assert error["__typename"] == "DuplicateError"
    deleted = explorer.data("Delete the last configuration")["delete"]["deletedId"]
    assert deleted == error["existing"]["id"]
    assert explorer.complaints() == []


def test_without_a_demo_its_examples_are_left_out(tmp_path: Path) -> None:
    """Where no simulated providers run the page offers the other examples only."""
    settings = {"MODE": "development", "DEMO": "false"}
    with (
        serving(tmp_path / "data", **settings) as served,
        explorer_of(served, tmp_path) as explorer,
    ):
        explorer.ready()
        assert explorer.examples() == EXAMPLES
        assert sorted(explorer.tabs()) == sorted(TABS)


def test_the_editors_know_the_schema(explorer: Explorer) -> None:
    """Every tab is free of marks and a wrong field gets one: workers run under the policy."""
    for index in range(len(TABS)):
        explorer.page.run(f"{TAB_BUTTONS}[{index}].click()")
        explorer.run()
        explorer.page.wait(f"{MARKS}.length === 0")  # checks lag behind the editors
    operation = "monaco.editor.getModels().find(m => m.uri.path.endsWith('.graphql'))"
    explorer.page.run(f"{operation}.setValue('{{ viewer {{ shoeSize }} }}')")
    explorer.page.wait(f"{MARKS}.some(text => text.includes('shoeSize'))")
    explorer.page.run("document.querySelector('.graphiql-sidebar button').click()")
    docs = "document.querySelector('.graphiql-doc-explorer')?.textContent ?? ''"
    explorer.page.wait(f"({docs}).includes('Mutation')")
    assert explorer.complaints() == []


def test_the_page_runs_nothing_but_its_own_scripts(explorer: Explorer) -> None:
    """The policy stops inline scripts, those of other hosts, eval, and workers out of blobs."""
    slipped = "<img src=x onerror='window.slipped = 1'>"
    explorer.page.run(f"document.querySelector('.bar').innerHTML = `{slipped}`")
    assert explorer.page.run(REFUSED_SCRIPT) == "refused"
    assert explorer.page.run(REFUSED_EVAL) == "EvalError"
    assert explorer.page.run(REFUSED_BLOB) == "refused"
    assert explorer.page.run("window.slipped") is None
    refused = [text for text in explorer.page.complaints if "Content Security Policy" in text]
    assert len(refused) >= 3


def test_where_documents_are_required_only_staff_get_in(tmp_path: Path) -> None:
    """Others see why there is nothing for them; an owner signs in and sends any document."""
    data = tmp_path / "data"
    settings = {"MODE": "development", "DOCUMENTS_MODE": "require", "DEMO": "false"}
    settings["DOCUMENTS_FILES"] = str(MANIFEST)
    make_owner(data, **settings)
    words = ("user", "create", "--data", data, "--email", "member@example.org", "--role", "member")
    assert run(*words, given=f"{PASSWORD}\n", **settings).returncode == 0
    with serving(data, **settings) as served, explorer_of(served, tmp_path) as explorer:
        heading = explorer.page.run("document.querySelector('.closed h2').textContent")
        assert heading == "This server runs trusted documents only"
        explorer.sign_in("member@example.org", PASSWORD)
        alert = "document.querySelector('#login [role=alert]').textContent"
        explorer.page.wait(f"{alert} === 'Only owners and administrators may use this page here.'")
        assert explorer.page.run("globalThis.monaco === undefined") is True
        explorer.sign_in(EMAIL, PASSWORD)
        explorer.ready()
        assert explorer.data("Who am I")["viewer"]["role"] == "OWNER"
        assert explorer.complaints() == []
