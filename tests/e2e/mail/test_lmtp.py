"""Mail comes in by LMTP: threads, repeats, machines, reports, poison, and what the sender hears."""
import json
import os
import re
import socket
import subprocess
import threading
import time

import pytest
import requests

import agree
from conftest import Suite

BIN = os.environ["TOCSIN_BIN"]


def mail(subject, *fields, body="Text of a mail.", sender="Ana <ana@example.org>"):
    return "\r\n".join([f"From: {sender}", "To: support@example.com", f"Subject: {subject}",
                        *fields, "", body, ""])


def ready(suite, to="support@example.com"):
    """A session in which the mail itself comes next."""
    server = suite.lmtp()
    server.ehlo_or_helo_if_needed()
    server.mail("ana@example.org")
    assert server.rcpt(to)[0] == 250
    assert server.docmd("DATA")[0] == 354
    return server


def classes(event):
    return {content["class"]: content.get("bytes", 0) for content in event["content"]}


# --- what the sender hears -------------------------------------------------------------------------

def test_swaks_hands_a_mail_over(suite):
    def swaks(to):
        return subprocess.run(
            ["swaks", "--protocol", "LMTP", "--server", "127.0.0.1", "--port", str(suite.port),
             "--from", "ana@example.org", "--to", to, "--body", "It is lost",
             "--attach-type", "text/csv", "--attach", "a;b"], stdout=subprocess.PIPE, text=True)
    done = swaks("support@example.com")
    assert done.returncode == 0 and "250 2.0.0 issue" in done.stdout, done.stdout
    event = suite.events()[-1]
    assert event["type"] == "tocsin.issue.opened" and event["source"] == "urn:mail:support"
    assert event["issue_opened"]["category"] == "general"
    assert event["issue_opened"]["tags"] == ["mail"]
    assert event["issue_opened"]["requester"] == event["pseudonym"] != ""
    assert {"title", "body", "contact", "attachment", "raw"} <= set(classes(event))
    done = swaks("nobody@example.com")
    assert done.returncode != 0 and "550 5.1.1" in done.stdout


def test_each_recipient_has_an_issue_of_its_own_source(suite):
    with suite.lmtp() as server:
        server.ehlo_or_helo_if_needed()
        server.mail("ana@example.org")
        codes = [server.rcpt(to)[0] for to in ("billing@example.com", "nobody@example.com",
                                               "x@appeals.example.com")]
        assert codes == [250, 550, 250]
        assert server.data(mail("both", "Message-ID: <both@x>").encode())[0] == 250
        assert server.getreply()[0] == 250  # smtplib reads the first alone
    billing, appeals = suite.events()[-2:]
    assert billing["source"] == "urn:mail:billing"
    assert billing["issue_opened"]["priority"] == "p2"
    assert appeals["issue_opened"]["channel"] == "appeal"
    assert billing["issue"] != appeals["issue"]


def send_to_many(suite, text, addresses):
    """The replies, in order."""
    with suite.lmtp() as server:
        server.ehlo_or_helo_if_needed()
        server.mail("ana@example.org")
        for to in addresses:
            assert server.rcpt(to)[0] == 250
        return [server.data(text)] + [server.getreply() for _ in addresses[1:]]


def test_many_addresses_of_a_box_get_one_issue(suite):
    before = len(suite.events())
    addresses = [f"a{i}@appeals.example.com" for i in range(99)] + ["billing@example.com"]
    text = mail("for all", "Message-ID: <all@x>").encode()
    replies = send_to_many(suite, text, addresses)
    assert {code for code, _ in replies} == {250}
    assert len(set(replies)) == 2
    events = suite.events()[before:]
    assert [event["source"] for event in events] == ["urn:mail:appeals", "urn:mail:billing"]
    assert suite.send(text, to="another@appeals.example.com")[1].endswith(b"already")
    assert len(suite.events()) == before + 2


