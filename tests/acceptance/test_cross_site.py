"""A browser that is signed in visits a page of an attacker: nothing changes, nothing can be read.

The product stands behind TLS, as in production, with its `__Host-` cookie. The attacker has a site
of their own, and one beside ours under the same domain, which browsers call same-site: there they
send the cookie along, so that our own checks are all that is left.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kit.certs import CertificateKit
from kit.chromium import Page, chromium
from kit.fronts import pages, relaying
from kit.servers import free_ports
from kit.serving import EMAIL, PASSWORD, make_owner, run, serving

pytestmark = pytest.mark.servers

THEIR_EMAIL = "attacker@example.org"
"""An account of the attacker's, which they would like us to use unawares."""
APP, NEIGHBOUR, EVIL = "app.example.test", "other.example.test", "evil.test"
SUBMIT = """mutation ($name: String!) { submit(input: { name: $name, emailAddress: "a@example.org",
  outgoing: { host: "smtp.example.org", port: 465, security: TLS } }) {
  config { id } errors { __typename message } } }"""
LOGOUT = "mutation { logout { ok } }"
LOGIN = """mutation { login(input: { email: "EMAIL", password: "PASSWORD" }) {
  session { csrfToken } errors { __typename } } }"""
CONFIGS = "{ configs { totalCount } viewer { email } }"
POST = """(async (url, init) => {
  try {
    const answer = await fetch(url, init);
    return { type: answer.type, status: answer.status, text: await answer.text() };
  } catch (error) {
    return { refused: error.name };
  }
})"""
FORM = """((url, method, enctype, fields) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.name = "target" + Math.random();
  const form = document.createElement("form");
  Object.assign(form, { action: url, method, enctype, target: frame.name });
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("textarea");
    field.name = name;
    field.textContent = value;
    form.append(field);
  }
  document.body.append(frame, form);
  frame.onload = () => {
    let read = null;
    try { read = frame.contentDocument && frame.contentDocument.body.textContent; }
    catch { read = null; }
    done(read || null);
  };
  form.submit();
  setTimeout(() => done(null), 3000);
}))"""
ELEMENT = """((tag, attribute, url) => new Promise((done) => {
  const element = document.createElement(tag);
  element.onload = () => done("loaded");
  element.onerror = () => done("refused");
  element[attribute] = url;
  document.body.append(element);
  setTimeout(() => done("silent"), 3000);
}))"""
SOCKET = """((url, query) => new Promise((done) => {
  const socket = new WebSocket(url, "graphql-transport-ws");
  const heard = [];
  socket.onopen = () => socket.send(JSON.stringify({ type: "connection_init" }));
  socket.onmessage = ({ data }) => {
    heard.push(data);
    if (JSON.parse(data).type === "connection_ack")
      socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
    else done(heard);
  };
  socket.onerror = socket.onclose = () => done(heard);
  setTimeout(() => done(heard), 5000);
}))"""
STREAM = """((url) => new Promise((done) => {
  const source = new EventSource(url, { withCredentials: true });
  source.onopen = () => done("open");
  source.onerror = () => { source.close(); done("refused"); };
}))"""


