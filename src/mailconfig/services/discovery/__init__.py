"""Discovery: asking all sources about a domain under one budget, and keeping the answers."""

from mailconfig.services.discovery.service import DiscoveryService, Outside, Progress
from mailconfig.services.discovery.settings import DiscoverySettings

__all__ = ["DiscoveryService", "DiscoverySettings", "Outside", "Progress"]
