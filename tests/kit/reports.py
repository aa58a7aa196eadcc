"""Reports as mail systems write them, by the RFCs and by their habits; every name is made up.

    postfix("<1@example.com>", "bob@example.org")   # bytes of a mail

Line ends are CR LF, as in a mailbox.
"""

from collections.abc import Callable

Dialect = Callable[[str, str], bytes]
"""Message-ID of the returned message and its recipient -> the report."""


def _wire(text: str) -> bytes:
    return text.lstrip("\n").replace("\n", "\r\n").encode()


def postfix(message_id: str, recipient: str, code: str = "5.1.1") -> bytes:
    """Postfix 3: three parts, the whole message as the last one."""
    return _wire(f"""
Return-Path: <>
Date: Sun, 22 Nov 2026 12:00:05 +0000 (UTC)
From: MAILER-DAEMON@mail.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: ada@example.com
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4C1F2A.1763812805/mail.test"
Message-Id: <20261122120005.9D1F3B@mail.test>

This is a MIME-encapsulated message.

--4C1F2A.1763812805/mail.test
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.test.

<{recipient}>: host mx.example.org[192.0.2.1] said: 550 {code}
    <{recipient}>: Recipient address rejected: User unknown (in reply to RCPT
    TO command)

--4C1F2A.1763812805/mail.test
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.test
X-Postfix-Queue-ID: 4C1F2A
X-Postfix-Sender: rfc822; ada@example.com
Arrival-Date: Sun, 22 Nov 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: failed
Status: {code}
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 {code} <{recipient}>: Recipient address
    rejected: User unknown

--4C1F2A.1763812805/mail.test
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <ada@example.com>
From: Ada <ada@example.com>
To: {recipient}
Subject: Hi
Message-ID: {message_id}

--4C1F2A.1763812805/mail.test is not a boundary
Hello

--4C1F2A.1763812805/mail.test--
""")


def postfix_delayed(message_id: str, recipient: str) -> bytes:
    """Postfix 3 that goes on trying; only the header is returned."""
    failed = postfix(message_id, recipient, "4.4.1").decode()
    return (
        failed.replace("Action: failed", "Action: delayed\r\nWill-Retry-Until: Fri, 27 Nov 2026")
        .replace("message/rfc822", "text/rfc822-headers")
        .replace("smtp; 550 4.4.1", "smtp; 450 4.4.1")
        .encode()
    )


def exim(message_id: str, recipient: str) -> bytes:
    """Exim 4.90 and later: a report, and the header that older ones had."""
    return _wire(f"""
Return-path: <>
X-Failed-Recipients: {recipient}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mail.test>
To: ada@example.com
References: {message_id}
Content-Type: multipart/report; report-type=delivery-status; boundary=1763812805-eximdsn-804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1vMh0r-0000Ab-Cd@mail.test>

--1763812805-eximdsn-804289383
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

  {recipient}
    host mx.example.org [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<{recipient}>:
    550 5.1.1 no mailbox here by that name

--1763812805-eximdsn-804289383
Content-type: message/delivery-status

Reporting-MTA: dns; mail.test

Action: failed
Final-Recipient: rfc822;{recipient}
Status: 5.0.0
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 5.1.1 no mailbox here by that name

--1763812805-eximdsn-804289383
Content-type: message/rfc822

Return-path: <ada@example.com>
Message-ID: {message_id}
Subject: Hi

Hello

--1763812805-eximdsn-804289383--
""")


def exim_old(message_id: str, recipient: str) -> bytes:
    """Exim before 4.82: plain text."""
    return _wire(f"""
Return-path: <>
X-Failed-Recipients: {recipient}
From: Mail Delivery System <Mailer-Daemon@mail.test>
To: ada@example.com
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1vMh0r-0000Ab-Cd@mail.test>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {recipient}
    SMTP error from remote mail server after RCPT TO:<{recipient}>:
    host mx.example.org [192.0.2.1]: 550 5.1.1 User unknown

------ This is a copy of the message, including all the headers. ------

Return-path: <ada@example.com>
Message-ID: {message_id}
Subject: Hi

Hello
""")


def exchange(message_id: str, recipient: str) -> bytes:
    """Exchange Online: related pictures first, base64 in between, several layers of words."""
    return _wire(f"""
From: Microsoft Outlook <postmaster@outlook.test>
To: <ada@example.com>
Date: Sun, 22 Nov 2026 12:00:05 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="6f3c9f4e-8d50-4a3f-9b59-0c3d4c1f2a11"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-US
Message-ID: <9aeb5f12-7d5e-4e1b@outlook.test>
In-Reply-To: {message_id}
References: {message_id}
Subject: Undeliverable: Hi
Auto-Submitted: auto-replied

--6f3c9f4e-8d50-4a3f-9b59-0c3d4c1f2a11
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="2f1c-inner"

--2f1c-inner
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to {recipient} couldn't be delivered.

--2f1c-inner
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: base64

PGh0bWw+PC9odG1sPg==

--2f1c-inner--

--6f3c9f4e-8d50-4a3f-9b59-0c3d4c1f2a11
Content-Type: message/delivery-status

Reporting-MTA: dns;VI1PR01MB0000.outlook.test
Received-From-MTA: dns;AM0PR01MB0000.outlook.test
Arrival-Date: Sun, 22 Nov 2026 12:00:00 +0000

Original-Recipient: rfc822;{recipient.upper()}
Final-Recipient: rfc822;{recipient}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {recipient} not found
X-Display-Name: {recipient}

--6f3c9f4e-8d50-4a3f-9b59-0c3d4c1f2a11
Content-Type: message/rfc822

Received: from mail.test by VI1PR01MB0000.outlook.test; Sun, 22 Nov 2026 12:00:00 +0000
From: Ada <ada@example.com>
Message-ID:
 {message_id}
Subject: Hi

--6f3c9f4e-8d50-4a3f-9b59-0c3d4c1f2a11--
""")