@dataclass
class Scene:
    """A browser with our session, and the addresses that it knows."""

    page: Page
    app: str
    neighbour: str
    evil: str
    came: list[str]
    """Request lines that reached the product."""

    def fetch(self, url: str, **init: object) -> dict[str, Any]:
        """Send a request from the page that is open, with cookies."""
        given = json.dumps({"credentials": "include", **init})
        answer: dict[str, Any] = self.page.run(f"{POST}({json.dumps(url)}, {given})")
        return answer

    def graphql(self, query: str, csrf: str | None = None, **variables: object) -> dict[str, Any]:
        """Run an operation as our own front end does."""
        headers = {"Content-Type": "application/json"} | ({"X-CSRF-Token": csrf} if csrf else {})
        body = json.dumps({"query": query, "variables": variables})
        answer = self.fetch(f"{self.app}/graphql", method="POST", headers=headers, body=body)
        parsed: dict[str, Any] = json.loads(answer["text"])
        return parsed

    def visit(self, origin: str) -> None:
        """Go to a page of an origin; ours stands for a front end, which may ask its server."""
        self.page.keep_policies(keep=origin != self.app)
        self.page.open(f"{origin}/healthz" if origin == self.app else f"{origin}/")

    def state(self) -> tuple[int, str | None]:
        """Return how many configurations there are and who is signed in, asked by ourselves."""
        self.visit(self.app)
        data = self.graphql(CONFIGS)["data"]
        return data["configs"]["totalCount"], data["viewer"] and data["viewer"]["email"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The product behind TLS, two sites of an attacker, and a browser that is signed in."""
    folder = tmp_path_factory.mktemp("sites")
    kit = CertificateKit(folder / "certs")
    *three, port = free_ports(4)
    ports = dict(zip((APP, NEIGHBOUR, EVIL), three, strict=True))
    app, neighbour, evil = (f"https://{name}:{port}" for name, port in ports.items())
    make_owner(folder / "data")
    words = ("--data", folder / "data", "--email", THEIR_EMAIL)
    assert run("user", "create", *words, given=f"{PASSWORD}\n").returncode == 0
    flags = ("--ignore-certificate-errors", "--host-resolver-rules=MAP * 127.0.0.1")
    leaves = {name: kit.issue(name) for name in ports}
    blank = {"/": "<!doctype html><title>win a prize</title><body></body>"}
    with (
        serving(folder / "data", port=port, PUBLIC_URL=app),
        relaying(leaves[APP], ports[APP], ("127.0.0.1", port)) as came,
        pages(leaves[NEIGHBOUR], ports[NEIGHBOUR], blank),
        pages(leaves[EVIL], ports[EVIL], blank),
        chromium(folder, *flags) as page,
    ):
        made = Scene(page, app, neighbour, evil, came)
        made.visit(app)
        login = LOGIN.replace("EMAIL", EMAIL).replace("PASSWORD", PASSWORD)
        session = made.graphql(login)["data"]["login"]["session"]
        added = made.graphql(SUBMIT, session["csrfToken"], name="Ours")["data"]["submit"]
        assert added["errors"] == []
        assert made.state() == (1, EMAIL)
        yield made


@pytest.fixture(params=["evil", "neighbour"])
def attacker(scene: Scene, request: pytest.FixtureRequest) -> Iterator[str]:
    """One of the attacker's origins, open in the browser; nothing may have changed in the end."""
    origin: str = getattr(scene, request.param)
    scene.visit(origin)
    yield origin
    assert scene.state() == (1, EMAIL)


QUERIES = {
    "logout": {"query": LOGOUT},
    "submit": {"query": SUBMIT, "variables": {"name": "Theirs"}},
    "login": {"query": LOGIN.replace("EMAIL", THEIR_EMAIL).replace("PASSWORD", PASSWORD)},
    "read": {"query": CONFIGS},
}
TYPES = (
    "application/json",
    "application/graphql-response+json",
    "text/plain",
    "text/plain;application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
)


def _body(kind: str, payload: dict[str, Any]) -> str:
    if kind.startswith("multipart/"):
        parts = {"operations": json.dumps(payload), "map": "{}"}
        made = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in parts.items()
        )
        return f"{made}--x--\r\n"
    return json.dumps(payload)


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
@pytest.mark.parametrize("kind", TYPES)
def test_posts_of_every_content_type(scene: Scene, attacker: str, kind: str, mode: str) -> None:
    """No script of theirs changes or reads anything by POST, whatever it says it sends."""
    assert attacker
    for payload in QUERIES.values():
        answer = scene.fetch(
            f"{scene.app}/graphql",
            method="POST",
            mode=mode,
            headers={"Content-Type": kind},
            body=_body(kind, payload),
        )
        assert answer == {"refused": "TypeError"}
        if mode == "no-cors":  # the request came through: it is we who did nothing
            assert scene.came.pop() == "POST /graphql HTTP/1.1"


def test_headers_of_ours_do_not_help(scene: Scene, attacker: str) -> None:
    """Headers that make a request pass elsewhere need a preflight, which nobody answers."""
    assert attacker
    for name in ("Apollo-Require-Preflight", "GraphQL-Require-Preflight", "X-CSRF-Token"):
        answer = scene.fetch(
            f"{scene.app}/graphql",
            method="POST",
            headers={"Content-Type": "text/plain", name: "1"},
            body=json.dumps(QUERIES["logout"]),
        )
        assert answer == {"refused": "TypeError"}


