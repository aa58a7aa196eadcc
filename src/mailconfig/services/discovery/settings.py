"""Limits of discovery."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiscoverySettings:
    """What one answer may take and how long it is kept."""

    budget_seconds: float = 8
    """For all sources together, guesses included: what a person waits without going away."""
    source_seconds: float = 3
    """For each source; slower ones are mostly dead."""
    evidence_seconds: float = 0.3
    """Once the answer is clear: how long the sources that are still out may add to its evidence."""
    per_minute: int = 30
    """Discoveries of one user in a minute; each may dial a dozen servers that strangers name."""
    kept_entries: int = 2000
    """Answers kept in memory, about 5 KiB each."""
    kept_seconds: int = 3600
    """Longest time an answer is kept, whatever its records say."""
    concurrency: int = 50
    """Domains that are asked about at once in a process."""
