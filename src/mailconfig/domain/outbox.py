"""The queue that says which message is due; two implementations, one for each database engine.

    mutation --enqueue, in its own transaction--> queue --claim--> worker --heartbeat--> done
                                                    ^                 |
                                                    '--- lease over --'  (a worker that died)

Jobs come at least once: the row of the message (`domain.messages`) decides whether there is
anything to do. A message has at most one job. Must not: hold anything but when and whose.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from mailconfig.domain.messages import Message

WorkT_contra = TypeVar("WorkT_contra", contravariant=True)
"""An open transaction of the caller."""


@dataclass(frozen=True, slots=True)
class Job:
    """A message that is due, claimed for one worker."""

    message_id: UUID
    workspace_id: UUID
    config_id: UUID
    """The account that it is sent by, so that workers can spread accounts."""


def job_of(message: Message) -> Job:
    """Return the job of a message."""
    return Job(message.id, message.workspace_id, message.config_id)


class Queue(Protocol[WorkT_contra]):
    """When which message is due."""

    async def enqueue(self, work: WorkT_contra, job: Job, due_at: datetime) -> None:
        """Let a message be due at a time, within the caller's transaction; replaces its job.

        Workers that wait are woken after the commit, where the engine can.
        """
        ...

    async def ensure(self, work: WorkT_contra, job: Job, due_at: datetime) -> None:
        """Let a message be due at a time where it has no job, within the caller's transaction.

        One that it has stays as it is, also with whoever has it.
        """
        ...

    async def cancel(self, work: WorkT_contra, message_ids: Sequence[UUID]) -> None:
        """Forget the jobs of messages, within the caller's transaction; unknown ones are none."""
        ...

    async def claim(
        self, owner: str, most: int, lease_seconds: float, without: Collection[UUID] = ()
    ) -> list[Job]:
        """Take up to `most` jobs that are due, oldest first; nobody else gets them meanwhile.

        Jobs of the accounts `without` are left. Jobs whose lease is over are due again.
        """
        ...

    async def heartbeat(
        self, owner: str, message_ids: Iterable[UUID], lease_seconds: float
    ) -> frozenset[UUID]:
        """Prolong leases from now on; return those that are still this owner's.

        One that is over is prolonged as well while nobody took the job: a worker that was held up
        has lost only what somebody else has by now.
        """
        ...

    async def wait(self, seconds: float) -> None:
        """Return when a job may be due, at the latest after `seconds`."""
        ...

    async def tidy(self) -> None:
        """Remove what the engine notes for itself and nobody reads; to be called now and then."""
        ...

    async def close(self) -> None:
        """Let go of what waiting holds open; who waits afterwards opens it again."""
        ...
