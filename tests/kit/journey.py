"""A long session in which secrets go everywhere they can go, right and wrong; all answers are kept.

    journey = Journey(client, imap_port, smtp_port)
    await journey.sign_in(email, password)
    await journey.use()
    await journey.ask()
    await journey.misuse()
    journey.kept, journey.answers

Each secret is used for one thing, so that a leak tells where it came from.
"""

import base64
import json
from typing import Any

import httpx

from kit.leaks import Place, new_secret, new_token
from kit.uploads import Authority

HOST = "127.0.0.1"
ERRORS = "errors { __typename message path ... on ValidationIssue { suggestion } }"
LOGIN = f"""
mutation ($input: LoginInput!) {{
  login(input: $input) {{ session {{ accessToken csrfToken viewer {{ email }} }} {ERRORS} }}
}}
"""
SUBMIT = f"""
mutation ($input: SubmitInput!) {{ submit(input: $input) {{ config {{ id }} {ERRORS} }} }}
"""
UPDATE = f"""
mutation ($input: UpdateInput!) {{ update(input: $input) {{ config {{ id }} {ERRORS} }} }}
"""
ROLLBACK = f"""
mutation ($input: RollbackInput!) {{ rollback(input: $input) {{ config {{ id }} {ERRORS} }} }}
"""
VALIDATE = f"""
mutation ($input: ValidateInput!) {{
  validate(input: $input) {{ valid issues {{ code message path suggestion }} {ERRORS} }}
}}
"""
TEST = f"""
mutation ($input: TestConnectionInput!) {{
  testConnection(input: $input) {{
    test {{
      status
      steps {{
        kind status serverReply capabilities mechanism
        diagnosis {{ code title advice serverReply }}
      }}
      diagnosis {{ code title advice serverReply fix {{ title incoming {{ host username }} }} }}
    }}
    {ERRORS}
  }}
}}
"""
UPLOAD = f"""
mutation ($input: UploadFileInput!) {{ uploadFile(input: $input) {{ file {{ id }} {ERRORS} }} }}
"""
EXPLAIN = """
query ($input: ExplainInput!) { explain(input: $input) { code title advice serverReply } }
"""
DISCOVER = f"""
mutation ($input: DiscoverInput!) {{
  discover(input: $input) {{
    domain candidates {{ incoming {{ host username }} }} evidence {{ source detail }} {ERRORS}
  }}
}}
"""
EVERYTHING = """
{
  configs {
    nodes {
      id name emailAddress revision status
      incoming { host username secretSetAt } outgoing { host username secretSetAt }
      files { id url } versions { nodes { revision incoming { username } } }
      tests { nodes { status steps { kind serverReply capabilities } diagnosis { serverReply } } }
    }
  }
}
"""


