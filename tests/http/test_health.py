"""Whether the process lives and whether it can serve."""

from typing import NoReturn

import pytest

from kit.api import Api
from mailconfig.domain.errors import Fault
from mailconfig.services.health import HealthService


async def test_a_healthy_instance(api: Api) -> None:
    """It lives, and its database has this version's tables."""
    answer = await api.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_an_instance_without_its_database_lives_but_is_not_ready(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason goes to the log, not to whoever asks."""

    async def broken(_: HealthService) -> NoReturn:
        raise Fault("db.internal:5432 does not answer")

    monkeypatch.setattr(HealthService, "ready", broken)
    assert (await api.client.get("/healthz")).status_code == 200
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
    assert "db.internal" not in answer.text


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_tables_of_another_version_are_not_ready(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was started before the migration must not get requests."""

    async def older(_: HealthService) -> bool:
        return False

    monkeypatch.setattr(HealthService, "ready", older)
    assert (await api.client.get("/readyz")).status_code == 503


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_read_only(api: Api, path: str) -> None:
    """HEAD serves probes that want no body; other methods are refused."""
    assert (await api.client.head(path)).status_code == 200
    assert (await api.client.post(path)).status_code == 405
