"""Fixes of a refused sign-in: the form of the user name, and the mechanism. Pure.

Nothing here can be tried without the secret, but for a mechanism, which the server lists.
"""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.diagnostics.proposals import Case, Proposal
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.phrases import N_
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import AuthenticationMethod as Method

_METHODS: Final = {
    (SecretKind.PASSWORD, True): (
        Method.PLAIN,
        Method.LOGIN,
        Method.SCRAM_SHA_256,
        Method.CRAM_MD5,
    ),
    # without TLS nothing that a listener could use again
    (SecretKind.PASSWORD, False): (Method.SCRAM_SHA_256, Method.CRAM_MD5),
    (SecretKind.ACCESS_TOKEN, True): (Method.XOAUTH2, Method.OAUTHBEARER),
    (SecretKind.ACCESS_TOKEN, False): (),
}
"""Methods by kind of secret and whether TLS is active, in the order in which AUTO takes them."""


_BEST_WITHOUT_TLS: Final = frozenset({Method.AUTO, Method.SCRAM_SHA_256})
"""Whoever sits on the line can strike the best method from the list: no other is proposed then."""


def expected_user_name(case: Case) -> Iterator[Proposal]:
    """Bring the user name into the form that the catalogue knows; needs the row."""
    row = case.known.provider
    if row is None or not case.seen.username:
        return
    wanted = _in_form(row.username_form_for(case.protocol), case)
    if wanted is not None:
        yield Proposal(
            N_("Use the form of user name that your provider expects."),
            ServerPatch(username=wanted),
        )


def other_user_name(case: Case) -> Iterator[Proposal]:
    """Swap full address and local part, where the catalogue does not know better."""
    username, row = case.seen.username, case.known.provider
    if not username or (row is not None and row.username_form != "email_or_local"):
        return
    if "@" in username:
        yield Proposal(
            N_("Use the part of the address before the @ as user name."),
            ServerPatch(username=_local(username)),
        )
    elif case.known.address is not None:
        yield Proposal(
            N_("Use the whole e-mail address as user name."),
            ServerPatch(username=case.known.address),
        )


def _in_form(form: str, case: Case) -> str | None:
    """Return the user name in a form of the catalogue; None for words that are no form."""
    username, address = case.seen.username or "", case.known.address
    if form.startswith("literal:"):
        return form.removeprefix("literal:")
    if form == "local":
        return _local(username)
    if form == "local.domain" and address is not None:
        return ".".join(address.rsplit("@", 1))
    if form == "email" and "@" not in username:
        return address or _completed(username, case)
    return None


def _completed(username: str, case: Case) -> str | None:
    row = case.known.provider
    if row is None or len(row.domains) != 1:
        return None
    return f"{username}@{row.domains[0]}"


def _local(username: str) -> str:
    return username.rpartition("@")[0] or username


def offered_method(case: Case) -> Iterator[Proposal]:
    """Take a method that the server lists and the secret can be used with."""
    settings, kind = case.known.settings, case.known.secret_kind
    if settings is None or kind is None:
        return
    if not case.seen.tls_active and settings.authentication in _BEST_WITHOUT_TLS:
        return
    offered = _offered(case.seen.capabilities)
    fitting = [
        method
        for method in _METHODS[kind, case.seen.tls_active]
        if method.value.replace("_", "-") in offered
    ]
    if fitting and settings.authentication is not Method.AUTO:
        best = Method.AUTO if fitting[0] is not settings.authentication else fitting[-1]
        yield _method(best)
    # AUTO has taken the first one, and that is what was refused.
    for method in fitting[1:] if settings.authentication is Method.AUTO else ():
        yield _method(method)


def _method(method: Method) -> Proposal:
    return Proposal(
        N_("Use a sign-in method that the server offers."),
        ServerPatch(authentication=method),
        proven=True,
    )


def _offered(capabilities: tuple[str, ...]) -> frozenset[str]:
    """Return mechanisms from `AUTH=PLAIN` (RFC 9051) and `AUTH PLAIN LOGIN` (RFC 4954)."""
    found: set[str] = set()
    for capability in map(str.upper, capabilities):
        if capability.startswith("AUTH="):
            found.update(capability.removeprefix("AUTH=").split())
        elif capability.startswith("AUTH "):
            found.update(capability.split()[1:])
    return frozenset(found)
