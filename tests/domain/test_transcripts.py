"""Credentials in pasted conversations, configurations and programs."""

import base64
import time

import pytest

from mailconfig.domain.transcripts import without_credentials

CASES = [
    # SASL PLAIN with an initial response
    ("C: AUTH PLAIN AGFubmEAaHVudGVyMg==\nS: 535 no", "C: AUTH PLAIN ***\nS: 535 no"),
    # IMAP with a tag and quoted strings
    ('a1 LOGIN "anna b" "hun\\"ter2"\na1 NO no', 'a1 LOGIN "anna b" "***"\na1 NO no'),
    # IMAP with atoms
    ("a1 LOGIN anna hunter2", "a1 LOGIN anna ***"),
    # IMAP's AUTHENTICATE with an initial response
    ("3 AUTHENTICATE XOAUTH2 dXNlcj1hbm5h", "3 AUTHENTICATE XOAUTH2 ***"),
    # a SASL response on a line of its own
    ("S: 334 UGFzc3dvcmQ6\nC: aHVudGVyMg==\nS: 535 no", "S: 334 UGFzc3dvcmQ6\nC: ***\nS: 535 no"),
    # POP3
    ("C: PASS hunter2", "C: PASS ***"),
    # a header of HTTP
    ("Authorization: Bearer eyJhbGciOi.x.y", "Authorization: Bearer ***"),
    # the form of an OAuth token request
    (
        "grant_type=refresh_token&refresh_token=1//abc&x=1",
        "grant_type=refresh_token&refresh_token=***&x=1",
    ),
    # a configuration in JSON
    ('{"user": "a", "password": "hunter2"}', '{"user": "a", "password": "***"}'),
    # keyword arguments
    ("login(user='a', passwd='hunter2')", "login(user='a', passwd='***')"),
    # what only part of a line is stays readable around it
    ("DSN=smtp://anna:hunter2@mx.example.net:587", "DSN=smtp://anna:***@mx.example.net:587"),
    # a call keeps its server
    ('connect("mx.example.net", "anna", "hunter2")', 'connect("mx.example.net", "***", "***")'),
    # a literal keeps the length that is announced, which tells of a wrong one
    ("a LOGIN {4}\r\n+ go\r\nanna {7}\r\n", "a LOGIN {4}\r\n+ go\r\n*** {7}\r\n"),
]


def encoded(text: str) -> str:
    """Return a text in base64."""
    return base64.b64encode(text.encode()).decode()