def test_one_mail_for_many_issues_lets_others_in_between(suite):
    issues = [suite.event(suite.send(mail(f"many {i}"))[1])["issue"] for i in range(12)]
    addresses = [suite.call("mail", "address", "--box", "support@example.com", issue).strip()
                 for issue in issues]
    large = mail("for many", "Message-ID: <many@x>", body=("x" * 998 + "\r\n") * 9000).encode()
    line = ('{"specversion":"1.0","id":"between-%d","source":"urn:between",'
            '"type":"tocsin.issue.opened","data":{}}\n')
    done = threading.Event()

    def publish():
        at = 0
        while not done.is_set():
            suite.call("publish", stdin=(line % at).encode())
            at += 1

    other = threading.Thread(target=publish)
    other.start()
    try:
        replies = send_to_many(suite, large, addresses)
    finally:
        done.set()
        other.join()
    assert [reply.split()[-1].decode() for code, reply in replies if code == 250] == issues
    lines = map(json.loads, suite.call("tail", "intake", "--json").splitlines())
    seqs = [int(line["seq"]) for line in lines if line["type"] == "event_accepted" and
            line["body"].get("issue_message") and line["issue"] in issues]
    assert len(seqs) == 12 and seqs[-1] - seqs[0] > 11


def test_a_box_with_a_rate_is_asked_to_wait(suite):
    servers = [ready(suite, "slow@example.com") for _ in range(20)]
    for i, server in enumerate(servers):  # what is on its way already is taken
        server.send(mail(f"slow {i}").encode() + b"\r\n.\r\n")
    assert [server.getreply()[0] for server in servers] == [250] * 20
    code, reply = suite.send(mail("slow"), to="slow@example.com")
    assert code == 450 and b"4.7.1" in reply
    for server in servers:
        server.quit()


def test_a_mail_to_many_addresses_of_a_box_counts_once(suite):
    addresses = [f"a{i}@rated.example.com" for i in range(100)]
    text = mail("for all of them", "Message-ID: <rated@x>").encode()
    assert {code for code, _ in send_to_many(suite, text, addresses)} == {250}
    assert suite.send(mail("one more"), to="b@rated.example.com")[0] == 250


