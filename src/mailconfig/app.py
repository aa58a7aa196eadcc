"""The ASGI application: routes and loops wired to an instance, nothing else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from mailconfig.bootstrap import Instance, open_instance
from mailconfig.domain.demo import Demo
from mailconfig.domain.probes import Prober
from mailconfig.domain.reachability import PortScout
from mailconfig.domain.roundtrips import RoundTripper
from mailconfig.graphql.schema import build_schema
from mailconfig.graphql.view import FormLimits, Page, View
from mailconfig.http.explorer import explorer_html, explorer_policy
from mailconfig.http.files import file_route
from mailconfig.http.health import health_routes
from mailconfig.http.middleware import BodyLimits, BoundedBodies, RequestIds
from mailconfig.http.sessions import HttpSessions
from mailconfig.services.discovery import Outside
from mailconfig.settings import Settings

_FORM_OVERHEAD_BYTES = 64 * 1024
"""Room for the boundaries and headers of a form's parts."""


def create_app(
    settings: Settings,
    prober: Prober | None = None,
    *,
    port_scout: PortScout | None = None,
    round_tripper: RoundTripper | None = None,
    outside: Outside | None = None,
    demo: Demo | None = None,
) -> Starlette:
    """Return the application; it builds its instance when the server starts it.

    From then on `state.runner` is the instance's `TestRunner`, for whoever stops the server.
    `prober`, `port_scout`, `round_tripper` and `outside` take the places of what dials and asks;
    `demo` adds simulated providers, which whoever made it runs.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        opened = open_instance(
            settings,
            prober,
            port_scout=port_scout,
            round_tripper=round_tripper,
            outside=outside,
            demo=demo,
        )
        async with AsyncExitStack() as stack:
            instance = await stack.enter_async_context(opened)
            await stack.enter_async_context(instance.runner.running())
            await stack.enter_async_context(instance.services.discovery.running())
            app.router.routes = _routes(instance)
            app.state.runner = instance.runner
            async with anyio.create_task_group() as loops:
                loops.start_soon(instance.retention.run, name="retention")
                yield
                loops.cancel_scope.cancel()

    files_bytes = settings.upload_max_files * settings.upload_max_bytes
    limits = BodyLimits(
        plain=settings.max_body_bytes,
        multipart=files_bytes + 2 * settings.upload_max_field_bytes + _FORM_OVERHEAD_BYTES,
    )
    return Starlette(
        lifespan=lifespan,
        middleware=[Middleware(RequestIds), Middleware(BoundedBodies, limits=limits)],
    )


def _routes(instance: Instance) -> list[BaseRoute]:
    settings = instance.settings
    sessions = HttpSessions(instance.services.identity, settings.serves_https)
    page = Page(explorer_html(), explorer_policy()) if settings.serves_explorer else None
    view = View(
        build_schema(
            request_seconds=settings.request_seconds, max_query_tokens=settings.max_query_tokens
        ),
        instance.services,
        sessions,
        page,
        FormLimits(settings.upload_max_files, settings.upload_max_field_bytes),
    )
    return [
        Route("/graphql", view),
        WebSocketRoute("/graphql", view),
        file_route(instance.services.files),
        *health_routes(instance.health),
    ]
