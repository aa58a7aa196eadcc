"""The ASGI application: routes and loops wired to an instance, nothing else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Lifespan

from mailconfig.bootstrap import Instance, open_instance
from mailconfig.bootstrap.documents import trusted_documents
from mailconfig.bootstrap.edge import answer_headers, origin_rules, schema_settings
from mailconfig.bootstrap.presence import live_limits
from mailconfig.bootstrap.rest import GraphQLEdge
from mailconfig.bootstrap.rotating import key_rotation
from mailconfig.domain.demo import Demo
from mailconfig.domain.probes import Prober
from mailconfig.domain.reachability import PortScout
from mailconfig.domain.roundtrips import RoundTripper
from mailconfig.graphql.budgets import Budgets
from mailconfig.graphql.documents import TrustedDocuments
from mailconfig.graphql.doors import SocketDoor
from mailconfig.graphql.posted import Endpoint, Posted, PostedLimits
from mailconfig.graphql.presence import Places
from mailconfig.graphql.refusals import Profile
from mailconfig.graphql.schema import build_schema
from mailconfig.graphql.view import FormLimits, Page, View
from mailconfig.http.explorer import asset_route, load_explorer
from mailconfig.http.exports import export_route
from mailconfig.http.files import file_route
from mailconfig.http.health import health_routes
from mailconfig.http.middleware import BodyLimits, BoundedBodies, RequestIds
from mailconfig.http.openapi import openapi_route
from mailconfig.http.origins import Origins
from mailconfig.http.rest import rest_routes
from mailconfig.http.sessions import HttpSessions
from mailconfig.http.unsubscribing import unsubscribe_route
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

    Raises Fault for manifests of trusted documents that cannot be read.

    From then on `state.runner` is the instance's `TestRunner`, for whoever stops the server, and
    `state.places` counts the sockets and streams that are open.
    `prober`, `port_scout`, `round_tripper` and `outside` take the places of what dials and asks;
    `demo` adds simulated providers, which whoever made it runs.
    """
    documents = trusted_documents(settings)
    endpoint = Endpoint()

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
            app.state.places = Places(live_limits(settings))
            app.router.routes = _routes(instance, app.state.places, documents, endpoint)
            app.state.runner = instance.runner
            if settings.sending_worker:
                await stack.enter_async_context(instance.outgoing.running())
            async with anyio.create_task_group() as loops:
                loops.start_soon(instance.retention.run, name="retention")
                loops.start_soon(instance.renewal.run, name="renewal of grants")
                loops.start_soon(instance.services.reset_mail.run, name="mail of passwords")
                rotation = key_rotation(settings, instance.database)
                loops.start_soon(rotation.run, name="key rotation")
                loops.start_soon(instance.signing.run, name="signing keys")
                yield
                loops.cancel_scope.cancel()

    served = _Application(settings, endpoint, lifespan)
    # A redirect names the host that was asked, whoever wrote that header.
    served.router.redirect_slashes = False
    return served


class _Application(Starlette):
    """The application, with its short way before all that Starlette does for a request."""

    def __init__(
        self, settings: Settings, endpoint: Endpoint, lifespan: Lifespan[Starlette]
    ) -> None:
        self._endpoint = endpoint
        self._limits = _limits(settings)
        self._headers = answer_headers(settings)
        self._origins = origin_rules(settings)
        middleware = [
            Middleware(RequestIds, headers=self._headers),
            Middleware(BoundedBodies, limits=self._limits),
        ]
        super().__init__(lifespan=lifespan, middleware=middleware)

    def build_middleware_stack(self) -> ASGIApp:
        """Put the short way first; what fails there, the server answers as Starlette would."""
        bodies = self._limits
        limits = PostedLimits(bodies.plain, bodies.head_bytes, bodies.url_bytes)
        short = Posted(super().build_middleware_stack(), self._endpoint, limits, self._headers)
        return Origins(short, self._origins, self._headers)


def _limits(settings: Settings) -> BodyLimits:
    files_bytes = settings.upload_max_files * settings.upload_max_bytes
    return BodyLimits(
        plain=settings.max_body_bytes,
        multipart=files_bytes + 2 * settings.upload_max_field_bytes + _FORM_OVERHEAD_BYTES,
        plain_seconds=settings.body_seconds,
        multipart_seconds=settings.upload_seconds,
        head_bytes=settings.max_header_bytes,
        url_bytes=settings.max_url_bytes,
    )


def _routes(
    instance: Instance, places: Places, documents: TrustedDocuments, endpoint: Endpoint
) -> list[BaseRoute]:
    settings = instance.settings
    sessions = HttpSessions(
        instance.services.identity, settings.serves_https, instance.services.bearers
    )
    explorer = load_explorer() if settings.serves_explorer else None
    schema = build_schema(
        schema_settings(settings), Budgets(instance.points, settings.points_per_minute)
    )
    forms = FormLimits(
        settings.upload_max_files, settings.upload_max_field_bytes, settings.upload_max_paths
    )
    view = endpoint.view = View(
        schema,
        instance.services,
        sessions,
        Page(explorer.html, explorer.policy) if explorer else None,
        forms,
        profile=Profile(settings.http_status_profile),
        documents=documents,
        places=places,
    )
    return [
        Route("/graphql", view),
        WebSocketRoute("/graphql", SocketDoor(view, places, sessions.client)),
        *([asset_route(explorer)] if explorer else []),
        file_route(instance.services.files),
        export_route(instance.services.exports),
        unsubscribe_route(instance.services.unsubscribing, instance.services.languages),
        openapi_route(schema.graphql_schema, sessions.cookie),
        *rest_routes(GraphQLEdge(schema, instance.services, sessions, forms)),
        *health_routes(instance.health),
    ]
