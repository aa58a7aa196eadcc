"""Checks of what the operator has written: mode, address, ways out, trust in proxies.

Must not: open, dial or make anything.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from mailconfig.bootstrap.checkup.values import Checked, bad, fine, warning
from mailconfig.bootstrap.listening import PROXIES
from mailconfig.bootstrap.network import check_ca_file
from mailconfig.bootstrap.storing import storage_settings
from mailconfig.settings import Mode, Settings
from mailconfig.storage.settings import database_url


def check_settings(settings: Settings) -> Checked:
    """Tell whether the settings that have been read are of use."""
    setting = "MAILCONFIG_DATABASE_URL"
    try:
        database_url(storage_settings(settings))
        setting = "MAILCONFIG_CA_FILE"
        check_ca_file(settings)
    except ValueError as error:
        return bad("settings", f"{setting}: {error}.", f"Correct {setting}.")
    return fine("settings", "All settings can be read.")


def check_mode(settings: Settings) -> Checked:
    """Refuse a demonstration under an address that people use."""
    if settings.mode is Mode.PRODUCTION:
        return fine("mode", "The mode is production.")
    if settings.serves_https:
        found = "The mode is development, but MAILCONFIG_PUBLIC_URL is an https address."
        return bad("mode", found, "Set MAILCONFIG_MODE=production.")
    return fine("mode", "The mode is development, which is for demonstrations.")


def check_address(settings: Settings) -> Checked:
    """Tell what the public address makes of cookies."""
    if settings.serves_https:
        return fine("address", "The public address is https: cookies are Secure and __Host-.")
    advice = "Set MAILCONFIG_PUBLIC_URL to the https address that browsers use."
    if settings.public_url is None:
        found = "MAILCONFIG_PUBLIC_URL is not set, so cookies are neither Secure nor __Host-."
        if settings.mode is Mode.PRODUCTION:
            return warning("address", found, advice)
        return fine("address", found)
    host = _host(settings.public_url)
    if _is_loopback(host):
        return fine("address", "The public address is on this machine.")
    found = (
        f"The public address is not https ({host or 'no host'}): cookies cross the network bare."
    )
    return warning("address", found, advice)


def _host(url: str) -> str:
    """Return the host of a URL, without what may be secret; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_egress(settings: Settings) -> Checked:
    """Say what may be dialled beside the public internet."""
    ports = ", ".join(map(str, settings.egress_allow_ports)) or "none"
    web = ", ".join(map(str, settings.egress_web_ports)) or "none"
    found = f"Mail ports {ports} and web ports {web} of public addresses may be dialled"
    if not settings.egress_allow_networks:
        return fine("egress", f"{found}, and no private network.")
    found += f", and also {', '.join(map(str, settings.egress_allow_networks))}."
    if settings.mode is Mode.DEVELOPMENT:
        return fine("egress", found)
    advice = (
        "Keep in MAILCONFIG_EGRESS_ALLOW_NETWORKS only networks whose mail servers every user"
        " may reach."
    )
    return warning("egress", found, advice)


def check_proxies(settings: Settings, trusted: str | None) -> Checked:
    """Judge whose word on client addresses counts; `trusted` is the value of PROXIES."""
    if settings.trusted_proxies:
        return _judged_networks(settings.trusted_proxies)
    if trusted is not None and "*" in (part.strip() for part in trusted.split(",")):
        found = f"{PROXIES} is *: every caller can claim any client address, and so escape limits."
        return bad("proxies", found, f"Set {PROXIES} to the addresses of your proxies.")
    if trusted is not None:
        found = f"{PROXIES} is set: {trusted or 'nobody'} may name client addresses."
        return fine("proxies", found)
    found = "No proxy is named: nobody may name client addresses"
    if not settings.serves_https:
        return fine("proxies", f"{found}.")
    return warning(
        "proxies",
        f"{found}, and all clients behind a proxy count as one.",
        "Set MAILCONFIG_TRUSTED_PROXIES to the addresses of your proxies.",
    )


def _judged_networks(trusted: Sequence[IPv4Network | IPv6Network]) -> Checked:
    """Judge the setting; a network of everybody lets each caller claim any address."""
    named = ", ".join(map(str, trusted))
    if any(network.prefixlen == 0 for network in trusted):
        found = "MAILCONFIG_TRUSTED_PROXIES holds everybody: every caller can claim any address."
        advice = "Name the addresses of your proxies in MAILCONFIG_TRUSTED_PROXIES."
        return bad("proxies", found, advice)
    return fine("proxies", f"Proxies in {named} may name client addresses, and nobody else.")


def check_exposure(settings: Settings) -> Checked:
    """Tell what of a demonstration is served in production."""
    shown = [
        name
        for name, served in (
            ("the query page (MAILCONFIG_EXPLORER)", settings.serves_explorer),
            ("simulated mailboxes (MAILCONFIG_DEMO)", settings.serves_demo),
        )
        if served
    ]
    if settings.mode is Mode.DEVELOPMENT or not shown:
        return fine("exposure", "Nothing is served that production does not need.")
    found = f"In production {' and '.join(shown)} are served."
    return warning("exposure", found, "Turn off what nobody needs.")


def check_database_tls(settings: Settings) -> Checked:
    """Tell whether the way to a database on another machine is encrypted and its server known."""
    url = database_url(storage_settings(settings))
    if url.get_backend_name() != "postgresql":
        return fine("transport", "The database is a file.")
    host = url.host or str(url.query.get("host", ""))
    if not host or host.startswith("/") or _is_loopback(host):
        return fine("transport", "The database is on this machine.")
    mode = str(url.query.get("ssl") or url.query.get("sslmode") or "prefer")
    if mode in {"verify-full", "verify-ca"}:
        return fine("transport", f"Connections to {host} are encrypted ({mode}).")
    if mode in {"require", "true"}:
        found = f"Connections to {host} are encrypted, but its certificate is not checked ({mode})."
    else:
        found = f"Connections to {host} need not be encrypted ({mode})."
    return warning("transport", found, "Add ?ssl=verify-full to MAILCONFIG_DATABASE_URL.")
