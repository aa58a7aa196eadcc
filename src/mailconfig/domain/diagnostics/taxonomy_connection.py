"""Texts of what happens before signing in: our own service, names, network, TLS."""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.texts import N_, Entry
from mailconfig.domain.issues import Severity

_USER: Final = FixableBy.USER
_ADMIN: Final = FixableBy.PROVIDER_ADMIN
_OPERATOR: Final = FixableBy.OPERATOR
_NOBODY: Final = FixableBy.NOBODY

SERVICE: Final[dict[Code, Entry]] = {
    Code.OK: Entry(
        N_("Everything works."),
        N_("There is nothing to do."),
        _NOBODY,
        severity=Severity.INFO,
    ),
    Code.CANCELLED: Entry(
        N_("The test was stopped before it had ended."),
        N_("Start it again whenever you like."),
        _USER,
        retryable=True,
        severity=Severity.INFO,
    ),
    Code.STEP_TIMEOUT: Entry(
        N_("The server began to talk to us, then stopped answering."),
        N_(
            "Wait a minute and test again. If it stays like this, the server is overloaded or "
            "something between us and it holds the connection up: ask the provider's support."
        ),
        _ADMIN,
        retryable=True,
        fields=("host", "port"),
    ),
    Code.PROTOCOL_VIOLATION: Entry(
        N_("The server's answer does not follow the rules for mail servers."),
        N_(
            "Check the server name and the port: this may not be a mail server at all. If both are "
            "right, send the server's answer to the provider's support."
        ),
        _ADMIN,
        fields=("host", "port"),
    ),
    Code.RESPONSE_TOO_LARGE: Entry(
        N_("The server sent far more than any mail server should, so we hung up."),
        N_(
            "Check the server name and the port. If they are right, tell the provider that its "
            "server sends endless answers."
        ),
        _ADMIN,
        fields=("host", "port"),
    ),
    Code.STARTTLS_INJECTION: Entry(
        N_("Somebody slipped unprotected commands in while the encryption was being set up."),
        N_(
            "We stopped before your password was sent. Choose SSL/TLS with port 993 or 465, which "
            "leaves no gap, and tell the provider: its server or a device in between is attacked "
            "or broken."
        ),
        _ADMIN,
        fields=("security", "port"),
    ),
    Code.PREAUTH_BEFORE_TLS: Entry(
        N_(
            "The server says you are signed in already, which would keep the connection "
            "unprotected."
        ),
        N_(
            "We stopped before anything private was sent. Choose SSL/TLS with port 993, and tell "
            "the provider about this server's answer."
        ),
        _ADMIN,
        fields=("security", "port"),
    ),
    Code.SECRET_REQUIRED: Entry(
        N_("Please enter the password again for this server."),
        N_(
            "The server or the user name has changed, so we did not use the stored password: it "
            "belongs to the old server only. Nothing was sent."
        ),
        _USER,
        fields=("secret",),
    ),
    Code.UNKNOWN_REPLY: Entry(
        N_("The server refused, in words that we do not know yet."),
        N_(
            "Read the server's own answer: it may say what to do. If it does not help, send it to "
            "the provider's support."
        ),
        _ADMIN,
    ),
    Code.AUTOCONFIG_HTML: Entry(
        N_("The address for automatic settings shows a web page instead of settings."),
        N_("You can ignore this: we look for the settings elsewhere."),
        _NOBODY,
        severity=Severity.INFO,
    ),
    Code.SECRET_UNREADABLE: Entry(
        N_("The stored password cannot be decrypted."),
        N_(
            "Your password was not wrong: the key of this service has changed. Ask the operator to "
            "restore the old key, or enter the password again."
        ),
        _OPERATOR,
        fields=("secret",),
    ),
    Code.CLIENT_PROTOCOL: Entry(
        N_("The server did not understand what our program said."),
        N_(
            "Your settings are not at fault. Please report this to the operator of this service, "
            "together with the server's answer."
        ),
        _OPERATOR,
    ),
}
"""Our own service and the dialogue itself."""

