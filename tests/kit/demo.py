"""The application with the simulated providers and the prober that dials, all in this process.

    async with demonstrating(settings) as demo:
        test = await demo.tested("app-password@gmail.localhost")

Step times are short, so that a server that never answers does not hold a test up; nothing else
differs from `mailconfig serve` in development.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from kit.api import MEMBER, Api, FakeProber, open_sessions, running
from kit.sweeping import watched
from mailconfig.app import create_app
from mailconfig.domain.demo import Demo, DemoProvider
from mailconfig.domain.providers import ProviderServer
from mailconfig.settings import Settings
from mailconfig.simulator.scenarios import SERVICES
from mailconfig.simulator.server import Simulator

STEP_SECONDS = 2.0
"""For each step: a busy test machine needs a tenth of it for a handshake on loopback."""
TEST = """
mutation ($target: ConnectionTestTarget!) {
  testConnection(input: { target: $target, waitSeconds: 25 }) {
    test {
      id status
      steps { protocol kind status diagnosis { code } }
      diagnosis {
        code title advice
        fix { id incoming { host port security username } outgoing { host port security username } }
      }
    }
    errors { __typename message path }
  }
}
"""
VALIDATE = """
mutation ($draft: DraftInput!) {
  validate(input: { draft: $draft }) { valid issues { severity code path } }
}
"""


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A client of the application, and what the simulator told."""

    api: Api
    demo: Demo

    def provider(self, address: str) -> DemoProvider:
        """Return the row of an address."""
        domain = address.partition("@")[2]
        return next(row for row in self.demo.providers if row.domain == domain)

    def form(self, address: str, secret: object = None) -> dict[str, Any]:
        """Return the form that a user gets who chooses the row and types the password."""
        row = self.provider(address)
        given = secret or {"password": self.demo.password}
        return {
            "name": address,
            "emailAddress": address,
            "providerId": row.id,
            "incoming": _server(row.incoming, given),
            "outgoing": _server(row.outgoing, given),
        }

    async def tested(self, address: str, secret: object = None) -> dict[str, Any]:
        """Test the form of an address unsaved and return the finished test."""
        return await self.test({"draft": self.form(address, secret)})

    async def test(self, target: object) -> dict[str, Any]:
        """Test a target and return the finished test."""
        payload = (await self.api.data(MEMBER, TEST, {"target": target}))["testConnection"]
        assert payload["errors"] == []
        test: dict[str, Any] = payload["test"]
        return test


def _server(server: ProviderServer, secret: object) -> dict[str, Any]:
    return {
        "host": server.host_template,
        "port": server.port,
        "security": server.security.value,
        "secret": json.loads(json.dumps(secret)),
    }


@asynccontextmanager
async def demonstrating(settings: Settings) -> AsyncIterator[Demonstration]:
    """Run the simulator on free ports and the application beside it."""
    short = {"test_connect_seconds": STEP_SECONDS, "test_step_seconds": STEP_SECONDS}
    quick = settings.model_copy(update=short)
    simulator = Simulator.bind(SERVICES)
    async with simulator.running():
        tokens = await open_sessions(quick)
        app = watched(create_app(quick, demo=simulator.demo))
        async with running(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                api = Api(app, client, quick, FakeProber(), tokens)
                yield Demonstration(api, simulator.demo)
