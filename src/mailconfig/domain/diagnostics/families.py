"""Which provider speaks: families of hosts, catalogue rows and words that give a provider away.

A family is an operator whose servers share their wording and their rules; it decides between
meanings of equal codes. This module must not decide what a failure means.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Family(StrEnum):
    """An operator with replies of its own."""

    GOOGLE = "google"
    """Gmail and Google Workspace."""
    MICROSOFT = "microsoft"
    """Outlook.com and Microsoft 365."""
    YAHOO = "yahoo"
    """Yahoo and AOL, and the access providers whose mail they run."""
    APPLE = "apple"
    """iCloud."""
    GMX = "gmx"
    """GMX, WEB.DE, mail.com."""
    YANDEX = "yandex"
    """Yandex Mail and Yandex 360."""
    MAILRU = "mailru"
    """Mail.ru with its other domains."""
    QQ = "qq"
    """QQ Mail, Foxmail, Tencent Exmail."""
    NETEASE = "netease"
    """163, 126, yeah.net, 188."""
    ZOHO = "zoho"
    """Zoho Mail in all data centres."""
    BREVO = "brevo"
    """Brevo, once Sendinblue."""
    SES = "ses"
    """Amazon SES."""
    SENDGRID = "sendgrid"
    """Twilio SendGrid."""
    SERVICE = "service"
    """Any other sending service: who signs in there has an account, not a mailbox."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What gives a family away."""

    hosts: str
    """Regular expression for the end of a host name."""
    providers: str
    """Regular expression for the start of a catalogue id."""
    words: str | None = None
    """Regular expression for what only this operator's servers write."""


MARKS: Final[dict[Family, Marks]] = {
    Family.GOOGLE: Marks(
        hosts=r"(?:gmail|googlemail|google|googleapis)\.com",
        providers=r"gmail|google",
        words=r"\bgsmtp\b|\bgimap\b|(?:support|mail|accounts)\.google\.com|\bgmail smtp",
    ),
    Family.MICROSOFT: Marks(
        hosts=r"(?:outlook|office365|hotmail|live|microsoft|microsoftonline)\.com"
        r"|office365\.us|partner\.outlook\.cn|exchangelabs\.com",
        providers=r"outlook|microsoft|hotmail",
        words=r"\.(?:prod|protection)\.(?:outlook|exchangelabs)\.com|\baadsts\d|aka\.ms/"
        r"|storedrv\.|mapiexception|resolver\.(?:adr|rst)|smtpclientauthentication"
        r"|client not authenticated to send|login\.microsoftonline|basicauthblocked|logondenied",
    ),
    Family.YAHOO: Marks(
        hosts=r"(?:yahoo|aol|ymail|rocketmail)\.com|yahoodns\.net|mail\.att\.net|verizon\.net"
        r"|mail\.yahoo\.(?!co\.jp)[a-z.]{2,6}|aim\.com",
        providers=r"yahoo(?!_jp|_bb|_cn)|aol|att|verizon",
        words=r"#auth0\d\d|(?:login|help|senders|postmaster)\.yahoo|verizonmedia|yahooinc"
        r"|(?:login|postmaster|help)\.aol\.com",
    ),
    Family.APPLE: Marks(
        hosts=r"(?:me|icloud|mac)\.com",
        providers=r"icloud|apple",
        words=r"account\.apple\.com|appleid\.apple|support\.apple\.com|\bicloud\b",
    ),
    Family.GMX: Marks(
        hosts=r"gmx\.(?:net|com|de|at|ch|fr|es|co\.uk)|web\.de|(?<![\w-])mail\.com|caramail\.com",
        providers=r"gmx|web_de|mail_com",
        words=r"\bnemesis esmtp|(?:hilfe|postmaster|postmaster-\w+)\.(?:gmx|web)\."
        r"|\bgmx\.(?:net|de)",
    ),
    Family.YANDEX: Marks(
        hosts=r"yandex\.(?:ru|com|net|by|kz|ua|uz|com\.tr)|ya\.ru",
        providers=r"yandex",
        words=r"\byandex\b|//ya\.cc",
    ),
    Family.MAILRU: Marks(
        hosts=r"(?<![\w-])mail\.ru|(?:inbox|list|bk|internet|vk)\.ru",
        providers=r"mail_ru",
        words=r"help\.mail\.ru|account\.mail\.ru|@corp\.mail\.ru",
    ),
    Family.QQ: Marks(
        hosts=r"qq\.com|foxmail\.com",
        providers=r"qq$|tencent",
        words=r"(?:service|open|wx|help)\.(?:ex)?mail\.qq\.com",
    ),
    Family.NETEASE: Marks(
        hosts=r"(?:163|126|188|netease|hxmail|qiye\.163)\.com|yeah\.net",
        providers=r"netease",
        words=r"kefu@(?:163|126|188|yeah)|mail\.163\.com|config\.mail\.163",
    ),
    Family.ZOHO: Marks(
        hosts=r"zoho(?:cloud|mail)?\.(?:com|eu|in|jp|sa|ca|ae|uk|com\.au|com\.cn)",
        providers=r"zoho",
        words=r"\.zoho\.(?:com|eu|in)/|mail\.zoho\.|\bzoho\b",
    ),
    Family.BREVO: Marks(
        hosts=r"(?:brevo|sendinblue)\.com",
        providers=r"brevo|sendinblue",
        words=r"\bbrevo\b|sendinblue",
    ),
    Family.SES: Marks(
        hosts=r"(?<![\w])(?:email-smtp|email-smtp-fips|email|feedback-smtp)\.[a-z0-9-]+\."
        r"amazonaws\.com(?:\.cn)?|amazonses\.com",
        providers=r"ses$",
        words=r"amazon ?ses\b|failed the check in region|email-smtp\.[a-z0-9-]+\.amazonaws",
    ),
    Family.SENDGRID: Marks(
        hosts=r"sendgrid\.(?:net|com)",
        providers=r"sendgrid",
        words=r"\bsendgrid\b",
    ),
    Family.SERVICE: Marks(
        hosts=r"(?:mailgun|mailjet|mailtrap|smtp2go|mandrillapp|mailersend|postmarkapp|elasticemail"
        r"|sparkpost(?:mail)?|resend|socketlabs|mailchannels|zeptomail|emailit|ahasend|smtp2go"
        r"|sendpulse|mailazy|pepipost|netcorecloud|turbo-smtp|serversmtp|smtp\.com|maileroo|loops"
        r"|smtpdm(?:-[a-z-]{2,20})?\.aliyun|tem\.scw|tem\.scaleway|azurecomm|smtpeter|moosend|mailpace|sendlayer|plunk)"
        r"\.(?:com|net|org|io|eu|in|dev|cloud|so)",
        providers=r"(?:mailgun|mailjet|mailtrap|smtp2go|mandrill|mailersend|postmark|elastic_?email"
        r"|sparkpost|resend|socketlabs|mailchannels|zeptomail)",
    ),
}
"""Marks of each family. Hosts are the operators' own; words were seen in their replies."""

