"""API keys and embed tokens for tests, made as a client makes them."""

from typing import Any

from kit.api import OWNER, Api

CREATE_KEY = """
mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    apiKey { id prefix name role scopes ownerId createdAt expiresAt lastUsedAt revokedAt }
    key
    errors { __typename message path }
  }
}
"""
REVOKE_KEY = """
mutation ($input: RevokeApiKeyInput!) {
  revokeApiKey(input: $input) { apiKey { id revokedAt } errors { __typename message path } }
}
"""
CREATE_TOKEN = """
mutation ($input: CreateEmbedTokenInput!) {
  createEmbedToken(input: $input) {
    token expiresAt userId errors { __typename message path }
  }
}
"""
EVERY_SCOPE = [
    "CONFIGS_READ",
    "CONFIGS_WRITE",
    "TESTS_RUN",
    "MAIL_SEND",
    "AUDIT_READ",
    "EMBED_CREATE",
    "WORKSPACE_MANAGE",
]


async def new_key(
    api: Api, name: str, who: str = OWNER, role: str = "ADMIN", **changes: object
) -> dict[str, Any]:
    """Make a key, so that `name` is somebody who calls by it, and return what is shown of it."""
    wish = {"name": name, "role": role, "scopes": EVERY_SCOPE, **changes}
    made = (await api.data(who, CREATE_KEY, {"input": wish}))["createApiKey"]
    assert made["errors"] == []
    api.tokens[name] = made["key"]
    shown: dict[str, Any] = made["apiKey"]
    return shown


async def new_embed(
    api: Api, name: str, who: str, subject: str = "u-1", **changes: object
) -> dict[str, Any]:
    """Make an embed token, so that `name` calls by it, and return what was answered."""
    wish = {"subject": subject, "purpose": {}, **changes}
    made = (await api.data(who, CREATE_TOKEN, {"input": wish}))["createEmbedToken"]
    assert made["errors"] == [], made["errors"]
    api.tokens[name] = made["token"]
    answered: dict[str, Any] = made
    return answered