NETWORK: Final[dict[Code, Entry]] = {
    Code.HOST_SYNTAX: Entry(
        N_("What stands in the server field is not a server name."),
        N_(
            "Enter only the name, such as imap.example.com: no http://, no user name, no spaces. "
            "The port has a field of its own."
        ),
        _USER,
        fields=("host",),
    ),
    Code.DNS_NXDOMAIN: Entry(
        N_("There is no server of this name."),
        N_(
            "Look for a typing error in the server name. The right name stands on your provider's "
            "help page about mail programs."
        ),
        _USER,
        fields=("host",),
    ),
    Code.DNS_TEMPORARY: Entry(
        N_("The server name could not be looked up just now."),
        N_(
            "Your settings may be right. Test again in a few minutes; if it stays, the operator of "
            "this service has to look at its name servers."
        ),
        _OPERATOR,
        retryable=True,
        fields=("host",),
    ),
    Code.DNS_NO_ADDRESS: Entry(
        N_("The server name exists, but leads nowhere."),
        N_(
            "Compare the name with your provider's help page. If it is right, the provider's name "
            "entries are incomplete: tell its support."
        ),
        _ADMIN,
        fields=("host",),
    ),
    Code.IPV6_BROKEN: Entry(
        N_("The connection over IPv6 does not work here."),
        N_(
            "Your settings are fine. The operator of this service has to mend IPv6 or switch it "
            "off; over IPv4 the server may well be reachable."
        ),
        _OPERATOR,
        retryable=True,
    ),
    Code.TCP_REFUSED: Entry(
        N_("Nothing answers on this port of the server."),
        N_(
            "Try the usual ports: 993 (SSL/TLS) or 143 (STARTTLS) for reading, 465 "
            "(SSL/TLS) or 587 "
            "(STARTTLS) for sending. If all of them are closed, the server name is probably wrong."
        ),
        _USER,
        fields=("host", "port"),
    ),
    Code.TCP_TIMEOUT: Entry(
        N_("The server does not answer at all."),
        N_(
            "Check the server name and the port first. If they are right, a firewall swallows the "
            "connection; port 25 is blocked almost everywhere. Use 465 or 587 for sending, 993 for "
            "reading, and test again."
        ),
        _OPERATOR,
        retryable=True,
        fields=("host", "port"),
    ),
    Code.TCP_RESET_EOF: Entry(
        N_("The server hung up in the middle of the conversation."),
        N_(
            "Wait some minutes before you test again, because quick repetitions can get us locked "
            "out. If it stays, check port and encryption, then ask the provider."
        ),
        _ADMIN,
        retryable=True,
        fields=("port", "security"),
    ),
    Code.CONNECT_BLOCKED_IP: Entry(
        N_("The server refuses connections from our network address."),
        N_(
            "This has nothing to do with your account or password. The operator of this service "
            "has to get its address off the block list, or send through another server."
        ),
        _OPERATOR,
    ),
    Code.CONNECT_TOO_MANY: Entry(
        N_("The server is busy or has too many connections open."),
        N_(
            "Close other mail programs that use this mailbox, wait a few minutes and test again. "
            "Your settings are right."
        ),
        _OPERATOR,
        retryable=True,
    ),
    Code.WRONG_PROTOCOL: Entry(
        N_("Another kind of server answers here."),
        N_(
            "Perhaps the two servers are mixed up: the incoming server speaks IMAP "
            "(ports 993, 143), "
            "the outgoing one SMTP (ports 465, 587). Swap them or correct the port."
        ),
        _USER,
        fields=("host", "port"),
    ),
    Code.EGRESS_BLOCKED: Entry(
        N_("For safety we do not connect to this address."),
        N_(
            "The server lies inside a private network, or its port is not one for mail. An "
            "administrator of this service can allow it."
        ),
        _OPERATOR,
        fields=("host", "port"),
    ),
    Code.SMTP_INTERCEPTED: Entry(
        N_("Another server answers in the place of your provider's."),
        N_(
            "A hoster or internet provider on the way redirects outgoing mail to its own server. "
            "Use another port of your provider (465, 587 or 2525), or have the redirection lifted."
        ),
        _ADMIN,
        fields=("port",),
    ),
}
"""Names and the network."""

