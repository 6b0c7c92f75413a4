"""A real notifier pages by mail: what servers see, and what follows from what they say."""
import email.utils
import os
import shutil
import smtplib
import socket
import ssl
import subprocess

import pytest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from fake_mail import MailServer
from ports import free_port
from tocsin_chain import BIN, Chain

POLICY = """policy: 1
paths:
  desk: {coalesce: 0, steps: [{page: [ana], wait: 1h}, {page: [next], wait: 1h}]}
queues:
  desk: {tier: 1}
routes:
  - {rule: all, queue: desk}
alerts:
  - {rule: risky, on: opened, severity: critical}
"""


def write_contacts(directory, server, person="email: ana@example.org"):
    file = directory / "contacts.yaml"
    file.write_text(
        "allow: [127.0.0.0/8]\nlink: https://console.example/alerts/\n"
        "mail: {from: tocsin@example.com, domain: pages.example.com, " + server + "}\n"
        "contacts:\n  ana: {" + person + ", language: pt, zone: America/Sao_Paulo}\n"
        "  next: {log: true}\n")
    return file


def plain(server):
    return f'server: "{server.url()}", plain: true'


def start(directory, server, **words):
    policy = POLICY.replace("severity: critical}", "severity: critical, path: desk}")
    return Chain(directory, policy, f"--contacts={write_contacts(directory, server, **words)}",
                 "--send-timeout=5s", "--connect-timeout=5s")


@pytest.fixture
def server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def chain(tmp_path, server):
    chain = start(tmp_path, plain(server))
    yield chain
    chain.close()


def outcome_of(chain, alert, *states):
    page = chain.pages_in(alert.id, *(states or ["ACCEPTED"]))[0]
    return page.attempts, page.outcome


# --- what is sent ---------------------------------------------------------------------------------

def test_a_mail_can_be_read_threaded_and_reported_on(chain, server):
    alert = chain.alert_of(chain.open("a"))
    mail = server.wait_for(1)[0]
    page = chain.pages_in(alert.id, "ACCEPTED")[0]
    message, root = mail.message, f"<alert_{alert.id.hex()}@pages.example.com>"
    assert message["message-id"] == f"<{page.delivery}@pages.example.com>"
    assert message["in-reply-to"] == root and message["references"] == root
    assert message["auto-submitted"] == "auto-generated"
    assert message["from"] == "Tocsin <tocsin@example.com>" and "ana@example.org" in message["to"]
    assert email.utils.parsedate_to_datetime(message["date"])
    assert message["subject"] == "CRÍTICO desk: um caso novo"
    text = message.get_content()
    assert "Fila:         desk" in text and "Categoria:    a" in text
    assert f"Confirmar:    https://console.example/alerts/{alert.id.hex()}" in text
    assert "Depois:       chama next em " in text
    assert "EHLO pages.example.com" in mail.commands
    # libcurl before 8.17 puts a > behind the last parameter, which xtext allows
    assert mail.commands[1].rstrip(">") == (
        f"MAIL FROM:<tocsin@example.com> RET=HDRS ENVID={page.delivery}")
    assert mail.commands[2].rstrip(">").startswith(
        "RCPT TO:<ana@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ana@example.org")


def test_who_offers_no_reports_is_asked_for_none(chain, server):
    server.reports = False
    chain.open("a")
    mail = server.wait_for(1)[0]
    assert mail.commands[1] == "MAIL FROM:<tocsin@example.com>"
    assert mail.commands[2] == "RCPT TO:<ana@example.org>"


def test_what_a_publisher_writes_ends_no_line_of_the_header(chain, server):
    chain.open("x\r\nBcc: eve@example.net")
    mail = server.wait_for(1)[0]
    assert "eve@example.net" not in str(mail.message["bcc"])
    assert [c for c in mail.commands if c.startswith("RCPT")] == [mail.commands[2]]
    assert "Categoria:    x??Bcc: eve@example.net" in mail.message.get_content()


# --- what servers say -----------------------------------------------------------------------------

@pytest.mark.parametrize("behaviour", ["mail 452", "rcpt 451", "end 451", "greeting 421"])
def test_what_is_for_later_is_tried_again_with_the_same_id(chain, server, behaviour):
    server.behave(behaviour, "accept")
    alert = chain.alert_of(chain.open("a"))
    mail = server.wait_for(1)[0]
    page = chain.pages_in(alert.id, "ACCEPTED")[0]
    assert page.attempts == 2 and page.delivery in mail.message["message-id"]


@pytest.mark.parametrize("behaviour", ["mail 553", "rcpt 550", "data 554", "end 554"])
def test_what_is_refused_goes_to_the_next_at_once(chain, server, behaviour):
    server.behave(behaviour)
    alert = chain.alert_of(chain.open("a"))
    chain.wait_until("next is paged", lambda: " PAGE next " in chain.notifier.output.read_text())
    assert outcome_of(chain, alert, "DEAD", "ACCEPTED") == (1, f"SMTP {behaviour.split()[1]}")


