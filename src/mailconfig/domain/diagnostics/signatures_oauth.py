"""Signatures of OAuth 2.0: errors of RFC 6749, RFC 6750 and OpenID Connect, and their words.

The numbers of Microsoft's sign-in service stand in `signatures_entra.py`.
"""

from typing import Final

from mailconfig.domain.diagnostics import vocabulary_languages as said
from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import (
    LOGIN,
    OAUTH,
    Signature,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    ADMINISTRATOR,
    AGREEMENT,
    APP,
    EXPIRED,
    LATER,
    REVOKED,
    TEMPORARY,
    UNVERIFIED,
    WRONG,
    near,
)

_ENDPOINT: Final = OAUTH | LOGIN | {Phase.CONFIG}


_TOKEN: Final = r"(?:token|jeton|маркер|токен|令牌|トークン|토큰)"
_RENEWAL: Final = (
    r"(?:refresh[- _]?token|(?:aktualisierungs|erneuerungs)-?token|jeton d'actualisation"
    r"|токен обновл|token (?:de|di) (?:actualizaci|renovaci|aggiorn|atualiza"
    r"|refresh)|(?:刷新|更新)令牌"
    r"|リフレッシュ ?トークン|vernieuwingstoken|token odśwież)"
)


_BARRED: Final = (
    r"(?:access (?:is |was |has been )?blocked|zugriff blockiert|accès bloqué|acceso bloqueado"
    r"|accesso bloccato|acesso bloqueado"
    r"|dostęp zablokowan|доступ заблокирован|已(?:禁止|屏蔽|封锁)访问"
    r"|访问被(?:禁止|阻止)|アクセスをブロック"
    r"|アクセスがブロック)"
)
"""The headline of Google's page about an application that may not ask."""


def _error(*members: str) -> str:
    """Match values of the member "error" (RFC 6749, section 5.2), which no sentence holds."""
    return rf"\b(?:{'|'.join(members)})\b"


MEMBERS: Final = (
    # A request that proves nothing: PKCE, redirect address (RFC 7636, section 4.6)
    Signature(
        Code.OAUTH_APP,
        words(
            r"\bpkce\b|code[_ ](?:verifier|challenge)|mismatching_state|state (?:mismatch|not eq)"
        ),
        phases=OAUTH,
    ),
    # What client libraries raise where the user has to be asked (MSAL)
    Signature(
        Code.OAUTH_REAUTH,
        words(r"UiRequiredException|InteractionRequired(?:Auth)?(?:Error|Exception)"),
        without=words(r"AADSTS"),
    ),
    # The member "error" is sure; what stands beside it may speak of anything (RFC 6749, 5.2)
    Signature(
        Code.OAUTH_CONSENT,
        words(
            _error(
                "access_denied",
                "consent_required",
                "admin_policy_enforced",
                "org_internal",
                "app_not_configured_for_user",
                "disallowed_useragent",
            )
        ),
        phases=OAUTH,
        without=words(r"AADSTS"),
    ),
    Signature(
        Code.OAUTH_APP,
        words(
            _error(
                "invalid_client",
                "invalid_client_secret",
                "unauthorized_client",
                "unsupported_grant_type",
                "unsupported_response_type",
                "redirect_uri_mismatch",
                "origin_mismatch",
                "deleted_client",
                "disabled_client",
                "restricted_client",
                "invalid_request_uri",
                "invalid_dpop_proof",
            )
        ),
        phases=_ENDPOINT,
        without=words(r"AADSTS"),
    ),
    Signature(
        Code.OAUTH_SCOPE,
        words(_error("invalid_scope", "insufficient_scope", "invalid_target")),
        phases=_ENDPOINT,
    ),
    Signature(
        Code.OAUTH_REAUTH,
        words(
            _error(
                "interaction_required",
                "login_required",
                "account_selection_required",
                "invalid_rapt",
                "expired_token",
                "invalid_code",
                "account_not_authorized",
            )
        ),
        phases=_ENDPOINT,
    ),
    Signature(
        Code.OAUTH_ENDPOINT_DOWN,
        words(_error("temporarily_unavailable", "server_error", "slow_down", "internal_failure")),
        phases=OAUTH,
    ),
)
"""The members of RFC 6749, and of OpenID Connect; looked at before all words."""

