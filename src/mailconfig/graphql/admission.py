"""Admission: whether an operation may run, decided before anything of it does.

Plain functions without hooks, for whoever runs operations: the schema, and what is compiled. On a
document that was read before it costs a dictionary look-up, a sum and a spending of points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from graphql import GraphQLError, OperationType

from mailconfig.graphql.budgets import Budgets, PointsGoneError
from mailconfig.graphql.context import Context
from mailconfig.graphql.limits import too_costly
from mailconfig.graphql.plans import Operation, Plan, Plans, past_limit

_READING: Final = 100
"""Characters of an unknown document that are read for a point, paid before they are read: reading
them takes about as long as answering with one object."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether an operation may run."""

    plan: Plan | None
    """Its document; None when the request has none, which the executor says better."""
    errors: Sequence[GraphQLError] = ()
    """Why it may not run; empty when it may."""
    cost: Mapping[str, int] | None = None
    """What `extensions.cost` of its answer says; None where nobody counts."""
    operation: Operation | None = None
    """What the request means; None when the document has no operation of that name."""


class Met(NamedTuple):
    """An operation whose document was read before."""

    plan: Plan
    """Its document."""
    operation: Operation
    """What the request means."""

    @property
    def writes(self) -> bool:
        """Whether it is a mutation."""
        return self.operation.kind is OperationType.MUTATION


class Admissions:
    """Lets operations in."""

    def __init__(self, plans: Plans, budgets: Budgets | None = None) -> None:
        self._plans = plans
        self._budgets = budgets

    def met(self, text: str, operation_name: str | None) -> Met | None:
        """Return what is known of an operation; that tells nothing about who may run it."""
        plan = self._plans.kept(text)
        if plan is None:
            return None
        try:
            operation = plan.operation(operation_name)
        except GraphQLError:  # the request should say which one; it is told so when it is run
            return None
        return None if operation is None else Met(plan, operation)

    async def admit(
        self,
        text: str | None,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context | None,
    ) -> Admission:
        """Return whether an operation may run; raises PointsGoneError and nothing else.

        `context` says who pays; nobody does without it. Where that could not be found out, or
        nothing be paid, the failure is among the errors.
        """
        try:
            return await self._judged(text, variables, operation_name, context)
        except PointsGoneError:
            raise
        except Exception as error:  # noqa: BLE001 - an operation's top: it is masked and logged
            return Admission(None, [GraphQLError(str(error), original_error=error)])

    async def _judged(
        self,
        text: str | None,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context | None,
    ) -> Admission:
        if not text:
            return Admission(None)
        plan = self._plans.kept(text)
        if plan is None:
            cost = await self._spent(context, 1 + len(text) // _READING)
            plan = self._plans.read(text)
            if plan.errors:
                return Admission(plan, plan.errors, cost)
        try:
            operation = plan.operation(operation_name)
        except GraphQLError as error:
            return Admission(plan, [error], await self._spent(context, 1))
        points = operation.points(variables) if operation else 1
        if points > self._plans.limits.points:
            breach = past_limit(too_costly(self._plans.limits))
            return Admission(plan, [breach], await self._spent(context, 1))
        return Admission(plan, (), await self._spent(context, points), operation)

    async def _spent(self, context: Context | None, points: int) -> Mapping[str, int] | None:
        if self._budgets is None or context is None:
            return None
        return await self._budgets.spend(context, points)
