"""Texts of names, networks and TLS, in the words of many libraries and languages."""

import pytest

from kit.failures import seen
from mailconfig.domain.diagnostics import DiagnosticCode as Code
from mailconfig.domain.diagnostics import diagnose_code

CASES = [
    # glibc, wrapped by a C# application that names the host
    (
        "dns/dns imap.exampel.com",
        "Host imap.exampel.com: Name or service not known",
        Code.DNS_NXDOMAIN,
    ),
    # macOS wording of the same
    (
        "imap/dns mail.nowhere.example",
        "[Errno 8] nodename nor servname provided, or not known",
        Code.DNS_NXDOMAIN,
    ),
    # Go names the resolver that answered
    (
        "smtp/dns smtp.exmaple.org:587",
        "dial tcp: lookup smtp.exmaple.org on 127.0.0.53:53: no such host",
        Code.DNS_NXDOMAIN,
    ),
    # Windows in German
    (
        "smtp/dns",
        "System.Net.Sockets.SocketException (11001): Der angegebene Host ist unbekannt.",
        Code.DNS_NXDOMAIN,
    ),
    # PHP in French
    (
        "imap/dns",
        "php_network_getaddresses: getaddrinfo failed: Nom ou service inconnu",
        Code.DNS_NXDOMAIN,
    ),
    # Java shows nothing but the class and the name
    (
        "imap/dns imap.firma.example",
        "java.net.UnknownHostException: imap.firma.example",
        Code.DNS_NXDOMAIN,
    ),
    # The resolver itself does not work inside a container
    (
        "smtp/dns smtp.example.net",
        "Error: getaddrinfo EAI_AGAIN smtp.example.net",
        Code.DNS_TEMPORARY,
    ),
    # SERVFAIL in Go
    (
        "smtp/dns",
        "dial tcp: lookup mx.example.org on 10.0.0.2:53: server misbehaving",
        Code.DNS_TEMPORARY,
    ),
    # The name is right beyond doubt, so that the resolver is wrong
    ("imap/dns imap.gmail.com:993", "getaddrinfo ENOTFOUND imap.gmail.com", Code.DNS_TEMPORARY),
    # a name with MX records only
    ("imap/dns", "[Errno -5] No address associated with hostname", Code.DNS_NO_ADDRESS),
    # Node asks for addresses and gets none
    ("imap/dns", "queryA ENODATA mail.example.com", Code.DNS_NO_ADDRESS),
    # a URL in the server field
    ("smtp/dns", "getaddrinfo ENOTFOUND https://smtp.example.com", Code.HOST_SYNTAX),
    # the port typed behind the name
    (
        "smtp/dns smtp.example.com:465",
        "dial tcp: address smtp.example.com:465:465: too many colons in address",
        Code.HOST_SYNTAX,
    ),
    # an address in the server field, told by the field alone
    ("imap/dns anna@imap.example.com:993/tls", "", Code.HOST_SYNTAX),
    # Rust's form of errno
    ("smtp/connect", "Connection error: Connection refused (os error 61)", Code.TCP_REFUSED),
    # Windows in Italian
    (
        "imap/connect",
        (
            "Impossibile stabilire la connessione. (10061) rifiuto persistente del "
            "computer di destinazione"
        ),
        Code.TCP_REFUSED,
    ),
    # Spanish Linux
    (
        "smtp/connect",
        "fsockopen(): unable to connect to ssl://mail.example.es:465 (Conexión rehusada)",
        Code.TCP_REFUSED,
    ),
    # Node
    ("smtp/connect mx.example.com:25", "connect ETIMEDOUT 198.51.100.7:25", Code.TCP_TIMEOUT),
    # Go
    ("imap/connect", "dial tcp 198.51.100.9:993: i/o timeout", Code.TCP_TIMEOUT),
    # German Windows
    ("imap/connect", "Zeitüberschreitung beim Verbindungsaufbau", Code.TCP_TIMEOUT),
    # firewall that answers by ICMP, IPv4
    (
        "smtp/connect",
        "connect to mail.example.com[198.51.100.4]:25: No route to host",
        Code.TCP_TIMEOUT,
    ),
    # only the IPv6 attempt is in the text
    (
        "smtp/connect",
        "connect to mail.example.com[2001:db8::5]:587: No route to host",
        Code.IPV6_BROKEN,
    ),
    # Node without any IPv6 route
    (
        "smtp/connect smtp.example.com:587",
        "connect ENETUNREACH 2001:db8:4::6d:587 - Local (:::0)",
        Code.IPV6_BROKEN,
    ),
    # reset during the greeting
    ("imap/greeting :143/starttls", "read ECONNRESET", Code.TCP_RESET_EOF),
    # OpenSSL 3: the peer ended TLS without saying goodbye
    (
        "imap/tls :993/tls",
        "error:0A000126:SSL routines::unexpected eof while reading",
        Code.TCP_RESET_EOF,
    ),
    # Java mail while a command ran
    (
        "imap/fetch :993/tls",
        (
            "javax.mail.FolderClosedException: * BYE JavaMail Exception: "
            "java.io.IOException: Connection dropped by server?"
        ),
        Code.TCP_RESET_EOF,
    ),
    # our own kind of guard elsewhere
    (
        "smtp/connect",
        "Refusing to connect: 127.0.0.1 is a loopback address and is not allowed",
        Code.EGRESS_BLOCKED,
    ),
    # a POP3 server on the IMAP port
    (
        "imap/greeting mail.example.com:993/tls",
        "+OK Hello there, POP3 server ready",
        Code.WRONG_PROTOCOL,
    ),
    # IMAP client on a submission port
    (
        "imap/greeting mail.example.com:587/starttls",
        "220 mx7.example.com ESMTP Postfix",
        Code.WRONG_PROTOCOL,
    ),
    # SMTP client at a web server
    (
        "smtp/greeting www.example.com:80/plain",
        "HTTP/1.1 400 Bad Request\r\nServer: nginx",
        Code.WRONG_PROTOCOL,
    ),
    # an Exim of the hoster in the place of Gmail
    (
        "smtp/greeting smtp.gmail.com:25/starttls",
        (
            "220-cp41.hoster.example ESMTP Exim 4.96 #2\n220-We do not authorize the use "
            "of this system to transport unsolicited, and/or bulk e-mail."
        ),
        Code.SMTP_INTERCEPTED,
    ),
    # SMTP over a port that waits for TLS
    (
        "smtp/greeting smtp.example.com:465/plain",
        "Greeting never received",
        Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS,
    ),
    # the same at 993 in STARTTLS mode: the server closes
    (
        "imap/greeting imap.example.com:993/starttls",
        "Connection closed unexpectedly",
        Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS,
    ),
    # Go on 587
    (
        "smtp/tls smtp.example.com:587/tls",
        "tls: first record does not look like a TLS handshake",
        Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
    ),
    # Java on 143
    (
        "imap/tls :143/tls",
        "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message",
        Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
    ),
    # rustls
    (
        "smtp/tls :587/tls",
        "received corrupt message of type InvalidContentType",
        Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
    ),
    # .NET
    (
        "smtp/tls :25/tls",
        "The handshake failed due to an unexpected packet format.",
        Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
    ),
    # GnuTLS
    (
        "imap/tls :143/tls",
        "gnutls_handshake() failed: An unexpected TLS packet was received.",
        Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
    ),
    # Node's code
    ("imap/tls", "CERT_HAS_EXPIRED: certificate has expired", Code.CERT_EXPIRED),
    # Java names the date
    (
        "smtp/tls",
        "java.security.cert.CertificateExpiredException: NotAfter: Tue Mar 03 12:00:00 UTC 2026",
        Code.CERT_EXPIRED,
    ),
    # Go says both and decides by the date
    (
        "smtp/tls",
        (
            "tls: failed to verify certificate: x509: certificate has expired or is not "
            "yet valid: current time 2026-01-01T00:00:00Z is before 2026-02-01T00:00:00Z"
        ),
        Code.CERT_NOT_YET_VALID,
    ),
    # Go, the other way
    (
        "smtp/tls",
        (
            "x509: certificate has expired or is not yet valid: current time "
            "2026-05-01T00:00:00Z is after 2026-04-01T00:00:00Z"
        ),
        Code.CERT_EXPIRED,
    ),
    # Go, name
    (
        "imap/tls mail.kunde.example",
        "x509: certificate is valid for *.hoster.example, hoster.example, not mail.kunde.example",
        Code.CERT_NAME_MISMATCH,
    ),
    # Node, name
    (
        "imap/tls",
        (
            "Hostname/IP does not match certificate's altnames: Host: "
            "mail.kunde.example. is not in the cert's altnames: DNS:*.hoster.example"
        ),
        Code.CERT_NAME_MISMATCH,
    ),
    # Java, name
    (
        "imap/tls",
        (
            "java.security.cert.CertificateException: No subject alternative DNS name "
            "matching mail.kunde.example found."
        ),
        Code.CERT_NAME_MISMATCH,
    ),
    # .NET, name
    (
        "smtp/tls",
        (
            "The remote certificate is invalid according to the validation procedure: "
            "RemoteCertificateNameMismatch"
        ),
        Code.CERT_NAME_MISMATCH,
    ),
    # Node, a server that signed itself
    ("imap/tls", "DEPTH_ZERO_SELF_SIGNED_CERT", Code.CERT_SELF_SIGNED),
    # a private authority's root is sent too
    (
        "imap/tls",
        "SELF_SIGNED_CERT_IN_CHAIN: self signed certificate in certificate chain",
        Code.CERT_UNTRUSTED_ROOT,
    ),
    # Java
    (
        "imap/tls",
        "PKIX path building failed: unable to find valid certification path to requested target",
        Code.CERT_UNTRUSTED_ROOT,
    ),
    # Go
    ("smtp/starttls", "x509: certificate signed by unknown authority", Code.CERT_UNTRUSTED_ROOT),
    # .NET
    (
        "smtp/tls",
        "The remote certificate was rejected: RemoteCertificateChainErrors: PartialChain",
        Code.CERT_CHAIN_INCOMPLETE,
    ),
    # Node
    ("smtp/tls", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", Code.CERT_CHAIN_INCOMPLETE),
    # OpenSSL 3 with a TLS 1.0 server
    (
        "imap/tls",
        "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol (_ssl.c:1007)",
        Code.TLS_TOO_OLD,
    ),
    # Java without common version
    (
        "smtp/tls",
        "No appropriate protocol (protocol is disabled or cipher suites are inappropriate)",
        Code.TLS_TOO_OLD,
    ),
    # a short DH key
    ("smtp/starttls", "[SSL: DH_KEY_TOO_SMALL] dh key too small", Code.TLS_TOO_OLD),
    # Exim without a certificate
    ("smtp/starttls :587/starttls", "454 TLS currently unavailable", Code.STARTTLS_FAILED_SERVER),
    # Sendmail with a broken key
    ("smtp/starttls", "454 4.3.3 TLS not available after start", Code.STARTTLS_FAILED_SERVER),
    # smtplib
    (
        "smtp/starttls",
        "smtplib.SMTPNotSupportedError: STARTTLS extension not supported by server.",
        Code.STARTTLS_NOT_OFFERED,
    ),
    # Postfix as a client
    (
        "smtp/starttls",
        "TLS is required, but was not offered by host mail.example.com[198.51.100.2]",
        Code.STARTTLS_NOT_OFFERED,
    ),
    # IMAP server without TLS
    ("imap/starttls :143/starttls", "a1 BAD Unknown command: STARTTLS", Code.STARTTLS_NOT_OFFERED),
    # asked inside TLS
    ("smtp/starttls :465/tls", "503 5.5.1 Error: TLS already active", Code.DOUBLE_STARTTLS),
    # Gmail's wording, without any TLS
    (
        "smtp/mail :587/plain",
        "530 5.7.0 Must issue a STARTTLS command first. x12-2000 - gsmtp",
        Code.STARTTLS_REQUIRED,
    ),
    # RFC 4954
    (
        "smtp/auth :25/plain",
        "538 5.7.11 Encryption required for requested authentication mechanism",
        Code.STARTTLS_REQUIRED,
    ),
    # Cyrus in other words; capabilities decide
    (
        "imap/auth :143/plain",
        "a2 NO Login only available under a layer",
        Code.STARTTLS_REQUIRED,
        "IMAP4rev1,STARTTLS,LOGINDISABLED",
    ),
    # inside TLS the same word means another command
    (
        "imap/auth :993/tls",
        "a2 BAD Command LOGIN is disabled",
        Code.AUTH_LOGIN_DISABLED_SASL_OK,
        "IMAP4rev1,AUTH=SCRAM-SHA-256,LOGINDISABLED",
    ),
    # Laravel's key has changed
    (
        "x/config",
        "Illuminate\\Contracts\\Encryption\\DecryptException: The payload is invalid.",
        Code.SECRET_UNREADABLE,
    ),
    # a parked domain instead of XML
    ("x/discovery", "<!DOCTYPE html><html><head><title>Welcome", Code.AUTOCONFIG_HTML),
    # a clock: Google's token endpoint
    (
        "x/token oauth2.googleapis.com:443/tls",
        (
            "invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes) "
            "and in a reasonable timeframe. Check your iat and exp values"
        ),
        Code.CLOCK_SKEW,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_connection_failure_has_its_code(case: tuple[str, str, Code]) -> None:
    """A failure before signing in is named by its meaning, whatever the library and language."""
    where, text, code, *offers = case
    assert diagnose_code(seen(where, text, *offers)) is code
