"""Signatures of Microsoft Entra: AADSTS numbers, by what they mean for the person who signs in.

Source: Microsoft's list "Microsoft Entra authentication and authorization error codes". The
sentences come in the user's language and change, so only the number counts.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.signatures import OAUTH, Signature, words

_CODE: Final = (
    r"(?:error ?code|fehlercode|code d'erreur|código de erro|codice (?:di )?errore|kod błędu"
    r"|foutcode|felkod|hata kodu|код ошибки|错误代码|錯誤碼|エラー ?コード|오류 코드)\w?\W{1,4}"
)
"""What Entra's own pages write before the number."""


def _aadsts(*numbers: str) -> str:
    """Match numbers as Entra writes them: AADSTS50076, "error_codes":[50076], error?code=50076."""
    listed = "|".join(" ".join(numbers).split())
    return rf"(?:AADSTS ?|error_codes\W{{1,6}}|error\?code=|{_CODE})(?:{listed})(?!\d)"


ENTRA: Final = (
    # Clocks: assertion or token outside its time
    Signature(
        Code.CLOCK_SKEW,
        words(
            _aadsts("700024 500133 76026 80013"),
            rf"{_aadsts('50012')}.{{0,200}}time",
        ),
    ),
    Signature(Code.OAUTH_SCOPE, words(rf"{_aadsts('700023')}.{{0,120}}\bscope\b")),
    # The application's registration: client, secret, certificate, redirect address, request
    Signature(
        Code.OAUTH_APP,
        words(
            _aadsts(
                "50001 50003 50006 50007 50008 50010 50011 50012 50013 50027 50029 50048 50049",
                "50050 50059 50099 50107 50120 50124 50128 50146 50147 50148 50161 50169 50170",
                "50194 500011 500112 500113 501051 501241 501461 501481 501491 650053(?!.)",
                "650054 650056 650057 65002 67003 70001 70002 70003 70004 70005 70007 700005",
                r"700011 700016 700023 700025 700027 700030 700051 700054 700229 7001211 7000\d{3}",
                "90002 90004 90005 90009 90010 90013 90014 90015 90016 90019 90023 90027 90038",
                "90043 90051 90056 900144 900023 900382 900384 900432 900561 9001023 9002313",
                "9002325 9002326 9002327 9002332 901002 1002012 1000000 100007 140000 165900",
            ),
        ),
    ),
    # The user has said no, and may say yes
    Signature(
        Code.OAUTH_CONSENT,
        words(
            _aadsts("65004"),
            r"\buser(?:'s)? (?:has )?(?:denied|declined|cancel+ed|refused|rejected"
            r"|did ?n[o']t (?:give )?(?:consent|approve|agree|authori[sz]e))"
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
                "50015 50105 52004 65001 65004 65005 650051 650052 90008 90093 90094 90095 90096",
                "90099 900941",
            )
        ),
    ),
    # A rule of the organisation: 53xxxx are conditional access and security defaults
    Signature(
        Code.MS_POLICY,
        words(
            _aadsts(
                r"530\d{2,3} 50002 50005 50097 50127 50129 50131 50155 50178 50180 50187 50192",
                "500021 500022 500212 500213 54000 80012 81007 90082 90084 135011 1000031 1000104",
            )
        ),
    ),
    Signature(
        Code.OAUTH_SCOPE,
        words(_aadsts("28000 28002 28003 650053 70011 700022 9010010")),
    ),
    # Name, password, or an account that this organisation does not have
    Signature(
        Code.AUTH_BAD_CREDENTIALS,
        words(_aadsts("16003 50014 50020 50034 50056 50064 50126 51004 500208 90072 90125")),
    ),
    Signature(Code.ACCOUNT_DISABLED, words(_aadsts("50057 5000225 500571 120014"))),
    Signature(Code.AUTH_THROTTLED, words(_aadsts("50053 50196"))),
    Signature(
        Code.AUTH_EXPIRED, words(_aadsts("50055 50135 50144 12000[0-5] 12001[125] 120018 120020"))
    ),
    Signature(
        Code.OAUTH_ENDPOINT_DOWN,
        words(
            _aadsts(
                "40008 40010 50000 50033 50087 50088 50166 501621 70012 80001 80002 80005 80007",
                "80014 90006 90012 90020 90024 90033 90036 90055 90090 90091 120013 120021",
            )
        ),
    ),
    # Refresh token spent, revoked, expired; or the user has to be asked again (MFA)
    Signature(
        Code.OAUTH_REAUTH,
        words(
            _aadsts(
                "16000 16001 16002 160021 240001 40009 40015 500341 50058 50072 50074 50076 50078",
                "50079 50085 50089 50125 50132 50133 50136 50139 50140 50143 50158 50168 50173",
                "50177 50197 50199 51006 54005 65003 70000 70008 70016 70018 70019 70043 70044",
                r"700003 700020 70008\d 8100[4-6] 81009 8101[0-2] 90086 90119 90120 13000[4-8]",
            ),
            r"AADSTS\d{4,7}.{0,200}refresh",
        ),
    ),
)
"""Numbers of the list, the narrow meanings first; looked at before all words."""

UNLISTED: Final = (
    Signature(Code.MS_POLICY, words(_aadsts(r"53\d{3,4}"))),
    Signature(Code.OAUTH_CONSENT, words(_aadsts(r"65\d{3,4}"))),
    Signature(
        Code.OAUTH_APP,
        words(_aadsts(r"75\d{3,5} 76\d{3} 9\d{4,6}")),
        without=words(r"invalid_grant|interaction_required"),
    ),
)
"""Numbers that nobody has listed, by their range; after the members of RFC 6749."""
