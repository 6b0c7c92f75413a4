"""POST /v1/form: web forms with files, from browsers and from scripts."""
import base64
import hashlib
import hmac
import json
import secrets
import socket
import time

import pytest
import requests

import conftest

SHOP, THANKS = "https://shop.example", "https://thanks.example"
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOCSIN_FORM_REDIRECT", THANKS)
        edge = conftest.Edge(str(tmp_path_factory.mktemp("edge")), "--http-origin", SHOP)
    yield edge
    edge.stop()


@pytest.fixture(scope="module")
def secret(edge):
    return edge.add_token("--source", "urn:form", "--scope", "grant")


def grant(secret, source="urn:form:web", seconds=600, end=None, shared=False):
    """For one page, unless it is shared."""
    parts = ["toc1", secret.split("_")[1], str(end or int(time.time()) + seconds),
             base64.urlsafe_b64encode(source.encode()).decode().rstrip("=")]
    text = ".".join(parts if shared else parts + [secrets.token_hex(16)])
    key = hashlib.sha256(b"grant:" + secret.encode()).digest()
    return text + "." + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def post(edge, fields, files=None, **headers):
    return requests.post(edge.url + "/v1/form", data=fields, files=files, headers=headers,
                         timeout=60, allow_redirects=False)


def problem(answer, status, detail):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert detail in answer.json()["detail"], answer.text


def taken(answer, status=202):
    assert answer.status_code == status, answer.text
    return answer.json()


def event_of(edge, receipt):
    """The event as the log has it."""
    [record] = [line for line in edge.lines("tail", "intake") if line["seq"] == receipt["seq"]]
    return record["body"]


def classes_of(edge, receipt):
    """What was sealed, each class with how many texts or files it has."""
    return {content["class"]: content["parts"] for content in event_of(edge, receipt)["content"]}


# --- what is taken -------------------------------------------------------------------------------

def test_a_form_is_an_issue_and_its_words_are_sealed(edge, secret):
    receipt = taken(post(edge, {"_grant": grant(secret), "title": "Locked out", "text": "My zebra",
                                "email": "ana@example.com", "category": "account", "Order": "17"}))
    assert receipt["source"] == "urn:form:web" and receipt["ref"] == receipt["id"]
    event = event_of(edge, receipt)
    assert event["issue_opened"]["channel"] == "web"
    assert event["issue_opened"]["category"] == "account"
    assert classes_of(edge, receipt) == {"title": 1, "body": 1, "contact": 1}
    assert "zebra" not in json.dumps(edge.lines("tail", "intake"))
    assert edge.wait_issue("id", receipt["issue"])


def test_files_come_with_it(edge, secret):
    receipt = taken(post(edge, {"_grant": grant(secret), "text": "see"}, files=[
        ("photo", ("../../etc/zebra.png", b"\x89PNG\0" * 1000, "image/png")),
        ("photo", ("b.bin", b"", "application/octet-stream")), ("none", ("", b""))]))
    assert classes_of(edge, receipt) == {"body": 1, "attachment": 2}
    assert "zebra" not in json.dumps(edge.lines("tail", "intake"))


def test_a_form_says_what_it_is_about(edge, secret):
    fields = {"_grant": grant(secret), "email": "ana@example.com", "text": " "}
    problem(post(edge, fields), 400, "title, text, category, risk or appeal: ")
    assert "title, text, category, risk or appeal: " in post(edge, fields, **PAGE).text
    receipt = taken(post(edge, fields, files=[("photo", ("a.png", b"\x89PNG", "image/png"))]))
    assert classes_of(edge, receipt) == {"contact": 1, "attachment": 1}
    assert taken(post(edge, {**fields, "Order": "17"}))


def test_the_grant_may_stand_in_the_header(edge, secret):
    token = edge.add_token("--source", "urn:relay")
    assert taken(post(edge, {"title": "x"}, Authorization="Bearer " + grant(secret)))
    assert taken(post(edge, {"title": "x"}, Authorization="Bearer " + token))["source"] == \
        "urn:relay"


