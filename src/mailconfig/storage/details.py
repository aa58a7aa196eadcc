"""Step details, fixes and findings as JSON text: written and read back in one place.

Absent facts are left out, so that most steps take a few bytes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from mailconfig.domain.diagnostics import SettingsFix
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.probes import Certificate, StepDetail
from mailconfig.domain.servers import AuthenticationMethod, TransportSecurity


def detail_text(detail: StepDetail) -> str:
    """Write what a step saw."""
    certificate = detail.certificate
    return _text(
        {
            "address": detail.address,
            "port": detail.port,
            "tls_version": detail.tls_version,
            "cipher": detail.cipher,
            "certificate": _certificate_values(certificate) if certificate else None,
            "capabilities": list(detail.capabilities) or None,
            "mechanism": detail.mechanism,
            "server_reply": detail.server_reply,
        }
    )


def read_detail(text: str) -> StepDetail:
    """Read what `detail_text` wrote."""
    values: dict[str, Any] = orjson.loads(text)
    certificate = values.pop("certificate", None)
    capabilities = tuple(values.pop("capabilities", ()))
    read = _read_certificate(certificate) if certificate else None
    return StepDetail(**values, capabilities=capabilities, certificate=read)


def _certificate_values(certificate: Certificate) -> dict[str, object]:
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "sha256": certificate.sha256,
    }


def _read_certificate(values: Mapping[str, Any]) -> Certificate:
    return Certificate(
        subject=values["subject"],
        issuer=values["issuer"],
        names=tuple(values["names"]),
        not_before=datetime.fromisoformat(values["not_before"]),
        not_after=datetime.fromisoformat(values["not_after"]),
        sha256=values["sha256"],
    )


def fix_text(fix: SettingsFix) -> str:
    """Write a fix."""
    return _text(
        {
            "title": fix.title,
            "incoming": _patch_values(fix.incoming) if fix.incoming else None,
            "outgoing": _patch_values(fix.outgoing) if fix.outgoing else None,
            "proven": fix.proven or None,
        }
    )


def read_fix(text: str) -> SettingsFix:
    """Read what `fix_text` wrote."""
    values: dict[str, Any] = orjson.loads(text)
    return SettingsFix(
        title=values["title"],
        incoming=_read_patch(values.get("incoming")),
        outgoing=_read_patch(values.get("outgoing")),
        proven=values.get("proven", False),
    )


def _patch_values(patch: ServerPatch) -> dict[str, object]:
    return {
        "host": patch.host,
        "port": patch.port,
        "security": patch.security.value if patch.security else None,
        "username": patch.username,
        "authentication": patch.authentication.value if patch.authentication else None,
    }


def _read_patch(values: Mapping[str, Any] | None) -> ServerPatch | None:
    if values is None:
        return None
    security, method = values["security"], values.get("authentication")
    return ServerPatch(
        host=values["host"],
        port=values["port"],
        security=TransportSecurity(security) if security else None,
        username=values["username"],
        authentication=AuthenticationMethod(method) if method else None,
    )


def _text(values: Mapping[str, object]) -> str:
    """Write JSON without the absent values."""
    return orjson.dumps({name: each for name, each in values.items() if each is not None}).decode()
