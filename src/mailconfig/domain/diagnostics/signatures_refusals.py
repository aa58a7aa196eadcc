"""Signatures of plain refusals of a login, which say no more than that (RFC 4954, RFC 5530)."""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import (
    LOGIN,
    Signature,
    codes,
    enhanced,
    phases,
    responses,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import FAILED, PASSWORD, REFUSED, USER, WRONG, near
from mailconfig.domain.diagnostics.vocabulary import LOGIN as SIGN_IN

REFUSALS: Final = (
    # Whoever speaks of methods, and of no credential, means the method
    Signature(
        Code.AUTH_MECHANISM,
        words(r"\b(?:sasl )?mechanism|auth\w* (?:method|scheme|type)s?\b|secure auth"),
        phases=LOGIN,
        without=words(
            r"\b(?:auth\w*|log-?in) (?:fail|error|unsuccess)|535\b|AUTHENTICATION ?FAILED",
            PASSWORD,
            WRONG,
            r"credential",
        ),
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS,
        words(
            r"(?:auth\w*|log-?in|logon|sign-?in|credential|password)\w*\b.{0,40}(?:fail"
            r"|incorrect|invalid|wrong|reject|denied|refused|unsuccessful|error|bad|not accepted"
            r"|mismatch)",
            r"(?:fail\w*|incorrect|invalid|wrong|reject\w*|denied|refused|bad|could not|cannot"
            r"|unable to) .{0,30}(?:auth\w*|log-?in|logon|credential|password|user)",
            r"535\b|authentifizierung|anmeldung .{0,20}fehl|benutzername oder|authentification",
            r"identification|identifiants|mot de passe (?:incorrect|invalide)",
            r"contraseña|autenticaci|autenticazione|credenziali|autentica[cç]|senha|авторизаци",
            near(rf"(?:{USER}|{PASSWORD}|{SIGN_IN})", rf"(?:{WRONG}|{FAILED}|{REFUSED})"),
            r"0x800CCC92|0x800CCC18|0x80048820|rejected your log",  # Outlook's numbers
        ),
        phases=LOGIN,
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS, phases=LOGIN, response_codes=responses("AUTHENTICATIONFAILED")
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS,
        phases=LOGIN,
        reply_codes=codes(530, 534, 535, 550, 553, 554, 571),
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS,
        phases=phases(Phase.AUTH),
        enhanced_codes=enhanced("5.7.8", "5.7.1", "5.7.0", "5.7.3", "5.0.0"),
    ),
    Signature(
        Code.CLIENT_PROTOCOL,
        words(r"\bBAD\b|(?<![\w.])50[0123][ -]|syntax"),
        phases=LOGIN,
        needs_phase=True,
    ),
    Signature(
        Code.AUTH_BAD_CREDENTIALS, words(r"\bNO\b|-ERR|5\d\d"), phases=LOGIN, needs_phase=True
    ),
)
"""Plain refusals; the engine refines them by the provider."""