def test_a_grant_is_not_told_what_would_become_of_it(edge, secret):
    """Who is on call, and by which rule, is nothing for everybody who has a page."""
    shown = grant(secret)
    header = {"Authorization": "Bearer " + shown}
    event = {"specversion": "1.0", "id": "dry", "source": "urn:form:web", "subject": "DRY",
             "type": "tocsin.issue.opened", "data": {"channel": "web", "category": "self_harm"}}
    for path, more in (
            ("events", {"data": json.dumps(event), "headers": {
                **header, "Content-Type": "application/cloudevents+json"}}),
            ("issues", {"json": {"title": "x"}, "headers": header}),
            ("issues/DRY/messages", {"json": {"text": "x"}, "headers": header}),
            ("form", {"data": {"title": "x"}, "headers": header}),
            ("form", {"data": {"title": "x", "_grant": shown}})):
        problem(requests.post("%s/v1/%s?dry_run=1" % (edge.url, path), timeout=60, **more), 403,
                "dry_run: ")


def test_a_double_click_is_one_issue(edge, secret):
    shown, fields = grant(secret), {"title": "Twice", "text": "the same"}
    first = taken(post(edge, {"_grant": shown, **fields}))
    again = taken(post(edge, {"_grant": shown, **fields}), 200)
    assert again == {**first, "duplicate": True}
    assert taken(post(edge, {"_grant": shown, **fields, "text": "other"}))["issue"] != \
        first["issue"]
    other = taken(post(edge, {"_grant": grant(secret, "urn:form:web:u2"), **fields}))
    assert other["issue"] != first["issue"]


def test_two_people_who_say_the_same_in_one_second_are_two_issues(edge, secret):
    end, fields = int(time.time()) + 600, {"title": "It does not work"}
    pages = [grant(secret, end=end) for _ in range(2)]
    first, second = [taken(post(edge, {"_grant": shown, **fields})) for shown in pages]
    assert first["issue"] != second["issue"]
    assert taken(post(edge, {"_grant": pages[0], **fields}), 200) == {**first, "duplicate": True}
    assert taken(post(edge, fields, Authorization="Bearer " + pages[0]))["issue"] != \
        second["issue"]


@pytest.mark.parametrize("of_server", [False, True])
def test_what_many_people_share_tells_no_repeat(edge, secret, of_server):
    """A grant in a page that a cache keeps, the token of a server that passes forms on."""
    shown, headers, fields = {}, {}, {"title": "It does not work"}
    if of_server:
        headers["Authorization"] = "Bearer " + edge.add_token("--source", "urn:relay")
    else:
        shown["_grant"] = grant(secret, shared=True)
    first, second = [taken(post(edge, {**shown, **fields, "_once": ""}, **headers))
                     for _ in range(2)]
    assert first["issue"] != second["issue"]
    # With what its script drew it is known again.
    first, second = [taken(post(edge, {**shown, **fields, "_once": once}, **headers))
                     for once in ("a1", "a2")]
    assert first["issue"] != second["issue"]
    again = taken(post(edge, {**shown, **fields, "_once": "a1"}, **headers), 200)
    assert again == {**first, "duplicate": True}


def test_a_page_of_one_grant_that_many_are_shown_tells_them_apart_by_a_script(edge, secret):
    shown, fields = grant(secret), {"title": "It does not work"}
    first = taken(post(edge, {"_grant": shown, **fields}))
    assert taken(post(edge, {"_grant": shown, **fields}), 200)["issue"] == first["issue"]
    second = taken(post(edge, {"_grant": shown, **fields, "_once": "a1"}))
    assert second["issue"] != first["issue"]


def test_the_page_may_name_its_own_key(edge, secret):
    fields = {"_grant": grant(secret), "title": "x"}
    receipt = taken(post(edge, {**fields, "id": "f-1"}))
    assert receipt["id"] == "f-1"
    assert taken(post(edge, {**fields, "id": "f-1"}), 200)["seq"] == receipt["seq"]
    assert taken(post(edge, fields, **{"Idempotency-Key": "f-2"}))["id"] == "f-2"
    problem(post(edge, {**fields, "id": "f-1", "text": "y"}), 409, "another event")


