"""Signatures of what no server says: where a test mail ended, and providers without any access.

They are words of programs that send mail to themselves, and of help pages. A line that holds a
server's refusal never counts here: whoever was refused has sent nothing.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import (
    LOGIN,
    MAILBOX,
    OPENING,
    Signature,
    words,
)
from mailconfig.domain.diagnostics.signatures_names import REPLY
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import FAILED, NONE, REFUSED, UNKNOWN, near

_TEST: Final = (
    r"(?:\b(?:test|probe|sample|seed|canary|loop(?:back)?|round-?trip)[- ]?(?:e-?mail|mail|message"
    r"|msg)|\bprobe\b|round-?trip|self-?test|e?mail[ -]loop\b|(?:test|prüf|probe)-?(?:nachricht"
    r"|e-?mail)"
    r"|(?:message|mail|courriel) (?:(?:de |d')essai|(?:de )?test\b)|(?:mensaje|correo"
    r"|mail) de prueba"
    r"|(?:messaggio|mail) di (?:prova|test)|(?:mensagem|mail) de teste|testow\w{1,4} \w*(?:wiadomo"
    r"|mail)|(?:wiadomo\w{1,5}|mail) (?:testow|próbn)|test(?:bericht|meddelande|besked|melding)"
    r"|testovací (?:zpráv|e-?mail)|(?:тестов|пробн|проверочн)\w{1,3} (?:письм|сообщ)"
    r"|письмо проверки|测试(?:邮件|信)|測試郵件"
    r"|テスト ?(?:メール|メッセージ)|(?:테스트|시험) ?메일)"
)
"""A message that a program has sent to itself."""
_SPAM: Final = (
    r"(?:\bspam(?!assas|haus|cop|d\b)|\bjunk|bulk mail|unerwünscht|indésirable|pourriel"
    r"|no deseado|indesiderata|\blixo"
    r"|niechcian|ongewenst|nevyžádan|skräppost|søppel|нежелат|(?<!\w)спам|垃圾|迷惑|스팸)"
)
"""The folder for unwanted mail."""
_ARRIVED: Final = (
    r"(?:found|landed|arriv|delivered|moved|filed|placed|ended up|went|sorted|gefunden|angekommen"
    r"|eingetroffen|zugestellt|gelandet|verschoben|einsortiert|trouvé|livré|déplacé|llegó|entreg"
    r"|movid|finit|trovat|consegnat|recapitat|spostat|chegou|trafił|dotarł|dostarcz|попал|доставл"
    r"|перемещ|送达|移|届|入り|振り分け|도착|이동)"
)
"""It came to a folder."""
_NOT_ARRIVED: Final = (
    r"(?:(?:\bnot|n't|\bnever|\bnicht|\bkein\w?|\bpas|\bno|\bnon|\bnão|\bnie|\bniet|(?<!\w)не|未|没有"
    r"|沒有|\bjamais|\bnunca|\bmai|\bnigdy) ?(?:\w{1,12} ){0,3}(?:arriv|receiv|(?:be )?found"
    r"|sho[wn]|appear|seen|turn|come|came"
    r"|deliver|return|eing|angek|empfang|zugest|erschien|reçu|revenu|parven|apparu|lleg|recib"
    r"|aparec|ricev|pervenut|comparsa?|cheg|receb|aparec|dotar|przysz|nadesz|otrzym|pojawi|ontvang"
    r"|aangekomen|приш|получ|доставл|дош|появ|найден|收到|送达|到达|抵达)"
    r"|in (?:no|any) folder|kein\w{0,2} ordner|aucun dossier|ninguna carpeta|nessuna cartella"
    r"|nenhuma pasta|żadnym folderze|ни в одной папке|(?:still|is|was|goes|went) missing"
    r"|届(?:き|い)(?:ませ|てい)|到着し(?:ませ|ていま)|도착하지"
    r"|받지 못|\blost\b|verloren|\bperdu|perdid"
    r"|\bpersa?o?\b|zagin|потеря|丢失"
    r"|deliver\w*[- ]?time-?out|(?:wait|watch|look)\w* (?:\w{1,12} ){0,6}(?:time-?out|timed out"
    r"|gave up))"
)
"""It came to no folder."""
_WAITED: Final = r"(?:time-?out|timed out|gave up|abgelaufen|expir\w+) .{0,12}(?:wait|watch|look)"
_ANSWERED: Final = words(
    REPLY,
    r"(?-i:\b(?:NO|BAD|BYE)\b)",
    r"log-?in|authenticat\w+ (?:fail|err)|connection|could not (?:be )?s[ea]n[dt]",
)
"""A server has refused something, or nothing was sent."""

_PROTOCOLS: Final = r"\b(?:imap4?|pop3?|smtp)\b"
_BOTH: Final = (
    r"(?<![a-z])(?:imap4?.{1,16}(?:pop3?|smtp)|(?:pop3?|smtp).{1,16}imap4?)(?![a-z]|\d?-?server)"
)
"""More than one protocol: nothing about a single switch."""
_LACKS: Final = (
    r"(?:(?:n't|\bnot|cannot|unable to) (?:\w{1,12} ){0,2}(?:support|offer|provide|allow|have"
    r"|be accessed|access)|\bno (?:support|access) (?:for|to|by|via)|unterstützt (?:\w{1,12} ){0,2}"
    r"(?:kein|nicht|weder)|bietet (?:\w{1,12} ){0,2}(?:kein|weder)|ne (?:prend|propose|support"
    r"|fourni|perme|gère)\w*|no (?:ofrece|admite|soporta|permite|es compatible)"
    r"|non (?:offre|support|fornisc|consent|permett)\w*|não (?:ofere|suport|permit)\w*"
    r"|nie (?:oferuje|obsługuje|udostępnia)|(?:ondersteunt|biedt) (?:\w{1,12} ){0,2}(?:geen|niet)"
    r"|(?:nepodporuje|nenabízí)|не (?:поддерж|предостав|предлаг)\w*|不(?:支持|提供|支援)"
    r"|(?:サポート|対応|提供)して(?:い|お)|지원하지|제공하지)"
)
"""Somebody does not offer something."""
_PROVIDER: Final = (
    r"(?:this (?:provider|service|mail service)|(?:dies\w+|der) (?:anbieter|dienst)"
    r"|ce (?:fournisseur|service)|est[ea] (?:proveedor|servicio|provedor|serviço)"
    r"|quest\w (?:provider"
    r"|servizio|gestore)|t\w+ (?:dostawca|usługa)|этот (?:сервис|провайдер)|\bhey(?:\.com)?\b"
    r"|\btuta(?:nota)?\b|\bskiff\b|end-?to-?end|proton ?mail|without (?:the )?bridge)"
)
"""Whole providers, not somebody's account or plan."""
_FORWARDS: Final = (
    r"(?:forward|redirect|weiterleit|weitergeleit|umleit|redirection|transfère|reenví|redirec"
    r"|inoltr|encaminh|przekier|przekaz|doorst|doorgest|přepos|vidarebef|пересыл|перенаправ|转发|轉寄"
    r"|転送|전달)"
)
_MAILBOX: Final = (
    r"(?:mail ?box|\binbox\b|postfach|bo[iî]tes?\b|buz[oó]n|casella|caixa|skrzynk|schránk|ящик|邮箱"
    r"|信箱|メールボックス|메일함|imap server)"
)
_LACKING: Final = (
    rf"(?:\bno\b|{NONE}|\bwithout\b|(?:does|do|is)(?: not|n't)|n'existe|n'y a pas|\bno hay|non c'è"
    r"|não (?:há|existe|tem)|nie ma|(?<!\w)нет|无|ありませ|없)"
)