TLS: Final[dict[Code, Entry]] = {
    Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN: Entry(
        N_("Encryption and port do not fit: this port begins without encryption."),
        N_("Choose STARTTLS for the ports 587, 143 and 25, or take port 465 or 993 with SSL/TLS."),
        _USER,
        fields=("security", "port"),
    ),
    Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS: Entry(
        N_("Encryption and port do not fit: this port is encrypted from the start."),
        N_("Choose SSL/TLS for the ports 465 and 993, or take port 587 or 143 with STARTTLS."),
        _USER,
        fields=("security", "port"),
    ),
    Code.STARTTLS_NOT_OFFERED: Entry(
        N_("The server offers no encryption on this port."),
        N_(
            "We stopped, because your password would travel unprotected. Try port 465 or 993 with "
            "SSL/TLS. If they are closed, ask the provider for an encrypted server."
        ),
        _ADMIN,
        fields=("security", "port"),
    ),
    Code.STARTTLS_REQUIRED: Entry(
        N_("The server wants an encrypted connection first."),
        N_("Set the encryption to STARTTLS, or to SSL/TLS with port 465 or 993, and test again."),
        _USER,
        fields=("security",),
    ),
    Code.AUTH_NOT_OFFERED_BEFORE_TLS: Entry(
        N_("The server lets nobody sign in on this connection."),
        N_(
            "Switch encryption on. If it is on already, the port is for mail between servers: take "
            "465 or 587 for sending instead of 25."
        ),
        _USER,
        fields=("security", "port"),
    ),
    Code.STARTTLS_FAILED_SERVER: Entry(
        N_("The server promised encryption but could not start it."),
        N_(
            "The trouble is on the server. Test again later, or try SSL/TLS with port 465 or 993. "
            "If it stays, tell the provider."
        ),
        _ADMIN,
        retryable=True,
        fields=("security", "port"),
    ),
    Code.DOUBLE_STARTTLS: Entry(
        N_("Encryption was asked for twice on the same connection."),
        N_(
            "This is a fault in the program, not in your settings. Please report it to "
            "the operator."
        ),
        _OPERATOR,
        fields=("security",),
    ),
    Code.CERT_SELF_SIGNED: Entry(
        N_("The server's certificate is signed by nobody but itself."),
        N_(
            "If it is your own server, upload its certificate so that we can recognise it. If not, "
            "do not go on: the server's administrator has to install a proper certificate."
        ),
        _ADMIN,
        fields=("host",),
    ),
    Code.CERT_EXPIRED: Entry(
        N_("The server's certificate has run out."),
        N_(
            "Nothing on your side is wrong. The administrator of the mail server has to renew the "
            "certificate; until then we do not send your password."
        ),
        _ADMIN,
        fields=("host",),
    ),
    Code.CERT_NOT_YET_VALID: Entry(
        N_("The server's certificate is not valid yet."),
        N_(
            "Nearly always a clock is wrong: the operator should check date and time of this "
            "service. If they are right, the server got its certificate too early."
        ),
        _OPERATOR,
    ),
    Code.CERT_NAME_MISMATCH: Entry(
        N_("The server's certificate is for another name."),
        N_(
            "Use the server name that the certificate bears. With web hosters that is often the "
            "hoster's own name instead of mail.your-domain."
        ),
        _USER,
        fields=("host",),
    ),
    Code.CERT_CHAIN_INCOMPLETE: Entry(
        N_("The server shows only a part of its certificates."),
        N_(
            "The administrator of the mail server has to install the complete chain, including the "
            "intermediate certificate."
        ),
        _ADMIN,
        fields=("host",),
    ),
    Code.CERT_UNTRUSTED_ROOT: Entry(
        N_("The server's certificate comes from an authority that we do not know."),
        N_(
            "If it is your company's own authority, upload its certificate or let an administrator "
            "of this service add it. If you know of none, stop: somebody may be reading along."
        ),
        _OPERATOR,
        fields=("host",),
    ),
    Code.TLS_TOO_OLD: Entry(
        N_("The server speaks only outdated encryption."),
        N_(
            "Look on your provider's help page for a newer server name. If there is none, the "
            "provider has to renew its server."
        ),
        _ADMIN,
        fields=("host",),
    ),
    Code.CLOCK_SKEW: Entry(
        N_("Sign-in data were refused because clocks differ."),
        N_("The clock of this service is wrong. Its operator should set the time automatically."),
        _OPERATOR,
        retryable=False,
    ),
}
"""Encryption and certificates."""
