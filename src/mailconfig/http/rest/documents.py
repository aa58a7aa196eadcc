"""The documents that REST requests run: trusted, since nobody can send others by this way.

A fragment bears the name of its type and is a schema of its own in the OpenAPI document. What is
selected here is all that there is to see; secrets have no field that could be.
"""

from typing import Final

_ERRORS: Final = """
fragment Errors on UserError {
  __typename
  message
  path
  ... on ValidationIssue { code severity suggestion }
  ... on RateLimitedError { retryAfterSeconds }
  ... on RevisionConflictError { current { id revision } }
  ... on DuplicateError { existing { id revision } }
}
"""
_SERVER: Final = """
fragment ServerSettings on ServerSettings {
  protocol host port security authentication username secretSetAt
}
"""
_CONFIG: Final = (
    _SERVER
    + """
fragment EmailConfig on EmailConfig {
  id revision name emailAddress displayName shared ownerId externalId metadata enabled status
  incoming { ...ServerSettings }
  outgoing { ...ServerSettings }
  provider { id name }
  files { id kind filename contentType size sha256 createdAt url }
  lastTest { id status startedAt finishedAt }
  createdAt updatedAt
}
"""
)
_PAGE: Final = """
fragment PageInfo on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }
"""
_PROVIDER: Final = """
fragment Provider on Provider {
  id catalogueId name kind status regions domains
  incoming { protocol hostTemplate port security }
  outgoing { protocol hostTemplate port security }
  usernameForm auth requires passwordFormat helpUrl appPasswordUrl notes closed confidence
}
"""
_TEST: Final = """
fragment SettingsChange on ServerPatchSettings { host port security username authentication }
fragment Diagnosis on Diagnosis {
  code severity title advice helpUrl fixableBy retryable paths serverReply
  fix { id title proven incoming { ...SettingsChange } outgoing { ...SettingsChange } }
}
fragment ConnectionTest on ConnectionTest {
  id status startedAt finishedAt
  steps {
    id protocol kind status durationMs address port tlsVersion cipher mechanism serverReply
    certificate { subject issuer names notBefore notAfter sha256 }
    diagnosis { ...Diagnosis }
  }
  diagnosis { ...Diagnosis }
  warnings { ...Diagnosis }
  ports { port version state durationMs }
  roundTrip { folder folderName seconds removed }
}
"""

LIST_CONFIGS: Final = (
    """
query ListConfigs(
  $first: Int, $after: String, $last: Int, $before: String,
  $filter: EmailConfigFilter, $orderBy: EmailConfigOrder, $totalCount: Boolean = false
) {
  configs(
    first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy
  ) {
    nodes { ...EmailConfig }
    pageInfo { ...PageInfo }
    totalCount @include(if: $totalCount)
  }
}
"""
    + _CONFIG
    + _PAGE
)
READ_CONFIG: Final = (
    """
query ReadConfig($id: ID!) {
  config(id: $id) { ...EmailConfig }
}
"""
    + _CONFIG
)
SUBMIT: Final = (
    """
mutation Submit($input: SubmitInput!) {
  submit(input: $input) { config { ...EmailConfig } errors { ...Errors } }
}
"""
    + _CONFIG
    + _ERRORS
)
UPDATE: Final = (
    """
mutation Update($input: UpdateInput!) {
  update(input: $input) { config { ...EmailConfig } errors { ...Errors } }
}
"""
    + _CONFIG
    + _ERRORS
)
DELETE: Final = (
    """
mutation Delete($input: DeleteInput!) {
  delete(input: $input) { deletedId errors { ...Errors } }
}
"""
    + _ERRORS
)
VALIDATE: Final = (
    """
mutation Validate($input: ValidateInput!) {
  validate(input: $input) {
    valid
    issues { code severity message path suggestion }
    suggestedProvider { ...Provider }
    errors { ...Errors }
  }
}
"""
    + _PROVIDER
    + _ERRORS
)
TEST: Final = (
    """
mutation TestConnection($input: TestConnectionInput!) {
  testConnection(input: $input) { test { ...ConnectionTest } errors { ...Errors } }
}
"""
    + _TEST
    + _ERRORS
)
LIST_PROVIDERS: Final = (
    """
query ListProviders(
  $first: Int, $after: String, $last: Int, $before: String, $search: String,
  $totalCount: Boolean = false
) {
  providers(first: $first, after: $after, last: $last, before: $before, search: $search) {
    nodes { ...Provider }
    pageInfo { ...PageInfo }
    totalCount @include(if: $totalCount)
  }
}
"""
    + _PROVIDER
    + _PAGE
)
READ_PROVIDER: Final = (
    """
query ReadProvider($id: ID!) {
  provider(by: { id: $id }) { ...Provider }
}
"""
    + _PROVIDER
)
CSRF_TOKEN: Final = """
query CsrfToken {
  csrfToken
}
"""
LOGIN: Final = (
    """
mutation Login($input: LoginInput!, $accessToken: Boolean = false) {
  login(input: $input) {
    session {
      expiresAt
      csrfToken
      accessToken @include(if: $accessToken)
      viewer { id email role workspaceId }
    }
    errors { ...Errors }
  }
}
"""
    + _ERRORS
)
LOGOUT: Final = (
    """
mutation Logout {
  logout { ok errors { ...Errors } }
}
"""
    + _ERRORS
)