_HOSTS: Final = {
    family: re.compile(rf"(?:^|\.)(?:{marks.hosts})\.?$", re.IGNORECASE)
    for family, marks in MARKS.items()
}
_PROVIDERS: Final = {
    family: re.compile(rf"(?:{marks.providers})") for family, marks in MARKS.items()
}
_WORDS: Final = {
    family: re.compile(marks.words, re.IGNORECASE) for family, marks in MARKS.items() if marks.words
}

WELL_KNOWN_HOSTS: Final = re.compile(
    r"(?:imap|smtp)\.(?:gmail\.com|mail\.(?:yahoo|me)\.com|aol\.com|gmx\.(?:net|com)|web\.de"
    r"|yandex\.(?:ru|com)|mail\.ru|qq\.com|163\.com|126\.com|zoho\.(?:com|eu|in)|ionos\.(?:de|com)"
    r"|fastmail\.com|sendgrid\.net|mailgun\.org)"
    r"|(?:outlook|smtp)\.office365\.com|smtp-mail\.outlook\.com|mail\.gmx\.(?:net|com)"
    r"|smtp-relay\.(?:gmail|brevo|sendinblue)\.com|in-v3\.mailjet\.com|smtp\.postmarkapp\.com"
    r"|email-smtp\.[a-z]{2}-[a-z]+-\d\.amazonaws\.com",
    re.IGNORECASE,
)
"""Names that exist beyond doubt: if such a name is not found, the resolver is at fault."""

_MX_HOST: Final = re.compile(
    r"(?:^|[.-])(?:mx|mxs|mta|aspmx|alt)\d*[.-]|smtp-in|protection\.outlook\.com$|yahoodns\.net$"
    r"|^mx|inbound",
    re.IGNORECASE,
)


DEMO_PREFIX: Final = "demo_"
"""Begins the ids of the simulator's rows: they answer as the provider in the rest of the id."""


def families_of(host: str | None, provider_id: str | None, words: str) -> frozenset[Family]:
    """Name the families that host and catalogue row show; without either, those of the words."""
    row = (provider_id or "").removeprefix(DEMO_PREFIX)
    known = {family for family, mark in _HOSTS.items() if host and mark.search(host)}
    known |= {family for family, mark in _PROVIDERS.items() if row and mark.match(row)}
    if not known:
        known = {family for family, mark in _WORDS.items() if mark.search(words)}
    return frozenset(known)


def receives_mail(host: str | None) -> bool:
    """Tell whether a host is an MX: it takes mail for mailboxes, and nobody signs in there."""
    return host is not None and _MX_HOST.search(host) is not None
