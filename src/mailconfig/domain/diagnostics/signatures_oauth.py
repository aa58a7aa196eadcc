"""Signatures of OAuth 2.0: errors of RFC 6749, RFC 6750 and OpenID Connect, AADSTS numbers.

The AADSTS numbers are those of Microsoft's list of Entra authentication error codes; their
sentences come in the user's language, so only the number counts.
"""

from typing import Final

from mailconfig.domain.diagnostics import vocabulary_languages as said
from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
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


_CODE: Final = (
    r"(?:error ?code|fehlercode|code d'erreur|código de erro|codice (?:di )?errore|kod błędu"
    r"|foutcode|felkod|hata kodu|код ошибки|错误代码|錯誤碼|エラー ?コード|오류 코드)\w?\W{1,4}"
)
"""What Entra's own pages write before the number."""


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


def _aadsts(*numbers: str) -> str:
    """Match a number as Entra writes it: AADSTS50076, "error_codes":[50076], error?code=50076."""
    return rf"(?:AADSTS|error_codes\W{{1,6}}|error\?code=|{_CODE})(?:{'|'.join(numbers)})(?!\d)"


def _error(*members: str) -> str:
    """Match values of the member "error" (RFC 6749, section 5.2), which no sentence holds."""
    return rf"\b(?:{'|'.join(members)})\b"


ENTRA: Final = (
    # Clocks: assertion or token outside its time
    Signature(
        Code.CLOCK_SKEW, words(_aadsts("700024", "700023", "500133", "50012(?=.{0,200}time)"))
    ),
    # The application's registration: client, secret, certificate, redirect address, request
    Signature(
        Code.OAUTH_APP,
        words(
            _aadsts(
                "7000215", "7000222", "7000218", "7000216", "700016", "700025", "700027", "700030"
            ),
            _aadsts("50011", "900144", "900023", "90002", "9002313", "9002326", "9002327", "90014"),
            _aadsts(
                "90023", "500113", "50012", "70001", "70002", "70003", "70007", "500112", "7000112"
            ),
            _aadsts("650056", "50194", "700054", "700051", "900382", "9002325", "50059", "500011"),
            _aadsts("90013", "1002012", "501051", "650053(?!.)", "70005", "7001211"),
            _aadsts(
                "50001", "50002", "50003", "50010", "50013", "50027", "50029", "50128", "50146"
            ),
            _aadsts("50147", "50148", "501481", "50161", "7000\\d{3}", "90019", "90027"),
        ),
    ),
    # The user has said no, and may say yes
    Signature(
        Code.OAUTH_CONSENT,
        words(
            _aadsts("65004"),
            r"\buser(?:'s)? (?:has )?(?:denied|declined|cancel+ed|refused|rejected)"
            r"|(?:denied|declined|cancel+ed|refused|rejected) by (?:the )?(?:end[- ]?)?user",
        ),
        phases=OAUTH,
        fixable_by=FixableBy.USER,
    ),
    # Nobody has agreed, or only an administrator may
    Signature(
        Code.OAUTH_CONSENT,
        words(
            _aadsts(
                "65001", "65004", "90094", "90093", "90095", "90008", "650051", "650052", "650057"
            ),
            _aadsts("50105", "530003", "65005", "900941", "90096", "650054", "65002"),
        ),
    ),
    # A rule of the organisation: 5300x and 53xxxx are conditional access
    Signature(
        Code.MS_POLICY,
        words(
            _aadsts("5300\\d", "53010", "53011", "530\\d{3}", "50005", "50097", "50129", "50131"),
            _aadsts("500021", "500212", "500213", "50192", "50187"),
        ),
    ),
    Signature(
        Code.OAUTH_SCOPE,
        words(_aadsts("70011", "28000", "28002", "28003", "650053", "700022", "9010010")),
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS, words(_aadsts("50126", "50034", "50020", "51004", "50056"))
    ),
    Signature(Code.ACCOUNT_DISABLED, words(_aadsts("50057", "5000225", "500571"))),
    Signature(Code.AUTH_THROTTLED, words(_aadsts("50053", "50196"))),
    Signature(Code.AUTH_EXPIRED, words(_aadsts("50055", "50144"))),
    Signature(
        Code.OAUTH_ENDPOINT_DOWN,
        words(
            _aadsts("90033", "90020", "90024", "50033", "90006", "90012", "90055", "70012", "80001")
        ),
    ),
    # Refresh token spent, revoked, expired; or the user has to be asked again (MFA)
    Signature(
        Code.OAUTH_REAUTH,
        words(
            _aadsts(
                "70000", "70008", "70043", "700082", "700084", "700081", "50173", "50132", "50133"
            ),
            _aadsts(
                "50076", "50078", "50079", "50072", "50074", "50089", "50058", "54005", "70044"
            ),
            _aadsts(
                "700003", "50158", "50140", "160021", "16000", "500341", "50085", "50177", "240001"
            ),
            _aadsts("700020", "70019", "50199", "16001", "65003"),
            r"AADSTS\d{4,7}.{0,200}refresh",
        ),
    ),
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
            )
        ),
        phases=_ENDPOINT,
    ),
    Signature(
        Code.OAUTH_ENDPOINT_DOWN,
        words(_error("temporarily_unavailable", "server_error", "slow_down", "internal_failure")),
        phases=OAUTH,
    ),
    # Numbers that nobody has listed, by their range
    Signature(Code.MS_POLICY, words(_aadsts(r"53\d{3,4}"))),
    Signature(Code.OAUTH_CONSENT, words(_aadsts(r"65\d{3,4}"))),
    Signature(
        Code.OAUTH_APP,
        words(_aadsts(r"75\d{3}", r"9\d{4,6}")),
        without=words(r"invalid_grant|interaction_required"),
    ),
)
"""Microsoft Entra, by number, and the members of RFC 6749; looked at before all words."""

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
            r"|<!doctype|rate.?limit|too many requests",
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
