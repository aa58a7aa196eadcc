"""The parts of the settings that the GraphQL edge is built with."""

from mailconfig.graphql.limits import DocumentLimits
from mailconfig.graphql.plans import PlanCacheLimits
from mailconfig.graphql.schema import SchemaSettings
from mailconfig.settings import Mode, Settings


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
