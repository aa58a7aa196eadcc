"""Signatures of sending services: credentials, verified senders, rates.

Sources: the services' own lists of SMTP replies (Amazon SES, SendGrid, Brevo, Mailgun, Postmark,
SparkPost, Mailjet, Mailtrap, Resend, Postal).
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.families import Family
from mailconfig.domain.diagnostics.signatures import (
    LOGIN,
    SMTP,
    TRANSACTION,
    Signature,
    codes,
    families,
    phases,
    words,
)
from mailconfig.domain.diagnostics.signatures_tags import TAGS
from mailconfig.domain.diagnostics.signatures_topics import PACE
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    EXPIRED,
    REFUSED,
    REQUIRED,
    UNVERIFIED,
    WRONG,
    near,
)

_IDENTITY: Final = (
    r"(?:\bsender|absender|expéditeur|remitente|mittente|remetente|afzender|nadawc|отправител|发件人"
    r"|送信者|dom[aäeéiíì]i?n|домен|域名|ドメイン)"
)
"""What a service verifies: a sender or a domain."""
_VERIFY: Final = (
    r"(?:verif|vérifi|bestätig|überprüf|confirm|validat|valida[dr]|weryfik|potwierd|подтвер|верифиц"
    r"|(?<!身份)验证|驗證|検証|確認|인증)"
)
"""To verify."""

SENDERS: Final = (
    *TAGS,
    *PACE,
    # Plans and days before credentials: Mailtrap says 535 5.7.8 for a used-up day
    Signature(
        Code.SEND_QUOTA,
        words(
            r"(?:daily|monthly|hourly|sending|message|email|plan|account)\b.{0,30}\b(?:limit"
            r"|quota|allowance)s?\b.{0,40}(?:reached|exceeded|used|exhausted)",
            r"(?:reached|exceeded|hit|over|used up|exhausted)\b.{0,60}\b(?:daily|monthly|hourly"
            r"|sending|plan|messag\w*|e-?mail\w*|trial)\b.{0,20}(?:limit|quota|allowance|volume)",
            r"upgrade your plan",
            near(
                r"(?:\bcredits?\b|\bcrédits?\b|\bcréditos?\b|guthaben|tegoed|кредит)",
                r"(?:not enough|insuffi|run out|ran out|out of|no (?:more )?|used|exhaust|exceed"
                r"|remain|depleted|épuis|agotad|esgotad|nicht aus|aufgebraucht|kein|недостат)",
                24,
            ),
        ),
        phases=LOGIN | TRANSACTION,
        protocol=SMTP,
        families=frozenset(),
        without=words(
            r"per (?:second|minute)|concurrent|connection|size|storage|mailbox|gmail|google|imap"
            r"|maximum credits|login|attempt|auth(?:entication)? limit"
        ),
    ),
    # Amazon SES
    Signature(
        Code.SES,
        words(
            r"email address is not verified|identities failed the check|sandbox",
            r"signaturedoesnotmatch|not authori[sz]ed to perform|ses:send",
        ),
        families=families(Family.SES),
    ),
    Signature(Code.SES, words(r"identities failed the check in region")),
    Signature(
        Code.SES,
        words(
            r"sending (?:is |has been )?(?:paused|suspended|disabled)|(?:paus|suspend)\w* sending"
        ),
        families=families(Family.SES),
        fixable_by=FixableBy.PROVIDER_ADMIN,
    ),
    Signature(
        Code.SES,
        words(r"throttling|maximum sending rate|daily message quota"),
        families=families(Family.SES),
        retryable=True,
        fixable_by=FixableBy.OPERATOR,
    ),
    Signature(
        Code.SES,
        words(r"configuration ?set .{0,16}not exist|invalid mail from"),
        families=families(Family.SES),
    ),
    # SendGrid: 550 without login, credits, identity; a key is a grant there
    Signature(
        Code.SENDGRID,
        words(r"authori[sz]ation grant"),
        families=families(Family.SENDGRID),
        phases=LOGIN,
    ),
    Signature(
        Code.SENDGRID,
        words(r"unauthenticated senders not allowed.{0,40}in reply to"),
        fixable_by=FixableBy.OPERATOR,
    ),
    Signature(
        Code.SENDGRID,
        words(
            r"unauthenticated senders not allowed|maximum credits exceeded",
            r"verified sender identity|username and/or password",
            r"535\b.{0,40}bad username / password",
            r"basic authentication passwords? disabled",
        ),
    ),
    # Brevo: address list, activation, key
    Signature(
        Code.BREVO,
        words(
            r"unauthori[sz]ed ip|ip address.{0,40}(?:not|un)\s?(?:authori[sz]ed|recogni)",
            r"not (?:yet )?activated|smtp account is not",
            r"account.{0,30}(?:not|in)\s?(?:activ|valid)|sender.{0,40}(?:not valid|invalid)",
        ),
        families=families(Family.BREVO),
    ),
    Signature(Code.BREVO, words(r"your smtp account is not (?:yet )?activated"), protocol=SMTP),
    # A number per second or minute heals at once, whatever its code
    Signature(
        Code.ESP_RATE,
        words(
            r"(?:too many|rate|limit)\b.{0,40}(?:e-?mails|messages|requests|sends?"
            r"|recipients)? ?(?:per|a|/) ?(?:second|sec|minute|min)\b",
            near(
                r"(?:\bper |/ ?|\bin (?:one|a|1) )(?:second|sec|minute|min)\b",
                r"(?:limit|too many|exceed|maxim|reach)",
                40,
            ),
            r"(?:maximum|sending|message|send) (?:sending )?rate.{0,20}(?:exceeded|limit)",
            r"throttling failure",
            r"rate limit.{0,30}(?:exceeded|reached|messages)",
            r"\b(?:par|pro|por|al|na|за|в|per|i|a) (?:second|sekund|segund|minu|секунд|минут)",
            r"[每毎][秒分]|[秒分](?:あたり|間に)|[초분]당|(?:dakika|saniye)da",
            r"excessive .{0,16}\brate\b|sending .{0,16}too (?:fast|quickly)",
            r"throttled.{0,30}(?:messages|sending)|slow down.{0,20}sending",
        ),
        phases=TRANSACTION,
        protocol=SMTP,
        receiving=False,
        without=words(r"connection (?:rate|limit)|connections|ip reputation|verbind|conn?exi"),
    ),
    Signature(
        Code.ESP_RATE,
        words(r"\brate[ -]?limit"),
        phases=phases(Phase.DATA),
        protocol=SMTP,
        needs_phase=True,
        receiving=False,
        reply_codes=codes(4),
        without=words(r"connection|\bip\b|reputation|recipient|\bper (?:hour|day)|mailbox"),
    ),
    # A sender that the service has not verified
    Signature(
        Code.ESP_SENDER_UNVERIFIED,
        words(
            r"(?:sender|from|sending|identity|address|domain)\b.{0,40}must (?:first )?be"
            r" (?:verified|confirmed|validated|registered|linked)",
            r"(?:not|n't) .{0,16}(?:exist|found|added|set up|configured) (?:in|on) (?:the |your )?"
            r"(?:console|dashboard|control panel|portal)",
            r"domain .{0,30}(?:not|n't) (?:been )?(?:linked|added|checked|approved|signed(?! in))",
            r"(?:sender|from|domain|identity)\b.{0,30}(?:pending|awaiting).{0,16}verif",
            r"not an? (?:authori[sz]ed|approved|verified|registered|validated) (?:sender|from"
            r"|sending)",
            r"ドメイン.{0,8}認証されていま|域名.{0,6}未(?:认证|認證)",
            # an account on trial reaches its owner only
            r"(?:free|demo|test\w*|sandbox|trial|pending|probation\w*)\b.{0,60}(?:account|domain"
            r"|e-?mail|plan)s?\b.{0,80}(?:test purposes|authori[sz]ed recipients|same domain"
            r"|owners?\b|own (?:e-?mail )?address|administrator)",
            r"(?:sender|from|sending|domain|identity|address|e-?mail)\b.{0,60}(?:not|un|isn't"
            r"|hasn't)[\s-]?(?:been |yet |properly )*(?:verified|confirmed|validated|configured"
            r"|registered|activated)",
            r"(?:un|not )(?:verified|confirmed|configured|registered)[ -](?:sender|sending"
            r"|domain|from|identity|address)",
            r"(?:sender|from|from/sender).{0,16}(?:name|signature).{0,16}(?:not valid|not found"
            r"|not confirmed|invalid)",
            r"from/sender name",
            near(_IDENTITY, UNVERIFIED, 50),
            r"(?:verify|confirm|register|validate) (?:your |the |a )?(?:sender|sending|domain"
            r"|from)",
            rf"{_IDENTITY}.{{0,60}}(?:{REQUIRED}|(?:needs?|has) to).{{0,24}}{_VERIFY}",
            r"only .{0,24}\bverified (?:sender|domain|address|identit)",
            r"sender signature|domain .{0,60}is not (?:allowed(?! in)|associated|added|owned)",
        ),
        phases=TRANSACTION | phases(Phase.AUTH),
        protocol=SMTP,
        without=words(
            r"recipient (?:address|verif)|verify (?:the )?recip|rcpt|reverse|ptr|\bSPF\b|dkim",
            r"dmarc|call-?out|unable to verify|forward[- ]?path",
        ),
    ),
    Signature(Code.ESP_SENDER_UNVERIFIED, words(r"sandbox (?:sub)?domain")),
    Signature(
        Code.ESP_SENDER_UNVERIFIED,
        words(r"\btrial account"),
        phases=TRANSACTION,
        protocol=SMTP,
        without=words(r"quota|limit|per (?:day|hour|month)"),
    ),
    # Postal: the key of another server
    Signature(
        Code.AUTH_BAD_CREDENTIALS,
        words(
            near(
                r"\b(?:server|api|smtp|access)[- ]?(?:token|key)\b",
                rf"(?:{WRONG}|{EXPIRED}|{REFUSED}|not (?:valid|found|accepted)|unknown|revoked)",
                30,
            )
        ),
        reply_codes=codes(535, 550),
    ),
)
"""Rows in order of precedence."""