@pytest.mark.parametrize(
    "enctype", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_forms(scene: Scene, attacker: str, enctype: str) -> None:
    """Forms, which need no script and no preflight, change nothing; their answers stay unread."""
    assert attacker
    for payload in QUERIES.values():
        text = json.dumps(payload)
        fields = {"operations": text, "map": "{}", "query": payload["query"]}
        if enctype == "text/plain":  # name=value\r\n: the "=" hides inside of a JSON string
            fields = {text[:-1] + ', "x": "': '"}'}
        for path in ("/graphql", "/api/email-config/", "/api/auth/logout/", "/api/auth/login/"):
            words = ", ".join(map(json.dumps, (scene.app + path, "post", enctype, fields)))
            assert scene.page.run(f"{FORM}({words})") is None


def test_rest_paths(scene: Scene, attacker: str) -> None:
    """The REST paths are no way round: no method, with or without a preflight."""
    assert attacker
    for path in ("/api/email-config/", "/api/auth/logout/", "/api/auth/login/", "/api/auth/csrf/"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            for mode in ("cors", "no-cors"):
                if mode == "no-cors" and method not in ("GET", "POST"):
                    continue  # no browser sends these so
                init: dict[str, object] = {"method": method, "mode": mode}
                if method != "GET":
                    init |= {"headers": {"Content-Type": "text/plain"}, "body": "{}"}
                answer = scene.fetch(scene.app + path, **init)
                assert answer.get("text", "") == ""


def test_addresses_in_elements(scene: Scene, attacker: str) -> None:
    """GET changes nothing, and no element makes its answer readable."""
    assert attacker
    for query in (LOGOUT, CONFIGS):
        url = f"{scene.app}/graphql?query={query.replace(' ', '%20').replace('{', '%7B')}"
        for tag, attribute in (("img", "src"), ("script", "src"), ("link", "href")):
            words = ", ".join(map(json.dumps, (tag, attribute, url)))
            assert scene.page.run(f"{ELEMENT}({words})") != "loaded"
        fields = {"query": query}
        words = ", ".join(map(json.dumps, (f"{scene.app}/graphql", "get", "text/plain", fields)))
        assert scene.page.run(f"{FORM}({words})") is None


def test_beacons(scene: Scene, attacker: str) -> None:
    """What a page sends while it is left changes nothing."""
    assert attacker
    for payload in QUERIES.values():
        words = ", ".join(map(json.dumps, (f"{scene.app}/graphql", json.dumps(payload))))
        assert scene.page.run(f"navigator.sendBeacon({words})")


def test_sockets_and_streams(scene: Scene, attacker: str) -> None:
    """Neither sockets, which know no same-origin policy, nor event streams answer them."""
    assert attacker
    socket = scene.app.replace("https", "wss") + "/graphql"
    words = ", ".join(map(json.dumps, (socket, CONFIGS)))
    assert scene.page.run(f"{SOCKET}({words})") == []
    query = "subscription%7BdiscoveryProgress(input:%7BemailAddress:%22a@b.c%22%7D)%7Bdone%7D%7D"
    words = json.dumps(f"{scene.app}/graphql?query={query}")
    assert scene.page.run(f"{STREAM}({words})") == "refused"


def test_windows(scene: Scene, attacker: str) -> None:
    """A window of ours that they open tells them nothing."""
    assert attacker
    url = json.dumps(f"{scene.app}/graphql?query=%7Bviewer%7Bemail%7D%7D")
    read = scene.page.run(
        f"""new Promise((done) => {{
          const ours = window.open({url});
          setTimeout(() => {{
            let text = null;
            try {{ text = ours.document.body.textContent; }} catch {{ text = null; }}
            if (ours) ours.close();
            done(text || null);
          }}, 1000);
        }})"""
    )
    assert read is None


def test_our_own_page_can(scene: Scene) -> None:
    """The same requests work from our own origin: the attacks fail for where they come from."""
    scene.visit(scene.app)
    token = scene.graphql("{ csrfToken }")["data"]["csrfToken"]
    answer = scene.graphql(SUBMIT, token, name="Again")["data"]["submit"]
    assert [error["__typename"] for error in answer["errors"]] == ["DuplicateError"]
    socket = scene.app.replace("https", "wss") + "/graphql"
    words = ", ".join(map(json.dumps, (socket, CONFIGS)))
    heard = scene.page.run(f"{SOCKET}({words})")
    assert json.loads(heard[1])["payload"]["data"]["viewer"] == {"email": EMAIL}