def test_the_honeypot_keeps_it_apart_and_says_nothing(edge, secret):
    fields = {"_grant": grant(secret), "title": "Buy pills", "_leave_empty": "http://pills.example"}
    receipt = taken(post(edge, fields))
    plain = taken(post(edge, {**fields, "_leave_empty": ""}))
    again = taken(post(edge, fields), 200)
    assert set(receipt) == set(again) == set(plain) and "quarantine" not in json.dumps(receipt)
    held = edge.lines("quarantine", "list")
    assert [row["reason"] for row in held if row["id"] == receipt["id"]] == ["honeypot"]
    assert plain["id"] not in [row["id"] for row in held]
    status = requests.get(edge.url + "/v1/issues/" + receipt["ref"], timeout=60,
                          headers={"Authorization": "Bearer " + fields["_grant"]})
    assert (status.status_code, status.json()["state"]) == (202, "accepted"), status.text
    assert "quarantine" not in status.text
    more = requests.post(edge.url + "/v1/issues/" + receipt["ref"] + "/messages", timeout=60,
                         json={"text": "and more"},
                         headers={"Authorization": "Bearer " + fields["_grant"]})
    assert more.status_code == 202 and "held" not in more.json(), more.text
    assert "quarantine" not in more.text
    [row] = [row for row in edge.lines("quarantine", "list") if row["id"] == more.json()["id"]]
    assert row["reason"] == "issue"
    token = edge.add_token("--source", "urn:form:web")
    status = requests.get(edge.url + "/v1/issues/" + receipt["ref"], timeout=60,
                          headers={"Authorization": "Bearer " + token})
    assert status.json()["state"] == "held", status.text


# --- people --------------------------------------------------------------------------------------

def test_people_see_a_page_of_thanks(edge, secret):
    answer = post(edge, {"_grant": grant(secret), "title": "x"}, **PAGE, Origin=SHOP)
    assert answer.status_code == 202
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Thank you" in answer.text


def test_people_are_led_on_to_where_the_form_may_lead(edge, secret):
    for url in (THANKS + "/done?a=1", SHOP + "/", THANKS):
        answer = post(edge, {"_grant": grant(secret), "title": url, "_redirect": url}, **PAGE)
        assert answer.status_code == 303 and answer.headers["Location"] == url
    for url in ("https://evil.example/", THANKS + ".evil.example/", THANKS + "@evil.example/",
                "//evil.example", "javascript:alert(1)", THANKS + "/\r\nSet-Cookie: a=b", "/x",
                THANKS + "\\@evil.example"):
        fields = {"_grant": grant(secret), "title": "x", "_redirect": url}
        answer = post(edge, fields, **PAGE)
        assert answer.status_code == 400 and "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        problem(post(edge, fields), 400, "_redirect: ")


