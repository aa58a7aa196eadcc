"""Connection tests: start, stop, watch, and apply the fix of a diagnosis."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.identity import Scope
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.phrases import phrase
from mailconfig.domain.servers import MailProtocol
from mailconfig.graphql import forms, ids
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type, one_of_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.forms import DraftInput
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.objects import ConnectionTest, EmailConfig, connection_test, email_config
from mailconfig.graphql.steps import ConnectionTestStep, step
from mailconfig.services.planning import DraftTarget, Target

_WAIT_MAX_SECONDS = 25
"""Below the idle limits of common proxies, which cut at 30 or 60 seconds."""


@one_of_type
class ConnectionTestTarget:
    """Exactly one thing to test."""

    config_id: strawberry.Maybe[strawberry.ID]
    """A stored configuration."""
    draft: strawberry.Maybe[DraftInput]
    """An unsaved form."""


@input_type
class TestConnectionInput:
    """What to test and how."""

    __test__ = False

    target: ConnectionTestTarget
    """A stored configuration or a draft."""
    protocols: list[MailProtocol] = strawberry.field(default_factory=lambda: list(MailProtocol))
    """Servers to test."""
    round_trip: bool = False
    """Whether to send the account a message, find it and remove it; needs both servers."""
    wait_seconds: int = 0
    """How long to wait for the end, 0 to 25; 0 answers at once."""


@input_type
class CancelTestInput:
    """A test to stop."""

    test_id: strawberry.ID
    """The running test."""


@input_type
class ApplyFixInput:
    """A fix to apply."""

    test_id: strawberry.ID
    """The test whose diagnosis offers the fix."""
    fix_id: strawberry.ID
    """The fix."""
    expected_revision: int | None = None
    """The revision that was read; leave out to accept any with the servers that were tested."""


@object_type
class TestConnectionPayload:
    """What testConnection answers. A failed test is a result, not an error."""

    __test__ = False

    test: ConnectionTest | None = None
    """The test as it stands."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why no test was started."""


@object_type
class CancelTestPayload:
    """What cancelTest answers."""

    test: ConnectionTest | None = None
    """The test as it stands."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was stopped."""


@object_type
class ApplyFixPayload:
    """What applyFix answers."""

    config: EmailConfig | None = None
    """The configuration with the fix."""
    test: ConnectionTest | None = None
    """The new test, started."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was changed."""


@object_type
class ConnectionTestProgress:
    """A change of a running test."""

    test: ConnectionTest
    """The test as it stands."""
    step: ConnectionTestStep | None
    """The step that changed; null in the first event."""


def _target(given: ConnectionTestTarget) -> Target:
    if given.config_id is not None:
        return ids.key_of("EmailConfig", given.config_id.value, ("target", "configId"))
    draft = given.draft.value if given.draft is not None else DraftInput()
    based_on = draft.based_on
    return DraftTarget(
        draft=forms.draft(draft),
        based_on=ids.key_of("EmailConfig", based_on, ("basedOn",)) if based_on else None,
        file_ids=tuple(ids.key_of("File", item, ("fileIds",)) for item in draft.file_ids),
    )


@strawberry.type
class ProbeMutation:
    """Connection tests."""

    @mutation(Guard.MEMBER, TestConnectionPayload, Scope.TESTS_RUN)
    async def test_connection(
        self,
        info: Info,
        input: Annotated[TestConnectionInput, strawberry.argument(description="What to test.")],
    ) -> TestConnectionPayload | None:
        """Start a test and answer at once, or wait up to waitSeconds for the end."""
        if not 0 <= input.wait_seconds <= _WAIT_MAX_SECONDS:
            message = phrase("waitSeconds lies between 0 and {most}.", most=_WAIT_MAX_SECONDS)
            raise InvalidInput.of(ValidationCode.OUT_OF_RANGE, message, "waitSeconds")
        principal = await info.context.caller()
        probes = info.context.services.probes
        target, protocols = _target(input.target), input.protocols
        test = await probes.start(principal, target, protocols, round_trip=input.round_trip)
        if input.wait_seconds:
            test = await probes.wait(principal, test.id, input.wait_seconds)
        return TestConnectionPayload(test=connection_test(test))

    @mutation(Guard.MEMBER, CancelTestPayload, Scope.TESTS_RUN)
    async def cancel_test(
        self,
        info: Info,
        input: Annotated[CancelTestInput, strawberry.argument(description="Which test.")],
    ) -> CancelTestPayload | None:
        """Stop a running test; a finished one stays as it is."""
        principal = await info.context.caller()
        key = ids.key_of("ConnectionTest", input.test_id, ("testId",))
        test = await info.context.services.probes.cancel(principal, key)
        return CancelTestPayload(test=connection_test(test))

    @mutation(Guard.MEMBER, ApplyFixPayload, Scope.CONFIGS_WRITE)
    async def apply_fix(
        self,
        info: Info,
        input: Annotated[ApplyFixInput, strawberry.argument(description="Which fix.")],
    ) -> ApplyFixPayload | None:
        """Apply the fix of a diagnosis to the configuration and test again."""
        principal = await info.context.caller(Scope.TESTS_RUN)  # beside the guard's scope
        config, test = await info.context.services.probes.apply_fix(
            principal,
            ids.key_of("ConnectionTest", input.test_id, ("testId",)),
            ids.key_of("SettingsFix", input.fix_id, ("fixId",)),
            input.expected_revision,
        )
        shown = email_config(config, info.context.services.catalogue)
        return ApplyFixPayload(config=shown, test=connection_test(test))


@object_type
class ProbeSubscription:
    """Live progress."""

    @strawberry.subscription
    async def connection_test_progress(
        self,
        info: Info,
        test_id: Annotated[strawberry.ID, strawberry.argument(description="The test.")],
    ) -> AsyncGenerator[ConnectionTestProgress, None]:
        """First the current state, then one event a changed step; completes with the test."""
        context = info.context
        principal = await context.caller(Scope.TESTS_RUN)
        key = ids.key_of("ConnectionTest", test_id, ("testId",))
        async with aclosing(context.services.probes.watch(principal, key)) as moments:
            async for progress in moments:
                test, changed = progress.test, progress.step
                catalogue = context.services.catalogue
                known = catalogue.by_id(test.provider_id) if test.provider_id else None
                yield ConnectionTestProgress(
                    test=connection_test(test), step=step(test, changed, known) if changed else None
                )