RESULTS: Final = (
    # A test mail that came to the wrong folder, or to none
    Signature(
        Code.ROUNDTRIP_SPAM,
        words(near(_TEST, _SPAM, 120)),
        without=words(_ANSWERED.pattern, REFUSED, r"reject|block"),
    ),
    Signature(
        Code.ROUNDTRIP_SPAM,
        words(near(_ARRIVED, _SPAM, 40)),
        phases=MAILBOX,
        needs_phase=True,
        without=words(_ANSWERED.pattern, REFUSED, UNKNOWN, FAILED, r"reject|block"),
    ),
    Signature(
        Code.ROUNDTRIP_LOST,
        words(near(_TEST, _NOT_ARRIVED, 90), rf"{_WAITED}.{{0,40}}{_TEST}"),
        without=_ANSWERED,
    ),
    # Addresses that only forward
    Signature(
        Code.FORWARD_ONLY,
        words(
            rf"{_FORWARDS}.{{0,80}}{_LACKING}.{{0,16}}{_MAILBOX}",
            rf"{_LACKING}.{{0,16}}{_MAILBOX}.{{0,60}}{_FORWARDS}",
            rf"{_FORWARDS}.{{0,60}}{_MAILBOX}.{{0,8}}(?:нет|なし|がな|ありませ|没有|없)",
            r"\b(?:rein\w{0,2}|nur|purely|only|just) (?:an? |eine? )?(?:weiterleitungs(?:dienst"
            r"|adresse)"
            r"|forwarding (?:service|address|domain|alias))",
        ),
        phases=LOGIN | OPENING | {Phase.CONFIG},
        without=words(REPLY),
    ),
    # Providers that let no mail program in
    Signature(
        Code.NO_CLIENT_ACCESS,
        words(
            near(_LACKS, _BOTH, 40),
            rf"\bno {_BOTH}.{{0,8}}(?:available|access|support)",
            r"requires? (?:the )?(?:\w{1,12} ){0,2}bridge\b",
            rf"\b(?:no|keine?n?|sans|sin|senza|sem|bez|без) (?:\w{{1,10}} )?imap\W.{{0,12}}"
            rf"(?:no|kein|sans|sin|senza|sem|bez|без|und|and|or|ni|et|e|o|i"
            rf"|и)\b.{{0,8}}{_PROTOCOLS}",
            rf"{_PROVIDER}.{{0,60}}{_LACKS}.{{0,24}}{_PROTOCOLS}",
            rf"{_LACKS}.{{0,24}}{_PROTOCOLS}.{{0,40}}{_PROVIDER}",
            rf"\b(?:tuta|tutanota|hey|skiff)\b.{{0,40}}{_LACKS}.{{0,24}}{_PROTOCOLS}",
        ),
        phases=LOGIN | OPENING | {Phase.CONFIG},
        without=words(
            REPLY,
            r"(?-i:\b(?:NO|BAD|BYE)\b) |-ERR",
            r"\b(?:your|this|the|my) (?:account|user|plan|mailbox|domain|subscription)|\bplan\b",
            r"mechanism|method|\bauth|\btls|\bssl|command|extension|capabilit|\bidle\b|librar",
        ),
    ),
)
"""Rows in order of precedence; none holds beside a server's refusal."""