def test_people_see_what_went_wrong_as_a_page(edge, secret):
    for fields, headers, status in (({"title": "x"}, {}, 401), ({"_grant": "toc1.x.1.x.x"}, {}, 401),
                                    ({"_grant": grant(secret)}, {}, 400),
                                    ({"_grant": grant(secret), "priority": "<b>"}, {}, 400),
                                    ({"title": "x"}, {"Origin": "https://evil.example"}, 403)):
        answer = post(edge, fields, **PAGE, **headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "That did not work" in answer.text and "<b>" not in answer.text


# --- who may not ---------------------------------------------------------------------------------

def test_a_grant_has_to_be_good(edge, secret):
    token = edge.add_token("--source", "urn:form")
    problem(post(edge, {"title": "x"}), 401, "_grant")
    problem(post(edge, {"title": "x", "_grant": token}), 401, "a token has no place in a page")
    problem(post(edge, {"title": "x", "_grant": grant(secret, seconds=-1)}), 401, "not good")
    problem(post(edge, {"title": "x", "_grant": grant(secret) + "0"}), 401, "no grant")
    problem(post(edge, {"title": "x"}, Authorization="Bearer toc_x"), 401, "token")
    answer = requests.post(edge.url + "/v1/form?_grant=" + grant(secret), data={"title": "x"},
                           timeout=60)
    problem(answer, 401, "_grant")


def test_pages_of_other_origins_send_nothing(edge, secret):
    for origin in ("https://evil.example", "null", SHOP + ".evil"):
        problem(post(edge, {"title": "x", "_grant": grant(secret)}, Origin=origin), 403, "origin")
    assert taken(post(edge, {"title": "a", "_grant": grant(secret)}, Origin=SHOP))
    assert taken(post(edge, {"title": "b", "_grant": grant(secret)}, Origin=edge.url))


def test_over_the_rate(edge):
    slow = edge.add_token("--source", "urn:slow", "--scope", "grant", "--rate", "1")
    answers = conftest.limited(
        lambda i: post(edge, {"title": str(i), "_grant": grant(slow, "urn:slow")}))
    assert {answer.status_code for answer in answers} == {202, 429}
    late = next(answer for answer in answers if answer.status_code == 429)
    assert int(late.headers["Retry-After"]) >= 1


# --- hostile -------------------------------------------------------------------------------------

MULTIPART = {"Content-Type": "multipart/form-data; boundary=B"}


def part(head, body=b"x"):
    return b"--B\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body + b"\r\n"


def test_bodies_that_are_no_form(edge, secret):
    shown = part(b"name=_grant", grant(secret).encode())
    for body, status in ((b"", 400), (b"--B", 400), (shown, 400), (shown + b"--B--more", 400),
                         (b"x" + shown + b"--B--", 400), (b"--B\r\n" * 1000, 400),
                         (part(b"name=a\r\nX: " + b"y" * 5000) + shown + b"--B--", 400),
                         (shown + part(b"name=title") + part(b"name=title") + b"--B--", 400),
                         (shown + part(b'name="a\0b"') + b"--B--", 400),
                         (shown + part(b"name=a") * 101 + b"--B--", 413),
                         (shown + part(b"name=f; filename=x") * 11 + b"--B--", 413),
                         (shown + part(b"name=f; filename=x", b"x" * 10485761) + b"--B--", 413),
                         (shown + part(b"name=text", b"x" * 65537) + b"--B--", 413)):
        answer = requests.post(edge.url + "/v1/form", data=body, headers=MULTIPART, timeout=60)
        assert answer.status_code == status, (body[:100], answer.text)
    body = shown + part(b"name=text", b"--B\n--B--\r\n --B\r\n\0\r\n--BB") + b"--B--"
    assert taken(requests.post(edge.url + "/v1/form", data=body, headers=MULTIPART, timeout=60))


def test_other_types_are_415(edge, secret):
    for kind in ("application/json", "text/plain", "multipart/mixed; boundary=B", ""):
        answer = requests.post(edge.url + "/v1/form", data=b"{}", timeout=60,
                               headers={"Content-Type": kind})
        problem(answer, 415, "send a form")


def test_a_body_of_100_mb_is_refused_before_it_comes(edge):
    with socket.create_connection(("127.0.0.1", edge.port)) as peer:
        peer.settimeout(60)
        peer.sendall(b"POST /v1/form HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n"
                     b"Content-Type: multipart/form-data; boundary=B\r\n\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.1 413 ")


def test_an_endless_body_ends_at_the_cap(edge):
    with socket.create_connection(("127.0.0.1", edge.port)) as peer:
        peer.settimeout(60)
        peer.sendall(b"POST /v1/form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                     b"Content-Type: multipart/form-data; boundary=B\r\n\r\n")
        sent, chunk = 0, b"100000\r\n" + bytes(1 << 20) + b"\r\n"
        try:
            while sent < 64:
                peer.sendall(chunk)
                sent += 1
        except OSError:
            pass
        assert sent < 64


def test_events_are_as_small_as_before(edge):
    answer = requests.post(edge.url + "/v1/events", data=b"x" * (5 << 20), timeout=60,
                           headers={"Authorization": "Bearer " + edge.token,
                                    "Content-Type": "application/cloudevents+json"})
    assert answer.status_code == 413


def test_ten_files_of_a_phone(edge, secret):
    files = [("photo", ("%d.jpg" % i, bytes(2 << 20))) for i in range(10)]
    receipt = taken(post(edge, {"_grant": grant(secret), "text": "all of them"}, files=files))
    assert classes_of(edge, receipt)["attachment"] == 10


def test_who_was_held_back_does_not_let_himself_in(edge, secret):
    receipt = taken(post(edge, {"_grant": grant(secret), "title": "Pills", "_leave_empty": "x"}))
    event = {"specversion": "1.0", "id": "out-1", "source": "urn:form:web",
             "type": "tocsin.issue.message", "subject": receipt["id"],
             "data": {"direction": "outbound"}}
    answer = requests.post(edge.url + "/v1/events", json=event, timeout=60,
                           headers={"Authorization": "Bearer " + grant(secret),
                                    "Content-Type": "application/cloudevents+json"})
    held = [row["id"] for row in edge.lines("quarantine", "list")]
    assert (answer.status_code, receipt["id"] in held) == (403, True), answer.text