def test_a_mail_that_is_too_large_is_refused_and_the_connection_goes_on(suite):
    with suite.lmtp() as server:
        server.ehlo_or_helo_if_needed()
        assert int(server.esmtp_features["size"]) == 25 << 20
        assert server.mail("a@example.org", ["SIZE=30000000"])[0] == 552
        server.mail("a@example.org")
        server.rcpt("support@example.com")
        assert server.data(b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" * (13 << 20))[0] == 552
        assert server.noop()[0] == 250


def test_connections_have_an_end(suite):
    held, end = [], time.monotonic() + 60
    while len(held) < 64:  # the ends of those before may not have been seen yet
        one = socket.create_connection(("127.0.0.1", suite.port))
        if one.recv(100).startswith(b"220 "):
            held.append(one)
        assert time.monotonic() < end
    with socket.create_connection(("127.0.0.1", suite.port)) as late:
        assert late.recv(200).startswith(b"421 4.3.2")
    for one in held:
        one.close()
    assert suite.send(mail("after many"))[0] == 250


# --- threads ---------------------------------------------------------------------------------------

def test_an_answer_is_a_message_of_its_issue(suite):
    code, reply = suite.send(mail("first", "Message-ID: <t1@x>"))
    assert code == 250
    issue = suite.event(reply)["issue"]
    for fields in (["In-Reply-To: <t1@x>", "Message-ID: <t2@x>"],
                   ["References: <unknown@x> <t2@x>", "Message-ID: <t3@x>"]):
        _, reply = suite.send(mail("Re: first", *fields))
        event = suite.event(reply)
        assert event["type"] == "tocsin.issue.message" and event["issue"] == issue
        assert event["issue_message"] == {"direction": "inbound"}


def test_a_subject_alone_is_no_thread(suite):
    issues = {suite.event(suite.send(mail("Re: first", f"Message-ID: <s{i}@x>"))[1])["issue"]
              for i in range(2)}
    assert len(issues) == 2


def test_osticket_3607_five_answers_to_one_newsletter_are_five_issues(suite):
    newsletter = mail("News", "Message-ID: <news@shop>", "List-Unsubscribe: <mailto:u@shop>")
    first = suite.event(suite.send(newsletter)[1])
    issues = {suite.event(suite.send(mail("Re: News", "In-Reply-To: <news@shop>",
                                          f"Message-ID: <n{i}@x>",
                                          sender=f"c{i}@example.org"))[1])["issue"]
              for i in range(5)}
    assert len(issues) == 5 and first["issue"] not in issues


def sent(message_id):
    """The data of a message that was a mail."""
    return {"direction": "outbound", "agent": "bo", "content": {"message_id": f"<{message_id}>"}}


def test_answers_come_back_to_what_was_sent(suite):
    issue = suite.event(suite.send(mail("sent", "Message-ID: <o1@x>"))[1])["issue"]
    suite.call("publish", stdin=(
        '{"specversion":"1.0","id":"out-1","source":"urn:desk","type":"tocsin.issue.message",'
        f'"tocsinissue":"{issue}","data":{{"direction":"outbound","agent":"bo",'
        '"content":{"message_id":"<ours-1@desk>"}}}\n').encode())
    event = suite.event(suite.send(mail("Re: sent", "In-Reply-To: <ours-1@desk>"))[1])
    assert event["issue"] == issue and event["type"] == "tocsin.issue.message"
    report = mail("Undelivered", "Content-Type: multipart/report; report-type=delivery-status;"
                  " boundary=b", sender="MAILER-DAEMON@mx", body="\r\n".join([
                      "--b", "", "No such user.", "--b", "Content-Type: message/rfc822", "",
                      "Message-ID: <ours-1@desk>", "Subject: x", "", "--b--"]))
    event = suite.event(suite.send(report, sender="")[1])
    assert event["issue"] == issue and event["issue_message"]["auto"] is True


def test_nobody_takes_over_the_answers_to_what_another_sent(suite):
    issue = suite.event(suite.send(mail("theirs", "Message-ID: <v1@x>"))[1])["issue"]

    def tell(source, about, message_id):
        scopes = ["--scope", "publish", "--scope", "act"] if "tocsinissue" in about else []
        token = suite.call("token", "add", "--by", "bo", "--source", source, *scopes).strip()
        text = json.dumps({"specversion": "1.0", "id": message_id, "source": source, **about,
                           "type": "tocsin.issue.message", "data": sent(message_id)})
        answer = requests.post(f"http://127.0.0.1:{suite.http_port}/v1/events", data=text, headers={
            "Authorization": "Bearer " + token, "Content-Type": "application/cloudevents+json"})
        assert answer.status_code == 202, answer.text

    def answer(message_id):
        text = mail("Re: theirs", f"In-Reply-To: <{message_id}>", f"Message-ID: <re-{message_id}>")
        return suite.event(suite.send(text)[1])

    tell("urn:evil", {"subject": "mine"}, "T-124@desk")
    tell("urn:desk", {"tocsinissue": issue}, "T-124@desk")
    assert answer("T-124@desk")["issue"] == issue
    tell("urn:evil", {"subject": "more"}, "T-125@desk")
    assert answer("T-125@desk")["type"] == "tocsin.issue.opened"
    tell("urn:mail:support", {"subject": "ours"}, "T-126@desk")
    event = answer("T-126@desk")
    assert event["type"] == "tocsin.issue.message" and event["issue"] != issue
    suite.send(mail("a guess", "Message-ID: <T-127@desk>", sender="eve@example.org"))
    tell("urn:desk", {"tocsinissue": issue}, "T-127@desk")
    assert answer("T-127@desk")["issue"] == issue


def test_an_answer_to_what_was_imported_joins_its_issue(suite):
    """A desk's history knows its own subjects alone, and boxes have sources of their own."""
    suite.call("publish", stdin=(json.dumps({
        "specversion": "1.0", "id": "old-1", "source": "urn:old-desk", "subject": "17",
        "type": "tocsin.issue.message", "data": sent("old-1@desk")}) + "\n").encode())
    event = suite.event(suite.send(mail("Re: old", "In-Reply-To: <old-1@desk>"))[1])
    assert event["type"] == "tocsin.issue.message"


def test_an_address_names_its_issue_and_only_ours_does(suite):
    issue = suite.event(suite.send(mail("address"))[1])["issue"]
    address = suite.call("mail", "address", "--box", "support@example.com", issue).strip()
    event = suite.event(suite.send(mail("no references"), to=address)[1])
    assert event["issue"] == issue and event["type"] == "tocsin.issue.message"
    event = suite.event(suite.send(mail("in capitals"), to=address.upper())[1])
    assert event["issue"] == issue
    forged = address.replace("+i", "+ia")[:len(address)]
    forged = address[:20] + ("a" if address[20] != "a" else "b") + address[21:]
    event = suite.event(suite.send(mail("forged"), to=forged)[1])
    assert event["issue"] != issue and event["type"] == "tocsin.issue.opened"


def test_an_answer_that_comes_at_once_waits_for_what_it_answers_to(suite):
    def one(i):
        """The issues of a mail and of two answers, and whether they were read in this order."""
        servers = [ready(suite) for _ in range(3)]
        texts = [mail(f"at once {i}", f"Message-ID: <w{i}-0@x>")] + [
            mail(f"Re: at once {i}", f"In-Reply-To: <w{i}-{k}@x>", f"Message-ID: <w{i}-{k + 1}@x>",
                 body="x" * k) for k in range(2)]
        time.sleep(0.1)  # epoll tells a socket that it has just told of out of its turn
        for server, text in zip(servers, texts):
            server.send(text.encode() + b"\r\n.\r\n")
        replies = [server.getreply() for server in servers]
        assert [code for code, _ in replies] == [250] * 3
        for server in servers:
            server.quit()
        sizes = [classes(event)["raw"] for event in suite.events()[-3:]]
        return {text for _, text in replies}, sizes == [len(text) + 2 for text in texts]

    # All three lie in the sockets on a machine that is busy, and which one is read first is chance.
    for i in range(60):
        issues, in_order = one(i)
        assert len(issues) == 1 or not in_order, issues
        if in_order and i >= 9:
            return
    assert False, "they were never read in order"


# --- repeats ---------------------------------------------------------------------------------------

def test_the_same_mail_is_a_repeat_however_it_came(suite):
    once = mail("once", "Message-ID: <once@x>")
    assert suite.send("Received: by mx1; 10:00\r\n" + once)[0] == 250
    before = len(suite.events())
    code, reply = suite.send("Received: by mx2; 10:05\r\n" + once)
    assert code == 250 and b"already" in reply
    assert len(suite.events()) == before
    assert suite.send(mail("once", "Message-ID: <once@x>", body="Another text"))[0] == 250
    assert len(suite.events()) == before + 1


# --- machines --------------------------------------------------------------------------------------

def test_machines_stop_no_clock(suite):
    issue = suite.event(suite.send(mail("auto", "Message-ID: <a1@x>"))[1])["issue"]
    event = suite.event(suite.send(mail("Out of office", "In-Reply-To: <a1@x>",
                                        "Auto-Submitted: auto-replied"))[1])
    assert event["issue"] == issue and event["issue_message"]["auto"] is True
    event = suite.event(suite.send(mail("null path", "In-Reply-To: <a1@x>"), sender="")[1])
    assert event["issue_message"]["auto"] is True
    event = suite.event(suite.send(mail("of a machine", "Precedence: bulk"))[1])
    assert event["issue_opened"]["tags"] == ["mail", "auto"]


def test_a_report_of_abuse_is_an_issue_of_its_own(suite):
    suite.send(mail("abused", "Message-ID: <arf1@x>"))
    report = mail("report", "In-Reply-To: <arf1@x>",
                  "Content-Type: multipart/report; report-type=feedback-report; boundary=b",
                  body="--b\r\n\r\nAbuse.\r\n--b--")
    event = suite.event(suite.send(report)[1])
    assert event["type"] == "tocsin.issue.opened"
    assert event["issue_opened"]["tags"] == ["mail", "abuse-report"]


def test_two_machines_that_answer_each_other_come_to_an_end(suite):
    suite.send(mail("loop", "Message-ID: <l0@x>"))
    autos = []
    for i in range(45):
        _, reply = suite.send(mail("Re: loop", f"In-Reply-To: <l{i}@x>", f"Message-ID: <l{i + 1}@x>"))
        autos.append(suite.event(reply)["issue_message"].get("auto", False) if i > 37 else None)
    assert autos[38:40] == [False, False] and autos[40:] == [True] * 5


# --- poison ----------------------------------------------------------------------------------------

def test_every_mail_of_the_fixtures_is_kept(suite, tmp_path):
    mails = agree.unpack(tmp_path)
    before = {event["id"] for event in suite.events()}
    sizes, repeats = [], 0
    with suite.lmtp() as server:
        for row, path in mails:
            with open(path, "rb") as file:  # as mail servers send it
                raw = re.sub(rb"\r\n|\r|\n", b"\r\n", file.read())
            server.ehlo_or_helo_if_needed()
            server.mail("sender@example.org", ["BODY=8BITMIME"])
            assert server.rcpt("support@example.com")[0] == 250
            code, reply = server.data(raw)
            assert code == 250, (row["path"], reply)
            again = b"already" in reply
            repeats += again
            if not again:
                sizes.append(len(raw) + (0 if raw.endswith(b"\r\n") else 2))
    events = [event for event in suite.events() if event["id"] not in before]
    assert len(events) == len(sizes) and len(events) + repeats == 297
    assert [classes(event)["raw"] for event in events] == sizes


@pytest.mark.parametrize("name", ["nesting", "parts", "links", "header", "noise"])
def test_poison_is_kept_too(suite, name):
    head = b"From: eve@example.org\r\nSubject: " + name.encode() + b"\r\n"
    mixed = b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n"
    poison = {
        "nesting": mixed % b"b" + b"".join(
            b"--b\r\n" + mixed % b"b" for _ in range(20000)),
        "parts": mixed % b"b" + b"--b\r\n\r\nx\r\n" * 300000,
        "links": b"Content-Type: text/html\r\n\r\n" + b"".join(
            b'<a href="https://example.com/%d">l</a>\r\n' % i for i in range(2000)),
        "header": b"X-A: b\r\n" * 100000 + b"\r\nbody\r\n",
        "noise": b"\r\n" + bytes(b for b in os.urandom(200000) if b not in b"\r\n\0"),
    }[name]
    code, reply = suite.send(head + poison)
    assert code == 250
    event = suite.event(reply)
    assert classes(event)["raw"] > len(poison) and event["type"] == "tocsin.issue.opened"


def test_a_mail_of_the_largest_size_is_kept_whole(suite):
    raw = b"Subject: large\r\n\r\n" + (b"x" * 998 + b"\r\n") * 26000
    event = suite.event(suite.send(raw)[1])
    raws = next(content for content in event["content"] if content["class"] == "raw")
    assert raws["bytes"] == len(raw) and raws["parts"] == 2


# --- too much of one ------------------------------------------------------------------------------

def test_whoever_writes_too_much_waits_and_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setenv("TOCSIN_QUOTA", "requester=3/10h")
    suite = Suite(str(tmp_path))
    try:
        replies = [suite.send(mail(f"again {at}", sender="Mal <mal@example.org>"))
                   for at in range(5)]
        assert [code for code, _ in replies] == [250] * 5
        assert suite.send(mail("hello", sender="Bo <bo@example.org>"))[0] == 250
        urgent = mail("please", sender="Mal <mal@example.org>",
                      body="A man keeps messaging my 12 year old daughter and asks for nudes")
        assert suite.send(urgent)[0] == 250
        assert len(suite.events()) == 5
        held = [json.loads(line) for line in
                suite.call("quarantine", "list", "--json").splitlines()]
        assert [row["reason"] for row in held] == ["requester"] * 2
        suite.call("quarantine", "release", "--all", "--by", "ana")
        assert len(suite.events()) == 7
    finally:
        suite.stop()
