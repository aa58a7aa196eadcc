"""Explaining a pasted text: a bounce is unwrapped, missing circumstances are guessed, then judged.

Pure: no network, no account.
"""

from dataclasses import replace

from mailconfig.domain.diagnostics.bounces import is_delayed, read_bounce
from mailconfig.domain.diagnostics.circumstances import guess_circumstances
from mailconfig.domain.diagnostics.engine import diagnose
from mailconfig.domain.diagnostics.values import Diagnosis, Observation
from mailconfig.domain.providers import Provider

__all__ = ["explain", "guess_circumstances"]


def explain(observation: Observation, provider: Provider | None = None) -> Diagnosis:
    """Say what a pasted text means; the reply inside a bounce counts, not the bounce.

    A report that the server goes on trying is not final, whatever the reply was.
    """
    found = diagnose(guess_circumstances(read_bounce(observation)), provider)
    return replace(found, retryable=True) if is_delayed(observation.text) else found
