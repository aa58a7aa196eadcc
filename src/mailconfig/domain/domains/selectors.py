"""What providers ask their customers to publish: SPF includes, DKIM selectors and aliases.

Facts from the operators' help pages, by the id of the catalogue's row; {domain} is filled in.
Where an operator makes names or targets per customer only the selectors that it always uses are
known. Selectors cannot be listed by the DNS: those of a row are tried, else the usual ones.
"""

from collections.abc import Mapping
from typing import Final

SPF_INCLUDES: Final[Mapping[str, str]] = {
    "brevo": "spf.brevo.com",
    "dreamhost": "netblocks.dreamhost.com",
    "elasticemail": "_spf.elasticemail.com",
    "fastmail": "spf.messagingengine.com",
    "gandi": "_mailcust.gandi.net",
    "google_workspace": "_spf.google.com",
    "hostinger": "_spf.mail.hostinger.com",
    "icloud": "icloud.com",
    "infomaniak": "spf.infomaniak.ch",
    "ionos_de": "_spf-eu.ionos.com",
    "ionos_co_uk": "_spf-eu.ionos.com",
    "ionos_es": "_spf-eu.ionos.com",
    "ionos_fr": "_spf-eu.ionos.com",
    "ionos_com": "_spf-us.ionos.com",
    "mail_ru": "_spf.mail.ru",
    "mailbox_org": "mailbox.org",
    "mailgun": "mailgun.org",
    "mailjet": "spf.mailjet.com",
    "microsoft365": "spf.protection.outlook.com",
    "microsoft365_china": "spf.protection.partner.outlook.cn",
    "migadu": "spf.migadu.com",
    "mxroute": "mxroute.com",
    "namecheap": "spf.privateemail.com",
    "ovh": "mx.ovh.com",
    "postmark": "spf.mtasv.net",
    "proton_smtp": "_spf.protonmail.ch",
    "purelymail": "_spf.purelymail.com",
    "rackspace": "emailsrvr.com",
    "sendgrid": "sendgrid.net",
    "ses": "amazonses.com",
    "titan": "spf.titan.email",
    "yandex": "_spf.yandex.net",
    "zoho_eu": "zohomail.eu",
    "zoho_in": "zohomail.in",
    "zoho_us": "zohomail.com",
}
"""Domain to include (RFC 7208, section 5.2)."""

SELECTORS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws_workmail": (),
    "brevo": ("brevo1", "brevo2", "mail"),
    "fastmail": ("fm1", "fm2", "fm3"),
    "gandi": ("gm1", "gm2", "gm3"),
    "google_workspace": ("google",),
    "hostinger": ("hostingermail-a", "hostingermail-b", "hostingermail-c"),
    "icloud": ("sig1",),
    "ionos_com": ("s1-ionos", "s2-ionos"),
    "ionos_co_uk": ("s1-ionos", "s2-ionos"),
    "ionos_de": ("s1-ionos", "s2-ionos"),
    "ionos_es": ("s1-ionos", "s2-ionos"),
    "ionos_fr": ("s1-ionos", "s2-ionos"),
    "mail_ru": ("mailru",),
    "mailbox_org": ("mbo0001", "mbo0002", "mbo0003", "mbo0004"),
    "mailgun": ("mg", "k1", "mx", "pic", "smtp", "krs"),
    "mailjet": ("mailjet",),
    "microsoft365": ("selector1", "selector2"),
    "microsoft365_china": ("selector1", "selector2"),
    "microsoft365_gcc_high": ("selector1", "selector2"),
    "migadu": ("key1", "key2", "key3"),
    "mxroute": ("x",),
    "namecheap": ("default", "privateemail"),
    "proton_smtp": ("protonmail", "protonmail2", "protonmail3"),
    "purelymail": ("purelymail1", "purelymail2", "purelymail3"),
    "resend": ("resend",),
    "sendgrid": ("s1", "s2"),
    "titan": ("titan1", "titan2"),
    "yandex": ("mail",),
    "zoho_eu": ("zmail", "zoho"),
    "zoho_in": ("zmail", "zoho"),
    "zoho_us": ("zmail", "zoho"),
}
"""Selectors that an operator uses for every customer."""

USUAL_SELECTORS: Final = (
    "default",
    "dkim",
    "mail",
    "s1",
    "s2",
    "selector1",
    "selector2",
    "google",
    "k1",
    "x",
)
"""Tried where the operator is not known."""

DKIM_ALIASES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "fastmail": tuple((f"fm{n}", f"fm{n}.{{domain}}.dkim.fmhosted.com") for n in (1, 2, 3)),
    "gandi": tuple((f"gm{n}", f"gm{n}.gandimail.net") for n in (1, 2, 3)),
    "icloud": (("sig1", "sig1.dkim.{domain}.at.icloudmailadmin.com"),),
    "mailbox_org": tuple((f"mbo000{n}", f"mbo000{n}._domainkey.mailbox.org") for n in (1, 2, 3, 4)),
    "migadu": tuple((f"key{n}", f"key{n}.{{domain}}._domainkey.migadu.com") for n in (1, 2, 3)),
    "purelymail": tuple((f"purelymail{n}", f"key{n}.dkimroot.purelymail.com") for n in (1, 2, 3)),
}
"""Selector and the target of its CNAME, where both are the same for every customer."""
