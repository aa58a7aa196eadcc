"""The examples around the mailboxes: sessions, machines, workspaces, sign-in with providers.

As in `story`: operation and variables, "@..." for what an earlier answer holds. `AS` names who of
the world runs an operation instead of whoever signed in first; None is nobody.
"""

from collections.abc import Mapping
from typing import Any, Final

from tools.reference.world import PASSWORD

Step = tuple[str, Mapping[str, Any]]
NEW: Final = "bo@example.com"
"""Who is invited."""
NEW_PASSWORD: Final = "another battery staple"
AS: Final[Mapping[str, str | None]] = {
    "acceptInvitation": None,
    "requestPasswordReset": None,
    "resetPassword": None,
    "logoutEverywhere": NEW,
    "leaveWorkspace": NEW,
    "deleteAccount": "cy@example.com",
    "deleteWorkspace": "di@example.com",
}
SESSIONS: Final[tuple[Step, ...]] = (
    ("refreshSession", {"input": {"refreshToken": "@login.session.refreshToken"}}),
    ("sessions", {}),
    ("endSession", {"input": {"id": "@other.id"}}),
    ("switchWorkspace", {"input": {"workspaceId": "@viewer.workspaceId"}, "bearer": True}),
)
MACHINES: Final[tuple[Step, ...]] = (
    (
        "createApiKey",
        {"input": {"name": "Nightly check", "role": "MEMBER", "scopes": ["CONFIGS_READ"]}},
    ),
    ("apiKeys", {"first": 10}),
    ("revokeApiKey", {"input": {"id": "@createApiKey.apiKey.id"}}),
    (
        "createEmbedToken",
        {
            "input": {
                "subject": "user-4711",
                "email": "eve@example.net",
                "purpose": {"address": "eve@example.net"},
            }
        },
    ),
)
MAILBOXES: Final[tuple[Step, ...]] = (
    (
        "setOAuthClient",
        {
            "input": {
                "providerId": "gmail",
                "clientId": "id-of-ours",
                "clientSecret": "secret-of-ours",
            }
        },
    ),
    ("oauthClients", {}),
    ("beginMailboxAuthorization", {"input": {"target": {"emailAddress": "ann@gmail.com"}}}),
    (
        "completeMailboxAuthorization",
        {"input": {"state": "@beginMailboxAuthorization.state", "code": "of the provider"}},
    ),
    ("revokeMailboxGrant", {"input": {"id": "@completeMailboxAuthorization.grant.id"}}),
    ("deleteOAuthClient", {"input": {"providerId": "gmail"}}),
)
_LETTER: Final[Mapping[str, Any]] = {
    "configId": "@submit.config.id",
    "to": [{"address": "bo@example.org", "name": "Bo"}],
    "subject": "Your order 4711",
    "text": "It is on its way.",
}
MESSAGES: Final[tuple[Step, ...]] = (
    (
        "addSenderIdentity",
        {
            "input": {
                "configId": "@submit.config.id",
                "address": "orders@example.net",
                "name": "Orders",
                "replyTo": "support@example.net",
                "signatureText": "Example Ltd, 1 Example Street",
                "isDefault": True,
            }
        },
    ),
    (
        "updateSenderIdentity",
        {
            "input": {
                "id": "@addSenderIdentity.senderIdentity.id",
                "signatureHtml": "<b>Example Ltd</b>, 1 Example Street",
            }
        },
    ),
    ("previewEmail", {"input": _LETTER}),
    ("sendEmail", {"input": {**_LETTER, "idempotencyKey": "order 4711"}}),
    ("messages", {"first": 10, "filter": {"state": ["QUEUED", "HELD", "DEFERRED"]}}),
    ("cancelMessage", {"input": {"id": "@sendEmail.message.id"}}),
    ("message", {"id": "@sendEmail.message.id"}),
    ("retryMessage", {"input": {"id": "@sendEmail.message.id"}}),
    ("retryAmbiguous", {"input": {"id": "@sendEmail.message.id"}}),
    (
        "retryMessages",
        {"input": {"filter": {"configId": ["@submit.config.id"], "state": ["FAILED", "HELD"]}}},
    ),
    (
        "setSendingOptions",
        {"input": {"configId": "@submit.config.id", "saveToSent": True, "readBounces": True}},
    ),
    ("pauseSending", {"input": {"configId": "@submit.config.id"}}),
    ("resumeSending", {"input": {"configId": "@submit.config.id"}}),
    ("deleteSenderIdentity", {"input": {"id": "@addSenderIdentity.senderIdentity.id"}}),
    ("suppressAddress", {"input": {"address": "gone@example.org"}}),
    ("suppressions", {"first": 10}),
    ("unsuppressAddress", {"input": {"address": "gone@example.org"}}),
)
WORKSPACES: Final[tuple[Step, ...]] = (
    ("renameWorkspace", {"input": {"name": "Example Ltd"}}),
    ("inviteMember", {"input": {"email": NEW, "role": "MEMBER"}}),
    (
        "acceptInvitation",
        {"input": {"token": "@inviteMember.token", "password": NEW_PASSWORD}},
    ),
    ("inviteMember", {"input": {"email": "fay@example.com", "role": "VIEWER"}}),
    ("workspace", {}),
    ("workspaces", {}),
    ("withdrawInvitation", {"input": {"id": "@inviteMember.invitation.id"}}),
    (
        "changeMemberRole",
        {"input": {"userId": "@workspace.members.nodes.3.id", "role": "VIEWER"}},
    ),
    ("removeMember", {"input": {"userId": "@workspace.members.nodes.3.id"}}),
    ("logoutEverywhere", {}),
    ("leaveWorkspace", {"input": {"configurations": {"delete": True}}}),
    ("deleteAccount", {"input": {"password": PASSWORD}}),
    ("exportWorkspace", {}),
    ("transferOwnership", {"input": {"to": "@workspace.members.nodes.2.id"}}),
)
ENDINGS: Final[tuple[Step, ...]] = (
    ("changePassword", {"input": {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}}),
    ("requestPasswordReset", {"input": {"email": "ada@example.com"}}),
    ("resetPassword", {"input": {"token": "@reset.token", "newPassword": "a third battery"}}),
    ("logout", {}),
    ("deleteWorkspace", {"input": {"slug": "default"}}),
)
