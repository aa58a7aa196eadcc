"""Files of configurations: upload and removal; reading is by signed link."""

from typing import Annotated

import strawberry

from mailconfig.domain.identity import Scope
from mailconfig.graphql import ids
from mailconfig.graphql.belongings import File, file
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.forms import UploadFileInput
from mailconfig.graphql.guards import Guard, mutation


@input_type
class DeleteFileInput:
    """A file to remove."""

    id: strawberry.ID
    """The file."""


@object_type
class UploadFilePayload:
    """What uploadFile answers."""

    file: File | None = None
    """The stored file; it expires unless a configuration takes it."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was stored."""


@object_type
class DeleteFilePayload:
    """What deleteFile answers."""

    deleted_id: strawberry.ID | None = None
    """For the client's cache eviction."""
    file: File | None = None
    """The last state, so that caches that work by type name see the type."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was removed."""


@strawberry.type
class FileMutation:
    """Writes of files."""

    @mutation(Guard.MEMBER, UploadFilePayload, Scope.CONFIGS_WRITE)
    async def upload_file(
        self,
        info: Info,
        input: Annotated[UploadFileInput, strawberry.argument(description="The file.")],
    ) -> UploadFilePayload | None:
        """Store a file for later use; submit and update take files directly too."""
        principal = await info.context.caller()
        stored = await info.context.services.files.upload(
            principal, input.file, input.kind, input.filename
        )
        return UploadFilePayload(file=file(stored))

    @mutation(Guard.MEMBER, DeleteFilePayload, Scope.CONFIGS_WRITE)
    async def delete_file(
        self,
        info: Info,
        input: Annotated[DeleteFileInput, strawberry.argument(description="Which file.")],
    ) -> DeleteFilePayload | None:
        """Remove a file for good."""
        principal = await info.context.caller()
        removed = await info.context.services.files.delete(principal, ids.key_of("File", input.id))
        return DeleteFilePayload(deleted_id=input.id, file=file(removed))
