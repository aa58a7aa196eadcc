"""Signatures of web interfaces to mailboxes: the Gmail API, Microsoft Graph and EWS.

Sources: "Resolve errors" of the Gmail API, google.rpc.ErrorInfo, "Microsoft Graph error
responses", ResponseCode of EWS. The members "reason" and "code" outlive the sentences.
"""

import re
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.families import Family
from mailconfig.domain.diagnostics.signatures import (
    LOGIN,
    MAILBOX,
    TRANSACTION,
    Signature,
    families,
    words,
)
from mailconfig.domain.diagnostics.vocabulary import EXPIRED, REVOKED, near

_GOOGLE: Final = families(Family.GOOGLE)
_MICROSOFT: Final = families(Family.MICROSOFT)
_LASTING: Final = (
    r"refresh|aktualisierung|erneuerung|actuali[sz]a|renova|renouvel|aggiorn|atualiza|odśwież"
    r"|vernieuw"
    r"|обновл|刷新|更新|リフレッシュ|갱신"
)
"""What renews a token; when it is too old, the user has to sign in again."""
_CALLS: Final = LOGIN | MAILBOX | TRANSACTION

INTERFACES: Final = (
    # The project has not switched the interface on
    Signature(
        Code.OAUTH_APP,
        words(r"accessNotConfigured|SERVICE_DISABLED|\bAPI has not been used in project"),
    ),
    Signature(
        Code.OAUTH_SCOPE,
        words(
            r"ACCESS_TOKEN_SCOPE_INSUFFICIENT|insufficientPermissions|insufficient_scope",
            r"insufficient (?:authentication )?scope|ErrorInsufficientPermissions?InAccessToken",
            r"InvalidAuthenticationToken.{0,120}audience|audience.{0,60}invalid for",
            r"token (?:lacks|is missing|has no|without) (?:\w{1,12} ){0,2}scope",
            r"Authorization_RequestDenied|does not have the required scope|required scopes? (?:is"
            r"|are) missing",
        ),
        phases=_CALLS,
    ),
    Signature(
        Code.OAUTH_TOKEN_EXPIRED,
        words(
            r"InvalidAuthenticationToken.{0,120}expired|lifetime validation failed",
            r"expected OAuth 2 access token|access ?token (?:has |is )?expired",
            near(r"(?:token|jeton|токен|маркер|令牌|トークン|토큰)\w{0,3}", EXPIRED, 24),
        ),
        phases=_CALLS,
        without=words(_LASTING, REVOKED, r"\b(?:api|server|smtp)[- ]?token"),
    ),
    Signature(
        Code.OAUTH_SCOPE,
        words(r"compact ?token parsing|\bJWT is not well formed|IDX1\d{4}\b"),
        families=_MICROSOFT,
        phases=_CALLS,
    ),
    Signature(
        Code.OAUTH_TOKEN_EXPIRED,
        words(r"\bInvalidAuthenticationToken\b"),
        families=_MICROSOFT,
        phases=_CALLS,
        without=words(r"empty|missing"),
    ),
    Signature(
        Code.OAUTH_TOKEN_EXPIRED,
        words(r"\bHttpError 401\b|\bcode\W{1,4}401\b|\bauthError\b|\bUNAUTHENTICATED\b"),
        hosts=re.compile(r"(?:^|\.)googleapis\.com$", re.IGNORECASE),
        phases=_CALLS,
    ),
    # The account has no mailbox in this store
    Signature(
        Code.MS_NOT_CONNECTED,
        words(
            r"MailboxNotEnabledForRESTAPI|MailboxNotHostedInExchangeOnline|ErrorMailboxStoreUnav"
            r"|ErrorNonExistentMailbox|resource could not be discovered|ErrorMissingEmailAddress"
        ),
    ),
    Signature(
        Code.MS_THROTTLE,
        words(
            r"ApplicationThrottled|MailboxConcurrency|ErrorExceededMessageLimit|ErrorServerBusy"
            r"|TooManyRequests|too many requests"
        ),
        families=_MICROSOFT,
        phases=_CALLS,
    ),
    Signature(
        Code.GMAIL_SEND_LIMIT,
        words(r"limit exceeded.{0,80}\bmail sending"),
        families=_GOOGLE,
        phases=_CALLS,
    ),
    # One account in the name of another (EWS, service accounts)
    Signature(
        Code.AUTH_NOT_AUTHORISED,
        words(r"ErrorImpersonat|\bimpersonat\w+.{0,40}(?:denied|not|fail)|rights? to impersonate"),
        phases=LOGIN | MAILBOX,
    ),
)
"""Rows in order of precedence."""
