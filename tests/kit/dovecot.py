"""A throw-away Dovecot 2.3: IMAP with every mechanism, certificates by SNI, SASL for Postfix.

    dovecot = Dovecot.start(folder, certificates)
    dovecot.add_user("alice", "secret")

Users may be added at any time, by any process. Failed logins are not delayed and are logged.
Must not be used outside of tests: it trusts every bearer token that was signed with its own key,
or that the introspection service of the test calls active.
"""

import base64
import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import jwt

from kit.servers import (
    ADDRESSES,
    GOOD_HOST,
    Certificates,
    find_program,
    need_root,
    note_daemon,
    run,
    wait_for_file,
    wait_for_port,
    with_new_ports,
)

TOKEN_KEY = b"key of the bearer tokens in tests, 32 bytes or more"
LOGS = ("info.log", "error.log")
MAIL_USER = "nobody"
"""System user that owns the mailboxes; exists everywhere."""
JUNK = "Verdacht"
"""Spam folder with a name that tells nothing: only its attribute (RFC 6154) does."""

CONFIGURATION = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/error.log
info_log_path = {folder}/info.log
listen = {addresses}
instance_name = tests

ssl = yes
ssl_min_protocol = TLSv1.2
ssl_cert = <{cert}
ssl_key = <{key}
{local_names}
disable_plaintext_auth = yes
auth_mechanisms = plain login cram-md5 scram-sha-256 xoauth2 oauthbearer
auth_username_chars =
auth_username_format = %u
auth_verbose = yes
auth_failure_delay = 0
auth_cache_size = 0
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-256
  args = scheme=PLAIN.b64 username_format=only {folder}/users/%Mu
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf.ext
}}
userdb {{
  driver = static
  args = uid={mail_user} gid=nogroup home={folder}/mail/%Mu allow_all_users=yes
}}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 0
namespace inbox {{
  inbox = yes
  mailbox {junk} {{
    special_use = \\Junk
  }}
  mailbox Sent {{
    special_use = \\Sent
  }}
}}
lda_mailbox_autocreate = yes

default_client_limit = 2000
service imap-login {{
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 1000
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {folder}/sasl {{
    mode = 0666
  }}
  unix_listener auth-userdb {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""

OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/tokens/
username_attribute = email
scope =
"""
INTROSPECTED = """
introspection_mode = post
introspection_url = {url}
active_attribute = active
active_value = true
username_attribute = email
scope =
"""
"""Tokens that mean nothing by themselves: the service at `url` is asked (RFC 7662)."""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running Dovecot."""

    folder: str
    imap_port: int
    """Clear text first, STARTTLS; LOGINDISABLED until then."""
    imaps_port: int
    """TLS from the first byte; the certificate is chosen by SNI."""

    @classmethod
    def start(
        cls, folder: Path, certificates: Certificates, *, introspection: str | None = None
    ) -> Self:
        """Start an instance in an empty folder; raises ServerMissing or ServerNotStarted.

        With the address of an introspection service it trusts the tokens that this calls active.
        """
        need_root("Dovecot")
        program = find_program("dovecot")
        for name in ("run", "state", "users", "tokens/default/HS256", "mail"):
            (folder / name).mkdir(parents=True)
        (folder / "mail").chmod(0o777)
        for name in LOGS:
            (folder / name).touch()
            (folder / name).chmod(0o666)  # the delivery agent logs as its recipient
        key = folder / "tokens/default/HS256/default"
        key.write_bytes(base64.b64encode(TOKEN_KEY))
        tokens = INTROSPECTED if introspection else OAUTH2
        oauth2 = tokens.format(folder=folder, url=introspection)
        (folder / "oauth2.conf.ext").write_text(oauth2)
        return with_new_ports(2, lambda ports: cls._launch(program, folder, certificates, ports))

    @classmethod
    def _launch(
        cls, program: str, folder: Path, certificates: Certificates, ports: list[int]
    ) -> Self:
        file = folder / "dovecot.conf"
        file.write_text(
            CONFIGURATION.format(
                folder=folder,
                addresses=", ".join(ADDRESSES),
                cert=certificates.cert[GOOD_HOST],
                key=certificates.key[GOOD_HOST],
                local_names=_local_names(certificates),
                mail_user=MAIL_USER,
                junk=JUNK,
                imap_port=ports[0],
                imaps_port=ports[1],
            )
        )
        note_daemon(folder, folder / "run/master.pid")
        run([program, "-c", file])
        wait_for_file(folder / "run/master.pid")
        wait_for_port(ports[1])
        return cls(folder=str(folder), imap_port=ports[0], imaps_port=ports[1])

    @property
    def sasl_socket(self) -> str:
        """Unix socket of the authentication service, for Postfix."""
        return f"{self.folder}/sasl"

    @property
    def configuration(self) -> str:
        """Path of dovecot.conf, for Dovecot's own commands."""
        return f"{self.folder}/dovecot.conf"

    def add_user(self, name: str, password: str, *, login: bool = True) -> None:
        """Create or replace a user; without `login` the password is right but IMAP refuses."""
        digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        secret = base64.b64encode(password.encode()).decode()
        extra = "nodelay=y" if login else "nodelay=y nologin=y"
        target = Path(self.folder, "users", digest)
        fresh = target.with_suffix(f".{time.monotonic_ns()}")
        fresh.write_text(f"only:{{PLAIN.b64}}{secret}::::::{extra}\n")
        fresh.rename(target)

    def token(self, email: str, *, seconds: float = 3600) -> str:
        """Return a bearer token of `email` that is good for `seconds` (negative: has run out)."""
        now = int(time.time())
        claims = {"sub": email, "email": email, "iat": now - 7200, "exp": now + int(seconds)}
        return jwt.encode(claims, TOKEN_KEY, algorithm="HS256")

    def holding(self, text: str) -> list[str]:
        """Return the message files of all users that hold a text, below the mail folder."""
        top = Path(self.folder, "mail")
        files = (path for part in ("cur", "new", "tmp") for path in top.rglob(f"{part}/*"))
        found = (path for path in files if text.encode() in path.read_bytes())
        return sorted(str(path.relative_to(top)) for path in found)

    def failed_logins(self, name: str) -> int:
        """Count the refused IMAP logins of a user, as each connection's last line says."""
        who = re.escape(name[:60])  # long names are cut in the log
        line = rf"imap-login: Info: .*\(auth failed, (\d+) attempts.*user=<{who}"
        return sum(int(count) for count in re.findall(line, self.log()))

    def log(self) -> str:
        """Return what was logged so far, logins and errors."""
        files = (Path(self.folder, name) for name in LOGS)
        return "".join(file.read_text(errors="replace") for file in files)


def _local_names(certificates: Certificates) -> str:
    return "".join(
        f"local_name {name} {{\n"
        f"  ssl_cert = <{certificates.cert[name]}\n"
        f"  ssl_key = <{certificates.key[name]}\n"
        "}\n"
        for name in certificates.bad()
    )