@pytest.mark.parametrize("behaviour", ["cut greeting", "cut rcpt", "cut within", "cut end",
                                       "hang greeting", "hang rcpt", "hang end"])
def test_what_is_cut_off_or_hangs_is_tried_again(chain, server, behaviour):
    server.behave(behaviour, "accept")
    alert = chain.alert_of(chain.open("a"))
    server.wait_for(1)
    assert outcome_of(chain, alert)[0] == 2


def test_a_server_that_hangs_after_the_mail_holds_nothing_up(chain, server):
    server.behave("hold")
    alert = chain.alert_of(chain.open("a"))
    server.wait_for(1)
    assert outcome_of(chain, alert) == (1, "SMTP 250")


# --- TLS and AUTH ---------------------------------------------------------------------------------

def over_tls(directory, certificate, server, password="p4ss"):
    (directory / "smtp.password").touch(0o600)
    (directory / "smtp.password").write_text(password + "\n")
    return (f'server: "{server.url("localhost")}", user: tocsin, password_file: smtp.password, '
            f'ca_file: "{certificate[0]}"')


@pytest.mark.parametrize("implicit", [True, False])
def test_a_user_is_let_in_over_tls_alone(tmp_path, certificate, implicit):
    server = MailServer(tls=certificate, implicit=implicit, users={"tocsin": "p4ss"})
    chain = start(tmp_path, over_tls(tmp_path, certificate, server))
    try:
        chain.open("a")
        mail = server.wait_for(1)[0]
        assert mail.encrypted and mail.user == "tocsin"
    finally:
        chain.close()
        server.close()


def test_a_wrong_password_is_for_good_and_in_no_log(tmp_path, certificate):
    server = MailServer(tls=certificate, users={"tocsin": "other"})
    chain = start(tmp_path, over_tls(tmp_path, certificate, server))
    try:
        alert = chain.alert_of(chain.open("a"))
        chain.wait_until("next is paged",
                         lambda: " PAGE next " in chain.notifier.output.read_text())
        assert outcome_of(chain, alert, "DEAD", "ACCEPTED") == (1, "SMTP 535 to AUTH")
        assert "p4ss" not in chain.notifier.log.read_text()
        assert "example.org" not in chain.notifier.log.read_text()
    finally:
        chain.close()
        server.close()


@pytest.mark.parametrize("behind", ["no TLS there", "certificate not trusted"])
def test_without_tls_that_can_be_trusted_nothing_is_said(tmp_path, certificate, behind):
    server = MailServer(tls=None if behind == "no TLS there" else certificate)
    settings = f'server: "{server.url("localhost")}"'
    chain = start(tmp_path, settings)
    try:
        chain.open("a")
        chain.wait_until("it is said", lambda: behind in chain.notifier.log.read_text())
        assert not [command for session in server.sessions for command in session.commands
                    if command.startswith(("MAIL", "AUTH"))]
    finally:
        chain.close()
        server.close()


class Handler:
    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append((session.ssl is not None, envelope))
        return "250 taken"


