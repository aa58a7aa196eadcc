"""The Node interface: any object by its global id (Relay's object identification)."""

import strawberry

from mailconfig.graphql.describing import interface_type


@interface_type
class Node:
    """An object with a global id."""

    id: strawberry.ID
    """Global id."""
