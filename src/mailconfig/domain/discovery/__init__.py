"""Discovery: finding the servers of an address, with evidence. Values and pure rules."""

from mailconfig.domain.discovery.values import (
    Candidate,
    Discovery,
    DiscoverySource,
    Finding,
    FindingStatus,
    FoundServer,
    Proposal,
    Query,
    Source,
    Trust,
)

__all__ = [
    "Candidate",
    "Discovery",
    "DiscoverySource",
    "Finding",
    "FindingStatus",
    "FoundServer",
    "Proposal",
    "Query",
    "Source",
    "Trust",
]
