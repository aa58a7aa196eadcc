"""User names in findings: forms with placeholders, so that what is kept serves every address.

A finding is kept a while and shown to others of the same domain. It must therefore hold the form
of a user name and never somebody's own.
"""

import re
from typing import Final

from mailconfig.domain.addresses import EmailAddress
from mailconfig.domain.providers import Provider
from mailconfig.domain.servers import MailProtocol

ADDRESS: Final = "%EMAILADDRESS%"
"""The whole address."""
LOCAL: Final = "%EMAILLOCALPART%"
"""The part before the @."""
DOMAIN: Final = "%EMAILDOMAIN%"
"""The part after the @, in A-labels."""

_FORMS: Final = {
    "email": ADDRESS,
    "email_or_local": ADDRESS,
    "local": LOCAL,
    "local.domain": f"{LOCAL}.{DOMAIN}",
}
"""Forms of the catalogue; what both are accepted is offered as the address."""
_PLACEHOLDER: Final = re.compile(r"%EMAIL(?:ADDRESS|LOCALPART|DOMAIN)%")
_EDGE: Final = r"[\w.+-]"
"""Characters of which one more would make another name."""


def form_of(row: Provider, protocol: MailProtocol) -> str | None:
    """Return the user name that a row expects; None where only its operator gives it out."""
    form = row.username_form_for(protocol)
    if form.startswith("literal:"):
        return form.removeprefix("literal:")
    return _FORMS.get(form)


def filled(form: str | None, address: EmailAddress | None) -> str | None:
    """Fill the placeholders; None where there is no address to fill them from."""
    if form is None or _PLACEHOLDER.search(form) is None:
        return form
    if address is None:
        return None
    values = {ADDRESS: address.text, LOCAL: address.local, DOMAIN: address.domain}
    return _PLACEHOLDER.sub(lambda found: values[found[0]], form)


def form_behind(username: str | None, address: EmailAddress | None) -> str | None:
    """Return the form of a user name that a source filled for this address.

    None where the name is neither the address nor made of it: it may be that person's alone.
    """
    if username is None or _PLACEHOLDER.search(username):
        return username
    if address is None:
        return None
    parts = (
        (address.text, ADDRESS),
        (address.local, LOCAL),
        (f"{address.local}.{address.domain}", f"{LOCAL}.{DOMAIN}"),
    )
    for part, form in parts:
        found, count = re.subn(rf"(?<!{_EDGE}){re.escape(part)}(?!{_EDGE})", form, username)
        if count:
            return found
    return None
