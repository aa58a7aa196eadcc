"""Whether this instance can do its work: the database answers and has this code's schema."""

from dataclasses import dataclass

from mailconfig.storage.database import Database


@dataclass(frozen=True, slots=True)
class HealthService:
    """Asks what an instance cannot do without."""

    database: Database
    revision: str
    """The migration that this code needs."""

    async def ready(self) -> bool:
        """Tell whether requests can be served; raises Fault when the database does not answer."""
        return await self.database.revision() == self.revision
