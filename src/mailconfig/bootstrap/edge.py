"""The parts of the settings that the edge is built with: HTTP and GraphQL."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from mailconfig.domain.origins import origin_of
from mailconfig.graphql.limits import DocumentLimits
from mailconfig.graphql.plans import PlanCacheLimits
from mailconfig.graphql.schema import SchemaSettings
from mailconfig.http.middleware import security_headers
from mailconfig.http.origins import OriginRules
from mailconfig.settings import Mode, Settings


def origin_rules(settings: Settings) -> OriginRules:
    """Return whose pages may write and read, and by which names we are asked."""
    url = settings.public_url or ""
    names = {*settings.allowed_hosts, *_host(url)}
    return OriginRules(
        own=origin_of(url),
        listed=frozenset(settings.cors_origins),
        hosts=frozenset() if settings.mode is Mode.DEVELOPMENT else frozenset(names),
    )


def answer_headers(settings: Settings) -> Mapping[str, str]:
    """Return the security headers of every answer."""
    return security_headers(settings.hsts_seconds if settings.serves_https else 0)


def _host(url: str) -> set[str]:
    """Return the name in a URL, as Host headers have it."""
    origin = origin_of(url)
    if origin is None:
        return set()
    name = urlsplit(origin).hostname or ""
    return {f"[{name}]" if ":" in name else name}


def schema_settings(settings: Settings) -> SchemaSettings:
    """Return what of the schema the operator chose."""
    return SchemaSettings(
        request_seconds=settings.request_seconds,
        documents=DocumentLimits(
            characters=settings.max_query_characters,
            tokens=settings.max_query_tokens,
            operations=settings.max_query_operations,
            fragments=settings.max_query_fragments,
            depth=settings.max_query_depth,
            root_fields=settings.max_query_root_fields,
            aliases=settings.max_query_aliases,
            fields=settings.max_query_fields,
            directives=settings.max_query_directives,
            points=settings.max_query_points,
            list_rows=settings.assumed_list_rows,
        ),
        plans=PlanCacheLimits(settings.plan_cache_size, settings.plan_cache_bytes),
        hints=settings.mode is Mode.DEVELOPMENT,
        compile_queries=settings.compile_queries,
    )