ENDPOINTS: Final = (
    # A clock: Google's "short-lived token ... reasonable timeframe", PyJWT's "not yet valid (iat)"
    Signature(
        Code.CLOCK_SKEW,
        words(
            r"short-lived token|reasonable timeframe|used too (?:early|late)|clock",
            r"\(?\biat\b\)?.{0,30}(?:future|not yet|invalid|prior)|issued in the future",
            r"token is not yet valid|system time|time skew",
            r"request(?:timetooskewed|expired)|signature (?:has )?expired",
            r"signature not yet current",
            r"not (?:yet )?valid before|nbf\b",
            r"system-?uhr|horloge|\breloj|orologio|relógio|systeemklok|zegar systemow"
            r"|системн\w+ (?:час|врем)|系统(?:时间|时钟)|システム(?:時刻|時計)|시스템 시간",
        ),
        phases=OAUTH | LOGIN,
    ),
    Signature(
        Code.OAUTH_CONSENT,
        words(
            r"access_denied|consent_required|admin_policy_enforced|org_internal|admin_consent",
            r"(?:admin\w*|user).{0,40}(?:approv|consent)",
            r"(?:need|require)s? (?:admin|approval|consent)",
            r"app_not_configured_for_user|unverified app|not been verified by",
            r"has not completed the",
            r"disallowed_useragent|app is blocked|this app (?:is|was|has been) blocked",
            r"(?:not|n't) (?:been )?verified (?:yet )?(?:by|this app)|disabled for this app",
            r"(?:user|resource owner)\b.{0,20}(?:cancel|declin|denied|reject)",
            r"denied (?:the )?(?:request|access|consent)",
            near(ADMINISTRATOR, AGREEMENT, 60),
            near(APP, UNVERIFIED, 60),
            near(
                _BARRED,
                r"(?:verif|vérif|validation|überprüf|weryfik|провер|验证|驗證|確認|審査)",
                90,
            ),
        ),
        phases=OAUTH,
        without=words(r"invalid_client"),
    ),
    Signature(
        Code.OAUTH_APP,
        words(
            r"invalid_client|unauthorized_client|redirect_uri|redirect uri",
            r"unsupported_(?:grant|response)",
            r"deleted_client|disabled_client|invalid_request\b(?!.{0,80}(?:refresh|expired))",
            r"unknown client|client authentication failed",
            r"client (?:id|secret|was not found)|code[_ ]verifier|pkce|origin_mismatch",
            r"invalid[_ ]issuer|invalid id[ _]?token",
            r"application with identifier|restricted_client|malformed|missing (?:required )?param",
        ),
        phases=OAUTH,
    ),
    Signature(
        Code.OAUTH_SCOPE,
        words(
            r"invalid_scope|insufficient_scope|insufficient (?:authentication )?scope",
            r"invalid[_ ](?:audience|aud\b)|invalid[_ ]target|audience .{0,30}(?:invalid|mismatch"
            r"|wrong)|scope.{0,30}(?:missing|not granted|invalid)",
            r"wrong (?:audience|scope)",
            near(said.SCOPE, WRONG, 30),
        ),
        phases=_ENDPOINT,
    ),
    Signature(
        Code.OAUTH_REAUTH,
        words(
            r"invalid_grant|interaction_required|login_required|invalid_rapt|reauth",
            r"expired or revoked",
            r"refresh[_ ]?token.{0,60}(?:expired|revoked|invalid|not valid|missing|not found"
            r"|unknown)",
            r"token (?:has been |was )?(?:revoked|withdrawn)|no refresh[_ ]?token",
            r"account_selection",
            r"(?:invalid|expired|revoked|unknown) refresh[_ ]?token|\btoken (?:was )?not found",
            r"grant (?:has been |was )?(?:revoked|expired)",
            near(_RENEWAL, rf"(?:{EXPIRED}|{REVOKED})", 60),
            near(_TOKEN, REVOKED, 60),
        ),
        phases=_ENDPOINT,
    ),
    Signature(
        Code.OAUTH_ENDPOINT_DOWN,
        words(
            r"temporarily_unavailable|server_error|internal[_ ](?:server[_ ])?(?:error|failure)",
            r"bad gateway|gateway time|\bupstream\b|\b50[0234]\b",
            r"service unavailable|unexpected (?:end of json|token|content|response)",
            r"backend error|slow_down",
            r"not (?:valid )?json|json\w*decode|beginning of value|expected value at|<html"
            r"|<!doctype|rate.?limit|too many requests|unable to process \w* ?request at this time",
            r"\b429\b",
            r"temporar|try again later|max retries exceeded",
            r"nicht (?:erreichbar|verfügbar)|indispon[ií]|no (?:está )?disponible"
            r"|non (?:è )?(?:disponibil|raggiungibil)|niet beschikbaar|niedostępn|nedostupn"
            r"|недоступ"
            r"|不可用|利用できま|사용할 수 없",
            TEMPORARY,
            LATER,
        ),
        phases=OAUTH,
        needs_phase=True,
    ),
    Signature(
        Code.OAUTH_TOKEN_EXPIRED,
        words(r"invalid_token|expired[_ ]?(?:access[_ ]?)?token|token.{0,20}expired"),
        phases=OAUTH,
    ),
)
"""The authorization and token endpoints (RFC 6749, sections 4.1.2.1 and 5.2)."""