def test_a_server_of_others_takes_it(tmp_path, certificate):
    """aiosmtpd: STARTTLS and AUTH are a must, and it knows no parameters of RFC 3461."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def authenticate(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"tocsin",
                                                                                  b"p4ss")
        return AuthResult(success=good, handled=False)

    handler = Handler()
    controller = Controller(handler, hostname="127.0.0.1", port=0, tls_context=context,
                            require_starttls=True, auth_required=True,
                            authenticator=authenticate, ready_timeout=10)
    # it would connect to port 0 to see whether it runs
    controller._trigger_server = lambda: socket.create_connection(
        controller.server.sockets[0].getsockname()).close()
    controller.start()
    port = controller.server.sockets[0].getsockname()[1]

    class Address:
        def url(self, host):
            return f"smtp://{host}:{port}"

    chain = start(tmp_path, over_tls(tmp_path, certificate, Address()))
    try:
        alert = chain.alert_of(chain.open("a"))
        assert outcome_of(chain, alert) == (1, "SMTP 250")
        encrypted, envelope = handler.envelopes[0]
        assert encrypted and envelope.rcpt_tos == ["ana@example.org"]
        assert envelope.mail_from == "tocsin@example.com"
    finally:
        chain.close()
        controller.stop()


SINK = shutil.which("smtp-sink", path=os.environ["PATH"] + ":/usr/sbin")


@pytest.mark.skipif(SINK is None, reason="Postfix's smtp-sink is not installed")
@pytest.mark.parametrize("commands, attempts, outcome", [
    ([], 1, "SMTP 250"), (["-f", "rcpt"], 1, "SMTP 500"), (["-r", "rcpt"], 2, "SMTP 450"),
    (["-r", "."], 2, "SMTP 450")])
def test_what_postfixs_sink_says_is_understood(tmp_path, commands, attempts, outcome):
    port = free_port()
    sink = subprocess.Popen([SINK, "-u", "nobody", *commands, f"127.0.0.1:{port}", "10"],
                            stderr=subprocess.DEVNULL)

    class Address:
        def url(self):
            return f"smtp://127.0.0.1:{port}"

    chain = start(tmp_path, plain(Address()))
    try:
        alert = chain.alert_of(chain.open("a"))

        def came_of_it():
            pages = chain.pages(alert.id)
            return pages and pages[0].attempts >= attempts and pages[0].outcome == outcome

        chain.wait_until(f"{outcome} is the answer", came_of_it)
    finally:
        chain.close()
        sink.terminate()
        sink.wait()


# --- the contacts file ----------------------------------------------------------------------------

@pytest.mark.parametrize("server, person, wrong", [
    ("server: smtp://mail.example.com, plain: true", "email: a@b.c", "to this machine alone"),
    ("server: https://mail.example.com", "email: a@b.c", "smtps://HOST:PORT"),
    ("server: smtps://mail.example.com", 'email: "a@b.c\\r\\nBcc: d@e.f"', "has to be an address"),
    ("server: smtps://mail.example.com", 'email: "a@b.c> NOTIFY=NEVER"', "has to be an address"),
    ("server: smtps://mail.example.com, user: a", "email: a@b.c", "belong together"),
])
def test_what_is_wrong_in_the_file_is_told(tmp_path, server, person, wrong):
    file = write_contacts(tmp_path, server, person)
    result = subprocess.run([BIN / "tocsin-notifier", f"--data={tmp_path}/notifier",
                             f"--bind=ipc://{tmp_path}/n", f"--upstream=intake=ipc://{tmp_path}/i",
                             f"--contacts={file}"], capture_output=True, text=True, timeout=60)
    assert result.returncode != 0 and wrong in result.stderr


# --- reports that come back -----------------------------------------------------------------------

REPORT = """From: MAILER-DAEMON@mx.example.org\r
To: tocsin@example.com\r
Subject: Undelivered Mail Returned to Sender\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
\r
It did not arrive.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.org\r
Original-Envelope-Id: {delivery}\r
\r
Final-Recipient: rfc822; ana@example.org\r
Action: {action}\r
Status: {status}\r
--b\r
Content-Type: text/rfc822-headers\r
\r
{headers}\r
--b--\r
"""

BOXES = """mail: 1
boxes:
  tocsin@example.com: {source: "urn:mail:pages", pages: pages.example.com}
"""


@pytest.fixture
def reported(tmp_path, server):
    """A chain whose intake takes the mails that come back."""
    chain = start(tmp_path, plain(server))
    (tmp_path / "mail.yaml").write_text(BOXES)
    chain.intake.stop()
    chain.intake.options += [f"--lmtp={tmp_path}/lmtp", f"--mail={tmp_path}/mail.yaml"]
    chain.intake.start()
    chain.wait_until("LMTP is open", (tmp_path / "lmtp").exists)
    yield chain
    chain.close()


def report(chain, mail, page, action, status):
    headers = mail.raw.split(b"\r\n\r\n")[0].decode()
    text = REPORT.format(delivery=page.delivery, action=action, status=status, headers=headers)
    with smtplib.LMTP(str(chain.intake.directory / "lmtp")) as lmtp:
        lmtp.sendmail("", ["tocsin@example.com"], text.encode())


@pytest.mark.parametrize("action, status", [("failed", "5.1.1"), ("delayed", "4.4.1")])
def test_a_mail_that_comes_back_is_no_page(reported, server, action, status):
    alert = reported.alert_of(reported.open("a"))
    mail = server.wait_for(1)[0]
    page = reported.pages_in(alert.id, "ACCEPTED")[0]
    report(reported, mail, page, action, status)
    reported.wait_until("next is paged",
                        lambda: " PAGE next " in reported.notifier.output.read_text())
    first = reported.pages_in(alert.id, "ACCEPTED", "DEAD", "ACCEPTED")[0]
    assert first.bounced
    assert len(reported.alerts()) == 1  # and nobody gets an issue of it


def test_a_mail_that_arrives_is_noted(reported, server):
    alert = reported.alert_of(reported.open("a"))
    mail = server.wait_for(1)[0]
    report(reported, mail, reported.pages_in(alert.id, "ACCEPTED")[0], "delivered", "2.0.0")
    reported.wait_until("it has arrived", lambda: reported.pages(alert.id)[0].delivered_ms)
    assert " PAGE next " not in reported.notifier.output.read_text()
