"""Users, workspaces, memberships and sessions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kit.records import NOON, Tenant, make_tenant
from mailconfig.domain.errors import Duplicate
from mailconfig.domain.identity import Role, Session
from mailconfig.domain.ids import new_id
from mailconfig.storage.database import Database


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


def make_session(tenant: Tenant) -> Session:
    """A session of an hour."""
    return Session(
        new_id(), tenant.user_id, tenant.workspace_id, NOON, NOON + timedelta(hours=1), None
    )


async def test_users_are_found_by_e_mail_in_any_case(database: Database) -> None:
    """The e-mail keeps its form, is unique in any case, and brings the hash along."""
    async with database.identity() as identity:
        assert await identity.count_users() == 0
        user = await identity.create_user("Ada@Example.com", "hash-1")
        assert user.email == "Ada@Example.com"
    async with database.reading_identity() as identity:
        assert await identity.user_by_email("ada@EXAMPLE.com") == (user, "hash-1")
        assert await identity.user(user.id) == user
        assert await identity.user_by_email("b@example.com") is None
        assert await identity.user(new_id()) is None
        assert await identity.count_users() == 1
    with pytest.raises(Duplicate) as refusal:
        async with database.identity() as identity:
            await identity.create_user("ADA@example.com", "hash-2")
    assert refusal.value.path == ("email",)
    async with database.identity() as identity:
        await identity.set_password(user.id, "hash-3")
        assert await identity.user_by_email(user.email) == (user, "hash-3")


async def test_workspaces_have_unique_slugs(database: Database, tenant: Tenant) -> None:
    """A slug finds its workspace and is refused a second time."""
    async with database.reading_identity() as identity:
        assert await identity.workspace_by_slug("acme") == tenant.workspace_id
        assert await identity.workspace_by_slug("nobody") is None
    with pytest.raises(Duplicate) as refusal:
        async with database.identity() as identity:
            await identity.create_workspace("acme", "Again")
    assert refusal.value.path == ("slug",)


async def test_memberships_hold_one_role_each(database: Database, tenant: Tenant) -> None:
    """A user has a role a workspace; adding twice is refused."""
    async with database.identity() as identity:
        other = await identity.create_workspace("zeta", "Zeta")
        await identity.add_member(other, tenant.user_id, Role.VIEWER)
        assert await identity.role_of(tenant.workspace_id, tenant.user_id) is Role.OWNER
        assert await identity.role_of(other, tenant.user_id) is Role.VIEWER
        assert await identity.role_of(other, new_id()) is None
        assert await identity.memberships(tenant.user_id) == (
            (tenant.workspace_id, "acme", Role.OWNER),
            (other, "zeta", Role.VIEWER),
        )
    with pytest.raises(Duplicate):
        async with database.identity() as identity:
            await identity.add_member(other, tenant.user_id, Role.ADMIN)


async def test_sessions_are_found_by_id_and_token(database: Database, tenant: Tenant) -> None:
    """Both ways give session, user and the present role; revoking shows at once and once."""
    session = make_session(tenant)
    async with database.identity() as identity:
        await identity.add_session(session, "digest")
        user = await identity.user(tenant.user_id)
    async with database.reading_identity() as identity:
        assert await identity.session(session.id) == (session, user, Role.OWNER)
        assert await identity.session_by_token("digest") == (session, user, Role.OWNER)
        assert await identity.session(new_id()) is None
        assert await identity.session_by_token("other") is None
    later = NOON + timedelta(minutes=5)
    async with database.identity() as identity:
        await identity.revoke_session(session.id, later)
        await identity.revoke_session(session.id, later + timedelta(minutes=1))
        assert await identity.session(session.id) == (
            replace(session, revoked_at=later),
            user,
            Role.OWNER,
        )


async def test_a_session_needs_a_membership(database: Database, tenant: Tenant) -> None:
    """A session in a workspace that the user is no member of is none."""
    async with database.identity() as identity:
        other = await identity.create_workspace("zeta", "Zeta")
        session = replace(make_session(tenant), workspace_id=other)
        await identity.add_session(session, "digest")
        assert await identity.session(session.id) is None
        assert await identity.session_by_token("digest") is None


async def test_sessions_expire(database: Database, tenant: Tenant) -> None:
    """Retention removes sessions that ended before a moment, no others."""
    session = make_session(tenant)
    async with database.identity() as identity:
        await identity.add_session(session, "digest")
    async with database.system() as system:
        assert await system.expire_sessions(session.expires_at) == 0
        assert await system.expire_sessions(session.expires_at + timedelta(seconds=1)) == 1
    async with database.reading_identity() as identity:
        assert await identity.session(session.id) is None
