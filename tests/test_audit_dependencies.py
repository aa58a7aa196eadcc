"""Known vulnerabilities of packages: what is found, what is explained, and for how long."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tools.audit_dependencies import (
    ADVISORIES,
    explained,
    node_findings,
    python_findings,
    unexplained,
)

TODAY = date(2026, 11, 23)


def test_explanations_are_whole_and_end() -> None:
    """Each has an id, a reason and a date that is neither past nor more than half a year ahead."""
    today = datetime.now(UTC).date()
    for each in tomllib.loads(ADVISORIES.read_text()).get("advisory", []):
        assert set(each) == {"id", "reason", "until"}
        assert len(each["reason"]) > 20
        assert today <= each["until"] <= today + timedelta(days=183)


def test_an_explanation_ends_with_its_date(tmp_path: Path) -> None:
    """On the day it still holds, the day after it does not."""
    path = tmp_path / "advisories.toml"
    path.write_text('[[advisory]]\nid = "GHSA-1"\nreason = "unused"\nuntil = 2026-11-23\n')
    assert explained(path, TODAY) == {"GHSA-1": "unused"}
    assert explained(path, TODAY + timedelta(days=1)) == {}


def test_findings_of_both_reports() -> None:
    """A finding is explained by any of its names; all others are told."""
    python = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "aliases": ["GHSA-1"]}]},
            {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-2", "aliases": []}]},
            {"name": "c", "version": "3", "vulns": []},
        ]
    }
    advisory = {"url": "https://github.com/advisories/GHSA-3"}
    node = {"vulnerabilities": {"d": {"via": [advisory, "e"]}}}
    findings = python_findings(python) + node_findings(node)
    assert unexplained(findings, {"GHSA-1": "unused"}) == [("b 2", "PYSEC-2"), ("d", "GHSA-3")]