SECRET = "Hunter2x!Secret9"
PLAIN, USER, PASS = encoded(f"\0anna\0{SECRET}"), encoded("anna@example.org"), encoded(SECRET)
TOKEN = encoded(f"user=anna\x01auth=Bearer {SECRET}\x01\x01")
PASTED = {
    "openssl s_client, LOGIN": f"334 VXNlcm5hbWU6\n{USER}\n334 UGFzc3dvcmQ6\n{PASS}\n535 no",
    "openssl s_client, PLAIN": f"AUTH PLAIN\n334 \n{PLAIN}\n535 no",
    "openssl s_client, LOGIN with a name": f"AUTH LOGIN {USER}\n334 UGFzc3dvcmQ6\n{PASS}\n535 no",
    "openssl s_client, IMAP": f"a AUTHENTICATE PLAIN\n+ \n{PLAIN}\na NO no",
    "tabs": f"AUTH\tPLAIN\t{PLAIN}",
    "curl -v": f"> AUTH PLAIN\r\n< 334 \r\n> {PLAIN}\r\n< 535 no\r\n",
    "curl -v, HTTP": f"> Authorization: Basic {encoded(f'anna:{SECRET}')}",
    "curl -u": f"curl -v --url smtps://mx.example.net -u anna@example.org:{SECRET}",
    "curl --user": f"curl --user 'anna:{SECRET}' imaps://imap.example.net",
    "Thunderbird, IMAP": f'7f:imap.example.net:NA:SendData: 2 login "anna" "{SECRET}"',
    "Thunderbird, IMAP by PLAIN": f"D/IMAP 7f:imap.example.net:NA:SendData: {PLAIN}",
    "Thunderbird, SMTP": f"mailnews.smtp: C: AUTH LOGIN\nmailnews.smtp: S: 334 UGFz\n"
    f"mailnews.smtp: C: {PASS}\nmailnews.smtp: S: 535 no",
    "nodemailer": f"[2026-01-01 10:00:00] DEBUG [x] S: 334 UGFzc3dvcmQ6\n"
    f"[2026-01-01 10:00:00] DEBUG [x] C: {PASS}",
    "nodemailer, PLAIN in words": f"C: AUTH PLAIN \\u0000anna\\u0000{SECRET}",
    "nodemailer, its options": f"{{ host: 'mx', auth: {{ user: 'anna', pass: '{SECRET}' }} }}",
    "imapflow": f'{{"src":"c","msg":"2 LOGIN \\"anna\\" \\"{SECRET}\\"","cid":"x"}}',
    "node-imap": f'=> \'A1 LOGIN "anna" "{SECRET}"\'',
    "PHPMailer": f"SERVER -> CLIENT: 334 UGFzc3dvcmQ6<br>\nCLIENT -> SERVER: {PASS}<br>\n",
    "PHPMailer's property": f"$mail->Password = '{SECRET}';",
    "imap_open": f"imap_open('{{imap.example.net:993/ssl}}INBOX', 'anna', '{SECRET}')",
    "smtplib": f"send: 'AUTH LOGIN {USER}\\r\\n'\nreply: b'334 UGFzc3dvcmQ6\\r\\n'\n"
    f"reply: retcode (334); Msg: b'UGFzc3dvcmQ6'\nsend: '{PASS}\\r\\n'",
    "smtplib, PLAIN": f"send: 'AUTH PLAIN {PLAIN}\\r\\n'\nreply: b'535 no\\r\\n'",
    "smtplib's call": f'smtp.login("anna@example.org", "{SECRET}")',
    "imaplib": f"  37:05.72 > b'LCNA1 LOGIN anna@example.org \"{SECRET}\"'",
    "imaplib, PLAIN": f"  37:05.72 > b'{PLAIN}'",
    "JavaMail": f"DEBUG SMTP: AUTH LOGIN command trace suppressed\n334 UGFzc3dvcmQ6\n{PASS}\n535",
    "JavaMail, IMAP": f"A1 LOGIN anna {SECRET}\nA1 NO no",
    "Java": f'transport.connect("mx.example.net", "anna", "{SECRET}");',
    "Java, authenticator": f'new PasswordAuthentication("anna", "{SECRET}")',
    "Spring": f"spring.mail.password={SECRET}\nspring.mail.username=anna",
    "Go": f'smtp.PlainAuth("", "anna", "{SECRET}", "mx.example.net")',
    "gomail": f'gomail.NewDialer("mx.example.net", 587, "anna", "{SECRET}")',
    ".NET": f'new NetworkCredential("anna", "{SECRET}")',
    "PowerShell": f'ConvertTo-SecureString "{SECRET}" -AsPlainText -Force',
    "MailKit": f"C: A00000001 AUTHENTICATE PLAIN {PLAIN}\nS: A00000001 NO no",
    "Evolution": f"[imapx:A] I/O: 'A00001 LOGIN anna \"{SECRET}\"'",
    "K-9": f'>>> 1 LOGIN "anna" "{SECRET}"\n>>> [sensitive] {PASS}',
    "mutt": f'5> AUTHENTICATE PLAIN {PLAIN}\nset imap_pass = "{SECRET}"',
    "swaks": f"<-  334 UGFzc3dvcmQ6\n -> {PASS}\n<** 535 no",
    "swaks over TLS": f" ~> AUTH PLAIN {PLAIN}\n<~* 535 no",
    "swaks' options": f"swaks -au anna -ap {SECRET} --auth-password '{SECRET}'",
    "msmtp": f"--> AUTH PLAIN {PLAIN}\n<-- 535 no",
    ".msmtprc": f"user anna\npassword {SECRET}\nhost x",
    ".netrc": f"machine imap.example.net login anna password {SECRET}",
    ".fetchmailrc": f'poll imap.example.net user "anna" password "{SECRET}"',
    "offlineimap": f"remotepass = {SECRET}",
    "Postfix' map": f"[smtp.example.net]:587    anna@example.org:{SECRET}",
    "environment": f"SMTP_PASSWORD={SECRET}\nSMTP_PW={SECRET}\nMAIL_PASS={SECRET}\nX_PWD={SECRET}",
    "environment with blanks": f'MAIL_PASSWORD="abcd efgh {SECRET}"\nMAIL_PASS=abcd {SECRET}',
    "Django": f"EMAIL_HOST_PASSWORD = '{SECRET}'",
    "Rails": f"  :password => '{SECRET}',\n  password: '{SECRET}', port: 587",
    "WordPress": f"define( 'SMTP_PASS', \"{SECRET}\" );",
    "YAML": f"mail:\n  password: {SECRET} and more\n",
    "JSON with a quote inside": '{"password": "ab\\"c ' + SECRET + '"}',
    "JSON in JSON": f'"{{\\"password\\": \\"{SECRET}\\"}}"',
    "GraphQL": f'secret: {{ password: """{SECRET}""" }}',
    "XML": f'<password>{SECRET}</password> <network userName="a" password="{SECRET}" />',
    "property list": f"<key>IncomingPassword</key><string>{SECRET}</string>",
    "URLs": f"smtp://anna:{SECRET}@mx mongodb+srv://anna%40example.org:{SECRET}@db/x",
    "URL with an address": f"smtps://anna@example.org:{SECRET}@mx.example.net:465/",
    "POP3": f"USER anna\nPASS {SECRET}\n-ERR",
    "POP3 in a log": f"10:00:00 C: PASS abc {SECRET}",
    "IMAP with literals": f"a LOGIN {{4}}\n+ go\nanna {{16}}\n+ go\n{SECRET}\na NO no",
    "IMAP, unsynchronised": f"a LOGIN {{4+}}\nanna {{16+}}\n{SECRET}\na NO no",
    "XOAUTH2": f"C: AUTH XOAUTH2\nS: 334\nC: {TOKEN}",
    "XOAUTH2 anywhere": f"the string was {TOKEN}.",
    "XOAUTH2 in words": f"user=anna^Aauth=Bearer {SECRET}^A^A",
    "tokens": f'{{"access_token":"ya29.{SECRET}","refreshToken":"1//{SECRET}"}}',
    "keys": f"SENDGRID_API_KEY=SG.{SECRET}\nX-Api-Key: {SECRET}",
    "cookie": f"Cookie: session={SECRET}",
    "private key": f"-----BEGIN PRIVATE KEY-----\nMIIE\n{SECRET}\n-----END PRIVATE KEY-----",
    "sentences": f"Password: {SECRET}\nPasswort: {SECRET}\nMot de passe : {SECRET}\n"
    f"my password is {SECRET} and it fails",
}
SAID = [
    "535 5.7.8 Username and Password not accepted. Learn more at https://s.example/?p=BadCred",
    "534-5.7.9 Application-specific password required.",
    "250-AUTH PLAIN LOGIN\n250 OK",
    "250-AUTH LOGIN PLAIN XOAUTH2 OAUTHBEARER\n250-AUTH=LOGIN PLAIN",
    "* CAPABILITY AUTH=PLAIN AUTH=LOGIN SASL-IR LOGINDISABLED",
    "a1 NO LOGIN failed.",
    "a1 NO LOGIN Unsafe Login. Please contact us for help",
    "a1 NO [AUTHENTICATIONFAILED] LOGIN Invalid credentials (Failure)",
    "A1 NO AUTHENTICATE LOGIN failed",
    "504 5.5.4 AUTH LOGIN not supported",
    "S: 334 UGFzc3dvcmQ6\nS: 535 no",
    "Error: connect ECONNREFUSED 192.0.2.1:587\nETIMEDOUT",
    "-ERR [AUTH] PASS command failed",
    "spf=pass smtp.mailfrom=a; dkim=pass header.i=@x; dmarc=pass (p=none)",
    "imap-login: Aborted login (auth failed, 1 attempts): user=<anna>, method=PLAIN",
    "<anna@example.org>: host mx.example.net[192.0.2.1] said: 550 5.1.1 no such user",
    "error: invalid_grant, code=400",
]


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_what_signs_in_is_hidden(text: str, shown: str) -> None:
    """Each form in which a secret is written is hidden, and nothing beside it."""
    assert without_credentials(text) == shown


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED.keys())
def test_no_program_gives_a_secret_away(text: str) -> None:
    """What programs, libraries and configurations show of a secret is gone, in each of its forms.

    Its name may be shown, the secret not, and not a part of it either.
    """
    shown = without_credentials(text)
    assert "***" in shown
    for part in (SECRET, SECRET[4:], PASS.rstrip("="), PLAIN[:-2], TOKEN[-24:-2]):
        assert part not in shown


@pytest.mark.parametrize("text", SAID)
def test_words_of_servers_stay(text: str) -> None:
    """Replies speak of passwords, logins and mechanisms, too."""
    assert without_credentials(text) == text


def test_an_app_password_in_groups() -> None:
    """It is one secret although it has blanks, also within a line."""
    pasted = "use password: abcd efgh ijkl mnop for it"
    assert without_credentials(pasted) == "use password: *** for it"


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "AUTH PLAIN ",
            "LOGIN a ",
            'LOGIN "\\"',
            "password : ",
            "<password>",
            "login('a',",
            "-u a:",
        ),
        *(
            "a:",
            "://a:",
            "a@b:",
            "C: AAAA",
            "{4}\n",
            "\0a\0",
            "Bearer ",
            "eyJ",
            "A",
            "'",
            " ",
            "\n",
        ),
    ],
)
def test_hostile_texts_end(unit: str) -> None:
    """Time grows with the length alone: the longest text takes milliseconds."""
    text = unit * (20_000 // len(unit))
    started = time.process_time()
    without_credentials(text)
    assert time.process_time() - started < 1