class Journey:
    """One session of a client, with every secret and every answer."""

    def __init__(self, client: httpx.AsyncClient, imap_port: int, smtp_port: int) -> None:
        self.client = client
        self.ports = {"incoming": imap_port, "outgoing": smtp_port}
        self.kept: dict[str, str] = {}
        """Name -> secret."""
        self.answers: list[Place] = []
        self.token = ""

    def secret(self, name: str) -> str:
        """Make up a secret that is used for one thing."""
        return self.kept.setdefault(name, new_secret())

    def bearer(self, name: str) -> str:
        """Make up a token."""
        return self.kept.setdefault(name, new_token())

    def word(self, name: str) -> str:
        """Make up a secret that GraphQL reads as a name."""
        return self.kept.setdefault(name, f"w{new_token()[5:-4]}")

    async def send(self, name: str, method: str, url: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Send a request and keep the whole answer under a name."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        self.client.cookies.clear()
        response = await self.client.request(method, url, headers=headers, **options)
        told = repr(response.headers.multi_items()).encode() + response.content
        self.answers.append(Place(f"answer to {name}", told))
        return response

    async def run(self, name: str, query: str, given: object) -> dict[str, Any]:
        """Run an operation with an input; return its data, empty where there is none."""
        body = {"query": query, "variables": {"input": given}}
        answer = (await self.send(name, "POST", "/graphql", json=body)).json()
        return answer.get("data") or {}

    def server(self, side: str, name: str, **changes: object) -> dict[str, Any]:
        """Return a server of this machine with a password of its own."""
        secret = {"password": self.secret(f"{name}, {side}")}
        base = {"host": HOST, "port": self.ports[side], "security": "TLS", "username": "ann"}
        return {**base, "secret": secret, **changes}

    def form(self, name: str, **changes: object) -> dict[str, Any]:
        """Return a form with two servers."""
        sides = {side: self.server(side, name) for side in ("incoming", "outgoing")}
        return {"name": "Work", "emailAddress": "ann@example.net", **sides, **changes}

    async def sign_in(self, email: str, password: str) -> None:
        """Sign in, after some wrong attempts."""
        self.kept["login password"] = password
        for name, wrong in (("wrong password", email), ("unknown user", "eve@example.org")):
            await self.run(name, LOGIN, {"email": wrong, "password": self.secret(name)})
        given = {"email": email, "password": password}
        response = await self.send(
            "login", "POST", "/graphql", json={"query": LOGIN, "variables": {"input": given}}
        )
        self.token = response.json()["data"]["login"]["session"]["accessToken"]
        self.kept["access token"] = self.token
        self.kept["access token's signature"] = self.token.rpartition(".")[2]
        self.kept["session cookie"] = response.cookies["mailconfig_session"]

    async def use(self) -> str:
        """Do with secrets what they are for; return the id of a configuration."""
        submitted = self.form("submit", idempotencyKey="key-1")
        config_id = str((await self.run("submit", SUBMIT, submitted))["submit"]["config"]["id"])
        given = {"id": config_id, "incoming": self.server("incoming", "update")}
        assert (await self.run("update", UPDATE, given))["update"]["errors"] == []
        typed = {"password": self.secret("rollback")}
        given = {"id": config_id, "revision": 1, "incomingSecret": typed}
        assert (await self.run("rollback", ROLLBACK, given))["rollback"]["errors"] == []
        target = {"target": {"configId": config_id}, "waitSeconds": 20}
        test = (await self.run("test", TEST, target))["testConnection"]["test"]
        assert test["status"] == "PASSED", test
        token = {"accessToken": self.bearer("token")}
        tokens = {"secret": token, "authentication": "XOAUTH2"}
        drafts = {
            "draft": {},
            "refused draft": {"username": "bad"},
            "token": tokens,
            "refused token": {**tokens, "username": "bad"},
            "secret as user": {"username": f"bad {self.secret('secret as user')}"},
        }
        for name, changes in drafts.items():
            sides = {side: self.server(side, name, **changes) for side in self.ports}
            draft = {"emailAddress": "ann@example.net", **sides}
            await self.run(f"validation of {name}", VALIDATE, {"draft": draft})
            found = await self.run(
                f"test of {name}", TEST, {"target": {"draft": draft}, "waitSeconds": 20}
            )
            status = "FAILED" if "bad" in str(changes) else "PASSED"
            assert found["testConnection"]["test"]["status"] == status, name
        await self.send("everything", "POST", "/graphql", json={"query": EVERYTHING})
        return config_id

    async def ask(self) -> None:
        """Paste secrets to have them explained, and look for the servers of an address."""
        plain = base64.b64encode(f"\0ann\0{self.secret('pasted message')}".encode()).decode()
        pasted = {
            "pasted message": f"AUTH PLAIN\n334 \n{plain}\n535 5.7.8 no",
            "pasted login": f'a1 LOGIN ann "{self.secret("pasted login")}"\na1 NO no',
            "pasted environment": f"SMTP_PASSWORD={self.secret('pasted environment')}\n535 no",
            "pasted call": f"smtp.login('ann', '{self.secret('pasted call')}') 535 5.7.8 no",
            "pasted much": self.secret("pasted much") * 2000,
        }
        for name, text in pasted.items():
            await self.run(f"explanation of {name}", EXPLAIN, {"text": text})
        address = f"{self.word('address to find')}@gmail.com"
        found = await self.run("discovery", DISCOVER, {"emailAddress": address})
        assert found["discover"]["candidates"][0]["incoming"]["username"] == address
        wrong = f"{self.word('no address')}@{self.secret('no domain')}"
        found = await self.run("discovery of nonsense", DISCOVER, {"emailAddress": wrong})
        assert found["discover"]["errors"] != []

    async def misuse(self) -> None:
        """Send secrets where they do not belong: refused forms, malformed requests, headers."""
        await self._refused_forms()
        await self._wrong_types()
        await self._malformed()
        await self._private_key()

    async def _refused_forms(self) -> None:
        long = self.secret("too long") * 300
        forms = {
            "duplicate": {},
            "conflict": {"idempotencyKey": "key-1"},
            "refused": {"emailAddress": "no address"},
            "too long": {"incoming": self.server("incoming", "", secret={"password": long})},
            "host": {"incoming": self.server("incoming", "", host=self.secret("host"))},
            "address": {"emailAddress": f"{self.secret('address')}@"},
            "key": {"metadata": {"password": self.secret("key")}, "emailAddress": "no"},
            "id": {"providerId": self.secret("id")},
        }
        for name, changes in forms.items():
            found = await self.run(name, SUBMIT, self.form(f"form, {name}", **changes))
            assert found["submit"]["errors"], name
            draft = {key: value for key, value in changes.items() if key != "idempotencyKey"}
            await self.run(f"validation, {name}", VALIDATE, {"draft": draft})

    async def _wrong_types(self) -> None:
        def server(**changes: object) -> dict[str, Any]:
            return self.server("incoming", f"type, {len(self.answers)}", **changes)

        wrong = {
            "missing field": {"incoming": server()},
            "number as text": self.form("a", incoming=server(port=self.secret("number"))),
            "unknown word": self.form("b", incoming=server(security=self.secret("word"))),
            "unknown field": self.form("c", **{self.secret("field"): 1}),
            "list": self.form("d", incoming=server(secret={"password": [self.secret("list")]})),
            "two secrets": self.form(
                "e", incoming=server(secret={"password": self.secret("two"), "keep": True})
            ),
            "text for input": self.secret("input"),
            "file": self.form("f", files=[{"upload": {"file": self.secret("f"), "kind": "X"}}]),
        }
        for name, given in wrong.items():
            assert await self.run(name, SUBMIT, given) == {}, name
            self.client.cookies.clear()
        variables = {"input": self.secret("login input")}
        await self.send(
            "login input", "POST", "/graphql", json={"query": LOGIN, "variables": variables}
        )

    async def _malformed(self) -> None:
        def literal(name: str) -> str:
            return json.dumps(self.secret(name))

        queries = {
            "literal": f"mutation {{ login(input: {{email: 1, password: {literal('literal')}}}) }}",
            "syntax": f"mutation {{ login(input: {{password: {literal('syntax')} ]",
            "word": f"mutation {{ login(input: {{email: 1, password: {self.word('word')}}}) }}",
            "name": f"{{ {self.word('name')} }}",
            "open text": f"{{ viewer(a: {literal('open text')[:-1]}",
        }
        for name, query in queries.items():
            await self.send(name, "POST", "/graphql", json={"query": query})
            await self.send(f"{name} by GET", "GET", "/graphql", params={"query": query})
        bodies = {
            "cut JSON": f'{{"query": "x", "variables": {{"password": {literal("cut JSON")}',
            "text body": literal("text body"),
            "list body": f"[{literal('list body')}]",
            "variables": f'{{"query": "{{ csrfToken }}", "variables": {literal("variables")}}}',
            "operation": f'{{"query": "{{ csrfToken }}", "operationName": {literal("operation")}}}',
        }
        for name, body in bodies.items():
            headers = {"Content-Type": "application/json"}
            await self.send(name, "POST", "/graphql", content=body.encode(), headers=headers)
        forms = {"operations": literal("operations"), "map": literal("map")}
        headers = {"GraphQL-Require-Preflight": "1"}
        half = {"operations": "{}", "map": literal("map")}
        for part in (forms, half, {self.bearer("part"): "1"}):
            files = {"0": ("a", b"a")}
            await self.send("form", "POST", "/graphql", data=part, files=files, headers=headers)
        for name in ("Bearer", "Basic", "Digest"):
            await self.send(
                name,
                "POST",
                "/graphql",
                json={"query": "{ viewer { id } configs { totalCount } }"},
                headers={"Authorization": f"{name} {self.bearer(name)}"},
            )
        for method in ("PUT", "DELETE"):
            await self.send(method, method, "/graphql", content=self.secret(method).encode())
        await self.send("path", "GET", f"/files/{self.bearer('path')}/x?signature=1&expires=1")
        await self.send("query", "GET", "/healthz", params={"password": self.secret("query")})

    async def _private_key(self) -> None:
        pem = Authority().key_pem
        self.kept["private key"] = pem.decode().splitlines()[1]
        for kind in ("CA_CERTIFICATE", "SIGNATURE_IMAGE"):
            operations = {"query": UPLOAD, "variables": {"input": {"file": None, "kind": kind}}}
            response = await self.send(
                f"private key as {kind}",
                "POST",
                "/graphql",
                data={
                    "operations": json.dumps(operations),
                    "map": json.dumps({"0": ["variables.input.file"]}),
                },
                files={"0": ("key.pem", pem, "application/x-pem-file")},
                headers={"GraphQL-Require-Preflight": "1"},
            )
            (error,) = response.json()["data"]["uploadFile"]["errors"]
            assert error["__typename"] == "FileRefusedError"
