"""What the table of access sends for each row: operations, REST routes, and all other routes.

A row's name is the operation, with a word of which object it is about where there are several.
Nothing here knows who may do what; see tests/acceptance/test_access.py.
"""

from collections.abc import Mapping
from typing import Any, Final

from kit.accessrequests import Request, graphql_request
from kit.api import PASSWORD, form, server

GIVEN: Final[Mapping[str, dict[str, Any]]] = {
    # Row -> its variables; rows that take none are not here. `shared` is a configuration that all
    # of the workspace see, what bears no such word is a member's own.
    "query.config": {"id": "<EmailConfig>"},
    "query.config shared": {"id": "<SharedConfig>"},
    "query.node config": {"id": "<EmailConfig>"},
    "query.node shared": {"id": "<SharedConfig>"},
    "query.node test": {"id": "<ConnectionTest>"},
    "query.node file": {"id": "<File>"},
    "query.node member": {"id": "<User>"},
    "query.nodes config": {"ids": ["<EmailConfig>"]},
    "query.nodes shared": {"ids": ["<SharedConfig>"]},
    "query.node message": {"id": "<Message>"},
    "query.message": {"id": "<Message>"},
    "query.message shared": {"id": "<SharedMessage>"},
    "query.provider": {"by": {"domain": "gmail.com"}},
    "query.explain": {"input": {"text": "535 5.7.8 Error", "protocol": "SMTP"}},
    "mutation.submit": {"input": form(emailAddress="new@example.net")},
    "mutation.submit shared": {"input": form(emailAddress="new@example.net", shared=True)},
    "mutation.update": {"input": {"id": "<EmailConfig>", "name": "Other"}},
    "mutation.update shared": {"input": {"id": "<SharedConfig>", "name": "Other"}},
    "mutation.rollback": {"input": {"id": "<EmailConfig>", "revision": 1}},
    "mutation.rollback shared": {"input": {"id": "<SharedConfig>", "revision": 1}},
    "mutation.delete": {"input": {"id": "<EmailConfig>"}},
    "mutation.delete shared": {"input": {"id": "<SharedConfig>"}},
    "mutation.validate": {"input": {"draft": {"emailAddress": "ann@example.net"}}},
    "mutation.testConnection": {
        "input": {"target": {"configId": "<EmailConfig>"}, "waitSeconds": 20}
    },
    "mutation.testConnection shared": {
        "input": {"target": {"configId": "<SharedConfig>"}, "waitSeconds": 20}
    },
    "mutation.testConnection draft": {
        "input": {
            "target": {"draft": {"emailAddress": "bo@example.net", "incoming": server()}},
            "waitSeconds": 20,
        }
    },
    "mutation.cancelTest": {"input": {"testId": "<ConnectionTest>"}},
    "mutation.cancelTest shared": {"input": {"testId": "<SharedTest>"}},
    "mutation.applyFix": {"input": {"testId": "<ConnectionTest>", "fixId": "<SettingsFix>"}},
    "mutation.applyFix shared": {"input": {"testId": "<SharedTest>", "fixId": "<SharedFix>"}},
    "mutation.discover": {"input": {"emailAddress": "ann@gmail.com", "online": False}},
    "mutation.checkDomain": {"input": {"domain": "no domain"}},
    "mutation.uploadFile": {"input": {"file": None, "kind": "CA_CERTIFICATE"}},
    "mutation.deleteFile": {"input": {"id": "<File>"}},
    "mutation.login": {"input": {"email": "member@example.org", "password": PASSWORD}},
    "mutation.refreshSession": {"input": {"refreshToken": "<refresh>"}},
    "mutation.requestPasswordReset": {"input": {"email": "nobody@example.org"}},
    "mutation.resetPassword": {"input": {"token": "<reset>", "newPassword": "new battery staple"}},
    "mutation.acceptInvitation": {"input": {"token": "<invitation>", "password": PASSWORD}},
    "mutation.changePassword": {
        "input": {"currentPassword": PASSWORD, "newPassword": "new battery staple"}
    },
    "mutation.endSession": {"input": {"id": "<Session>"}},
    "mutation.switchWorkspace": {"input": {"workspaceId": "<Workspace>"}},
    "mutation.createApiKey": {"input": {"name": "k", "role": "VIEWER", "scopes": ["TESTS_RUN"]}},
    "mutation.createApiKey owner": {
        "input": {"name": "k", "role": "OWNER", "scopes": ["TESTS_RUN"]}
    },
    "mutation.revokeApiKey": {"input": {"id": "<ApiKey>"}},
    "mutation.createEmbedToken": {"input": {"subject": "u-1", "purpose": {}}},
    "mutation.createEmbedToken config": {
        "input": {"subject": "u-1", "purpose": {"configId": "<SharedConfig>"}}
    },
    "mutation.beginMailboxAuthorization": {"input": {"target": {"emailAddress": "bo@gmail.com"}}},
    "mutation.completeMailboxAuthorization": {"input": {"state": "<state>", "code": "a-code-7"}},
    "mutation.revokeMailboxGrant": {"input": {"id": "<MailboxGrant>"}},
    "mutation.setOAuthClient": {
        "input": {"providerId": "gmail", "clientId": "c", "clientSecret": "another-secret-8"}
    },
    "mutation.deleteOAuthClient": {"input": {"providerId": "gmail"}},
    "mutation.renameWorkspace": {"input": {"name": "Other"}},
    "mutation.changeMemberRole": {"input": {"userId": "<User viewer>", "role": "MEMBER"}},
    "mutation.changeMemberRole owner": {"input": {"userId": "<User owner>", "role": "MEMBER"}},
    "mutation.removeMember": {"input": {"userId": "<User viewer>"}},
    "mutation.removeMember owner": {"input": {"userId": "<User owner>"}},
    "mutation.leaveWorkspace": {"input": {"configurations": {"delete": True}}},
    "mutation.transferOwnership": {"input": {"to": "<User admin>"}},
    "mutation.inviteMember": {"input": {"email": "bo@example.org", "role": "VIEWER"}},
    "mutation.inviteMember owner": {"input": {"email": "bo@example.org", "role": "OWNER"}},
    "mutation.withdrawInvitation": {"input": {"id": "<Invitation>"}},
    "mutation.sendEmail": {
        "input": {
            "configId": "<EmailConfig>",
            "to": [{"address": "bo@example.org"}],
            "text": "Hello",
        }
    },
    "mutation.sendEmail shared": {
        "input": {
            "configId": "<SharedConfig>",
            "to": [{"address": "bo@example.org"}],
            "text": "Hello",
        }
    },
    "mutation.previewEmail": {
        "input": {
            "configId": "<EmailConfig>",
            "to": [{"address": "bo@example.org"}],
            "text": "Hello",
        }
    },
    "mutation.previewEmail shared": {
        "input": {
            "configId": "<SharedConfig>",
            "to": [{"address": "bo@example.org"}],
            "text": "Hello",
        }
    },
    "mutation.cancelMessage": {"input": {"id": "<Message>"}},
    "mutation.cancelMessage shared": {"input": {"id": "<SharedMessage>"}},
    "mutation.retryMessage": {"input": {"id": "<Cancelled>"}},
    "mutation.retryMessage shared": {"input": {"id": "<SharedCancelled>"}},
    "mutation.retryAmbiguous": {"input": {"id": "<Ambiguous>"}},
    "mutation.retryAmbiguous shared": {"input": {"id": "<SharedAmbiguous>"}},
    "mutation.retryMessages": {"input": {"ids": ["<Cancelled>"]}},
    "mutation.pauseSending": {"input": {"configId": "<EmailConfig>"}},
    "mutation.pauseSending shared": {"input": {"configId": "<SharedConfig>"}},
    "mutation.resumeSending": {"input": {"configId": "<EmailConfig>"}},
    "mutation.resumeSending shared": {"input": {"configId": "<SharedConfig>"}},
    "mutation.setSendingOptions": {"input": {"configId": "<EmailConfig>", "readBounces": True}},
    "mutation.setSendingOptions shared": {
        "input": {"configId": "<SharedConfig>", "readBounces": True}
    },
    "mutation.addSenderIdentity": {
        "input": {"configId": "<EmailConfig>", "address": "sales@example.net"}
    },
    "mutation.addSenderIdentity shared": {
        "input": {"configId": "<SharedConfig>", "address": "sales@example.net"}
    },
    "mutation.updateSenderIdentity": {"input": {"id": "<SenderIdentity>", "name": "Other"}},
    "mutation.updateSenderIdentity shared": {"input": {"id": "<SharedSender>", "name": "Other"}},
    "mutation.deleteSenderIdentity": {"input": {"id": "<SenderIdentity>"}},
    "mutation.deleteSenderIdentity shared": {"input": {"id": "<SharedSender>"}},
    "mutation.suppressAddress": {"input": {"address": "bo@example.org"}},
    "mutation.unsuppressAddress": {"input": {"address": "no@example.org"}},
    "mutation.deleteWorkspace": {"input": {"slug": "default"}},
    "mutation.deleteAccount": {"input": {"password": PASSWORD}},
    "subscription.connectionTestProgress": {"testId": "<ConnectionTest>"},
    "subscription.connectionTestProgress shared": {"testId": "<SharedTest>"},
    "subscription.discoveryProgress": {"emailAddress": "ann@gmail.com"},
}
DOCUMENTS: Final[Mapping[str, str]] = {
    # Row -> its document, where the outcome is that of a field further down.
    "query.configs count": "query { configs { totalCount nodes { id } } }",
    "query.messages count": "query { messages { totalCount nodes { id } } }",
    "query.workspace members": "query { workspace { members { nodes { id email } } } }",
    "query.workspace invitations": "query { workspace { invitations { nodes { id email } } } }",
    "query.workspace quotas": "query { workspace { quotas { used limit } } }",
}
BODIES: Final[Mapping[str, dict[str, Any] | None]] = {
    # Row of REST -> its body. The id in a path is that of a member's own configuration.
    "POST /api/email-config/": form(emailAddress="new@example.net"),
    "POST /api/email-config/validate/": {"emailAddress": "ann@example.net"},
    "POST /api/email-config/test-connection/": {"target": {"configId": "<EmailConfig>"}},
    "PUT /api/email-config/{id}/": {"name": "Other"},
    "POST /api/auth/login/": {"email": "member@example.org", "password": PASSWORD},
}
PATHS: Final[Mapping[str, str]] = {
    # Row of a route -> what is asked for, where that is not the path itself.
    "GET /graphql": "/graphql?query={viewer{id}}",
    "GET /api/providers/{id}/": "/api/providers/gmail/",
    "GET /api/{rest:path}": "/api/no/such/path",
    "GET /files/{file_id}/{filename}": "<file>",
    "GET /files/{file_id}/{filename} bare": "/files/<File key>/ca.pem",
    "GET /exports/{workspace_id}/workspace.zip": "<export>",
    "GET /unsubscribe/{token}": "<unsubscribe>",
    "POST /unsubscribe/{token}": "<unsubscribe>",
    "GET /exports/{workspace_id}/workspace.zip bare": ("/exports/<Workspace key>/workspace.zip"),
}


def request_of(row: str) -> Request:
    """Return what a row of the table sends."""
    name, _, _ = row.partition(" ")
    if "." in name and "/" not in name:
        return graphql_request(name, GIVEN.get(row), DOCUMENTS.get(row))
    method, path = row.split()[:2]
    if method == "WEBSOCKET":
        return Request(method, path, "configs", {"query": DOCUMENTS["query.configs count"]})
    path = PATHS.get(row, path.replace("{id}", "<EmailConfig>"))
    return Request(method, path, None, BODIES.get(row))
