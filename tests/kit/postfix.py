"""A throw-away Postfix 3.7: submission, submissions and port 25, with Dovecot's SASL.

    postfix = Postfix.start(folder, certificates, dovecot)

No mail leaves the machine: `mail.test` goes to Dovecot's mailboxes, the rest is refused. Rate
limits and look-ups are off. Must not be used outside of tests.
"""

import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kit.dovecot import JUNK, MAIL_USER, Dovecot
from kit.servers import (
    ADDRESSES,
    GOOD_HOST,
    Certificates,
    find_program,
    need_root,
    note_daemon,
    run,
    wait_for_port,
    with_new_ports,
)

DAEMONS = ("/usr/lib/postfix/sbin", "/usr/libexec/postfix")
DELIVER = "/usr/lib/dovecot/dovecot-lda"

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
multi_instance_name = postfix-tests
multi_instance_enable = no
myhostname = {host}
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
virtual_mailbox_domains = {host}
virtual_mailbox_maps = static:known
virtual_transport = dovecot
dovecot_destination_recipient_limit = 1
transport_maps = regexp:{folder}/transports
sender_bcc_maps = regexp:{folder}/copies
header_checks = regexp:{folder}/headers
default_transport = error:5.7.1 no mail leaves this test
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
in_flow_delay = 0
default_process_limit = 200
smtputf8_enable = yes
header_size_limit = 102400
message_size_limit = 10240000

smtpd_tls_chain_files = {key}, {cert}
tls_server_sni_maps = hash:{folder}/sni
smtpd_tls_security_level = may
smtpd_tls_loglevel = 0
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {sasl}
smtpd_sasl_security_options = noanonymous
smtpd_sasl_auth_enable = no
smtpd_sender_login_maps = regexp:{folder}/owners
"""

LISTENERS = {
    "submission": ("smtpd_sasl_auth_enable=yes",),
    "submissions": ("smtpd_sasl_auth_enable=yes", "smtpd_tls_wrappermode=yes"),
    "relay": (),
    "clear": ("smtpd_tls_security_level=none",),
    "owner": (
        "smtpd_sasl_auth_enable=yes",
        "smtpd_delay_reject=no",
        "smtpd_sender_restrictions=reject_authenticated_sender_login_mismatch",
    ),
}
"""Name of each listener -> its settings beside those of main.cf."""

MASTER = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
dovecot unix - n n - - pipe
  flags=DRhu user={mail_user} argv={deliver} -c {dovecot} -f ${{sender}} -d ${{recipient}}
junk unix - n n - - pipe
  flags=DRhu user={mail_user} argv={deliver} -c {dovecot} -f ${{sender}} -d ${{recipient}}
  -m {junk}
copy unix - n n - - pipe
  flags=Rhu user={mail_user} argv={deliver} -c {dovecot} -f ${{sender}} -d ${{sender}} -m Sent
unknown unix - n n - - pipe
  user={mail_user} argv=/bin/sh -c {{exit 67}}
"""

TRANSPORTS = """
/^junk-/ junk:
/^unknown-/ unknown:
/^lost-/ discard:
/^copies@/ copy:
"""
"""By how a recipient's address begins: into the spam folder, sent back as unknown, or nowhere."""

COPIES = """
/^saved-/ copies@{host}
"""
"""A sender whose address begins so gets a copy into Sent, as some providers do."""

RESULTS = (
    "mx.mail.test; spf=pass smtp.mailfrom=mail.test; dkim=none",
    "filter.mail.test; dmarc=pass header.from=mail.test",
)
"""What the server says of a round trip's message in Authentication-Results, in this order."""
HEADERS = """
/^Message-ID: <mailconfig\\./ PREPEND Authentication-Results: {0}
/^Auto-Submitted: auto-generated/ PREPEND Authentication-Results: {1}
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running Postfix."""

    folder: str
    submission_port: int
    """As 587: STARTTLS, AUTH only inside TLS."""
    submissions_port: int
    """As 465: TLS from the first byte."""
    relay_port: int
    """As 25: STARTTLS offered, AUTH never."""
    clear_port: int
    """As an old 25: neither STARTTLS nor AUTH."""
    owner_port: int
    """As 587, and MAIL FROM has to be the user name."""

    @classmethod
    def start(cls, folder: Path, certificates: Certificates, dovecot: Dovecot) -> Self:
        """Start an instance in an empty folder; raises ServerMissing or ServerNotStarted."""
        need_root("Postfix")
        programs = {name: find_program(name) for name in ("postfix", "postmap")}
        find_program("master", *DAEMONS)
        (folder / "queue").mkdir()
        (folder / "data").mkdir()
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, 0)
        (folder / "main.cf").write_text(
            MAIN.format(
                folder=folder,
                host=GOOD_HOST,
                key=certificates.key[GOOD_HOST],
                cert=certificates.cert[GOOD_HOST],
                sasl=dovecot.sasl_socket,
            )
        )
        (folder / "owners").write_text("/^(.*)$/ $1\n")
        (folder / "transports").write_text(TRANSPORTS)
        (folder / "copies").write_text(COPIES.format(host=GOOD_HOST))
        (folder / "headers").write_text(HEADERS.format(*RESULTS))
        (folder / "sni").write_text(_sni(certificates))
        run([programs["postmap"], "-c", folder, "-F", f"hash:{folder}/sni"])
        return with_new_ports(
            len(LISTENERS), lambda ports: cls._launch(programs["postfix"], folder, dovecot, ports)
        )

    @classmethod
    def _launch(cls, program: str, folder: Path, dovecot: Dovecot, ports: list[int]) -> Self:
        numbers = dict(zip(LISTENERS, ports, strict=True))
        services = MASTER.format(
            mail_user=MAIL_USER, deliver=DELIVER, dovecot=dovecot.configuration, junk=JUNK
        )
        (folder / "master.cf").write_text(_listeners(numbers) + services)
        note_daemon(folder, folder / "queue/pid/master.pid")
        run([program, "-c", folder, "start"])
        wait_for_port(numbers["submission"])
        return cls(folder=str(folder), **{f"{name}_port": port for name, port in numbers.items()})

    def failed_logins(self, name: str) -> int:
        """Count the refused logins of a user."""
        who = re.escape(name[:60])  # long names are cut in the log
        line = rf"SASL [\w-]+ authentication failed: .*, sasl_username={who}"
        return len(re.findall(line, self.log()))

    def log(self) -> str:
        """Return what was logged so far."""
        file = Path(self.folder, "mail.log")
        return file.read_text(errors="replace") if file.exists() else ""


def _listeners(ports: dict[str, int]) -> str:
    """Return the lines of master.cf for every listener on every address."""
    return "".join(
        f"{address}:{port} inet n - n - - smtpd\n"
        + "".join(f"  -o {setting}\n" for setting in LISTENERS[name])
        for name, port in ports.items()
        for address in ADDRESSES
    )


def _sni(certificates: Certificates) -> str:
    """Return the table for `postmap -F`: name, then the files of key and chain."""
    return "".join(
        f"{name} {certificates.key[name]}, {certificates.cert[name]}\n"
        for name in certificates.bad()
    )