def gmail(message_id: str, recipient: str) -> bytes:
    """Gmail: the message is named, and its copy was cut."""
    return _wire(f"""
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.test>
To: ada@example.com
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
In-Reply-To: {message_id}
References: {message_id}
X-Failed-Recipients: {recipient}
Message-ID: <6921a7c5.050a0220.1a2b3c.0001.GMR@mx.google.test>
Content-Type: multipart/report; boundary="0000000000001f2a4c0644"; report-type=delivery-status

--0000000000001f2a4c0644
Content-Type: multipart/related; boundary="0000000000001f2a4c0645"

--0000000000001f2a4c0645
Content-Type: text/plain; charset="UTF-8"

** Address not found **

--0000000000001f2a4c0645
Content-Type: image/png; name="icon.png"
Content-Transfer-Encoding: base64
Content-ID: <icon.png>

iVBORw0KGgo=

--0000000000001f2a4c0645--

--0000000000001f2a4c0644
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.test
Received-From-MTA: dns; ada@example.com
Arrival-Date: Sun, 22 Nov 2026 04:00:00 -0800 (PST)
X-Original-Message-ID: {message_id}

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.org. (192.0.2.1, the server for the domain example.org.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
 550 5.1.1 Please try double-checking the address
Last-Attempt-Date: Sun, 22 Nov 2026 04:00:01 -0800 (PST)

--0000000000001f2a4c0644
Content-Type: message/rfc822

Received: by 2002:a05:6000:1a2b with SMTP id x1
""")


def sendmail(message_id: str, recipient: str) -> bytes:
    """Sendmail 8: comments in its fields, only the header comes back."""
    return _wire(f"""
Return-Path: <MAILER-DAEMON>
Date: Sun, 22 Nov 2026 12:00:05 GMT
From: Mail Delivery Subsystem <MAILER-DAEMON@mail.test>
Message-Id: <202611221200.6FAC05@mail.test>
To: <ada@example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="6FAC05.1763812805/mail.test"
Subject: Returned mail: see transcript for details
Auto-Submitted: auto-generated (failure)

This is a MIME-encapsulated message

--6FAC05.1763812805/mail.test

The original message was received at Sun, 22 Nov 2026 12:00:00 GMT

   ----- The following addresses had permanent fatal errors -----
<{recipient}>
    (reason: 550 5.1.1 <{recipient}>... User unknown)

--6FAC05.1763812805/mail.test
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.test
Received-From-MTA: DNS; client.test
Arrival-Date: Sun, 22 Nov 2026 12:00:00 GMT

Final-Recipient: RFC822; {recipient}
Action: failed (relay said no)
Status: 5.1.1
Remote-MTA: DNS; mx.example.org
Diagnostic-Code: SMTP; 550 5.1.1 <{recipient}>... User unknown
Last-Attempt-Date: Sun, 22 Nov 2026 12:00:01 GMT

--6FAC05.1763812805/mail.test
Content-Type: text/rfc822-headers

Return-Path: <ada@example.com>
Message-Id: {message_id}
Subject: Hi

--6FAC05.1763812805/mail.test--
""")


def qmail(message_id: str, recipient: str) -> bytes:
    """qmail: plain text (QSBMF)."""
    return _wire(f"""
Return-Path: <>
From: MAILER-DAEMON@mail.test
To: ada@example.com
Subject: failure notice

Hi. This is the qmail-send program at mail.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{recipient}>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 no such user here
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Return-Path: <ada@example.com>
Message-ID: {message_id}

Hello
""")


def complaint(message_id: str, recipient: str | None, feedback_type: str = "abuse") -> bytes:
    """A feedback report after the example of RFC 5965, appendix B.2."""
    named = f"Original-Rcpt-To: <{recipient}>\n" if recipient else ""
    return _wire(f"""
From: <abusedesk@example.org>
Date: Sun, 22 Nov 2026 17:40:36 +0000
Subject: FW: Hi
To: <ada@example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP
192.0.2.1 on Sun, 22 Nov 2026 14:00:00 +0000.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {feedback_type}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <ada@example.com>
{named}Arrival-Date: Sun, 22 Nov 2026 14:00:00 +0000
Source-IP: 192.0.2.1
Reported-Domain: example.com

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

From: <ada@example.com>
Received: from mail.test by mx.example.org with ESMTP id M63d4137594e46
To: <Undisclosed Recipients>
Subject: Hi
Message-ID: {message_id}

Hello
--part1_13d.2e68ed54_boundary--
""")


FAILURES: tuple[Dialect, ...] = (
    postfix,
    exim,
    exim_old,
    exchange,
    gmail,
    sendmail,
    qmail,
)
"""Everybody's way to say that there is no such mailbox."""
