"""GET and POST /unsubscribe/{token}: leave a list by a link that a message had (RFC 8058).

Mail programs POST and read nothing but the status; people open the page and press its button. GET
changes nothing, since programs that look for bad links open them all. No cookie is read or set,
and the answer never redirects (RFC 8058, section 3.2).
"""

from dataclasses import dataclass
from html import escape
from string import Template
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailconfig.domain.errors import NotFound
from mailconfig.domain.languages import Languages
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.unsubscribing import PATH, UnsubscribeLink
from mailconfig.http.pages import own_style, read_page
from mailconfig.services.unsubscribing import UnsubscribeService

_FORM: Final = '<form method="post"><button>{}</button></form>\n'


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page says; a button that sends the form, where there is one."""

    title: str
    text: str
    button: str | None = None


_NOTHING: Final = _Shown(
    N_("This link does not work"),
    N_("It is not complete, or it is too old. Answer the message instead."),
)


def unsubscribe_route(service: UnsubscribeService, languages: Languages) -> Route:
    """Return the route; it answers HEAD as well."""
    template = Template(read_page("unsubscribe.html"))
    policy = _policy(template.template)

    async def answer(request: Request) -> Response:
        language = languages.best(request.headers.get("accept-language"))
        token = request.path_params["token"]
        try:
            if request.method == "POST":
                status, shown = 200, _done(await service.unsubscribe(token))
            else:
                status, shown = 200, _asked(await service.find(token))
        except NotFound:
            status, shown = 404, _NOTHING

        def say(text: str) -> str:
            return escape(languages.say(language, text))

        html = template.substitute(
            language=language.value,
            title=say(shown.title),
            text=say(shown.text),
            form=_FORM.format(say(shown.button)) if shown.button else "",
        )
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Content-Language": language.value,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
        }
        return Response(html, status, headers)

    return Route(f"{PATH}/{{token}}", answer, methods=["GET", "POST"], name="unsubscribe")


def _asked(link: UnsubscribeLink) -> _Shown:
    text = phrase("Mail to {address} from this sender will stop.", address=link.address)
    return _Shown(N_("Unsubscribe?"), text, N_("Unsubscribe"))


def _done(link: UnsubscribeLink) -> _Shown:
    text = phrase("No more of this mail will be sent to {address}.", address=link.address)
    return _Shown(N_("You are unsubscribed"), text)


def _policy(html: str) -> str:
    return (
        f"default-src 'none'; style-src {own_style(html)}; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )
