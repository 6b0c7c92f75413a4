"""GET /v1/issues/{ref}/content: what people wrote, for a token that may read it."""
import requests

BODY = "I paid twice.\nPlease help."


def opened(edge, token, source, number, **more):
    event = {"specversion": "1.0", "id": "open-%s" % number, "source": source,
             "type": "tocsin.issue.opened", "subject": "C-%s" % number,
             "data": {"channel": "web", "region": "eu", "line_of_business": "shop",
                      "content": {"person": "ana@example.com", "title": "Money", "body": BODY},
                      **more}}
    answer = requests.post(edge.url + "/v1/events", json=event, timeout=60,
                           headers={"Authorization": "Bearer " + token,
                                    "Content-Type": "application/cloudevents+json"})
    assert answer.status_code == 202, answer.text
    issue = answer.json()["issue"]
    edge.wait_issue("id", issue)
    return issue


def read(edge, token, ref, **query):
    return requests.get("%s/v1/issues/%s/content" % (edge.url, ref), params=query, timeout=60,
                        headers={"Authorization": "Bearer " + token})


def test_a_reader_gets_the_texts_and_that_is_on_record(edge):
    writer = edge.add_token("--source", "urn:shop")
    reader = edge.add_token("--source", "urn:shop", "--scope", "read")
    issue = opened(edge, writer, "urn:shop", 1)
    for ref in issue, "C-1":
        answer = read(edge, reader, ref, purpose="answer C-1", by="ana")
        assert answer.status_code == 200, answer.text
        assert [(text["class"], text["state"], text["text"]) for text in answer.json()["texts"]] \
            == [("title", "there", "Money"), ("body", "there", BODY)]
    reads = [row["body"]["content_read"] for row in
             edge.lines("tail", "intake", "--from", "1", "--until-head")
             if row["body"].get("type") == "tocsin.content.read"]
    assert reads == 2 * [{"issue": issue, "purpose": "answer C-1",
                          "by": "ana with token:" + reader.split("_")[1]}]


def test_words_of_more_than_a_line_are_refused_by_name_and_leave_no_record(edge):
    writer = edge.add_token("--source", "urn:lines")
    reader = edge.add_token("--source", "urn:lines", "--scope", "read")
    issue = opened(edge, writer, "urn:lines", 13)
    for name, words in (("purpose", {"purpose": "a\nb"}),
                        ("purpose", {"purpose": "a\u202eb"}),
                        ("by", {"purpose": "p", "by": "an\ra"})):
        answer = read(edge, reader, issue, **words)
        assert answer.status_code == 400, answer.text
        assert answer.json()["field"] == name
    refused = [row["body"]["source"] for row in
               edge.lines("tail", "intake", "--from", "1", "--until-head")
               if row["type"] == "event_refused"]
    assert "tocsin:edge" not in refused


def test_of_more_events_than_are_looked_at_the_oldest_are_left_out_and_that_is_said(edge):
    token = edge.add_token("--source", "urn:long", "--scope", "read", "--scope", "publish")
    opened(edge, token, "urn:long", 14)
    assert "left_out" not in read(edge, token, "C-14", purpose="p").json()
    for first in range(0, 2000, 500):
        answer = requests.post(edge.url + "/v1/events", timeout=60, json=[
            {"specversion": "1.0", "id": "long-%d" % number, "source": "urn:long",
             "type": "tocsin.issue.message", "subject": "C-14",
             "data": {"direction": "outbound", "content": {"body": "m%d" % number}}}
            for number in range(first, first + 500)], headers={
                "Authorization": "Bearer " + token,
                "Content-Type": "application/cloudevents-batch+json"})
        assert answer.status_code == 202, answer.text
    edge.wait_settled()
    answer = read(edge, token, "C-14", purpose="p").json()
    assert answer["left_out"] is True
    assert [text["text"] for text in answer["texts"]] == ["m%d" % number for number in range(2000)]


def test_files_of_any_size_are_named_with_their_size_and_not_sent(edge):
    secret = edge.add_token("--source", "urn:shop")
    reader = edge.add_token("--source", "urn:shop", "--scope", "read")
    files = [("file", ("small.txt", b"x" * 1000, "text/plain")),
             ("file", ("large.bin", bytes(range(256)) * 20000, "application/octet-stream"))]
    answer = requests.post(edge.url + "/v1/form", data={"text": "see"}, files=files, timeout=60,
                           headers={"Authorization": "Bearer " + secret,
                                    "Accept": "application/json"})
    assert answer.status_code == 202, answer.text
    issue = answer.json()["issue"]
    edge.wait_issue("id", issue)
    texts = read(edge, reader, issue, purpose="to look").json()["texts"]
    told = [(text["name"], text["bytes"], text["left_out"]) for text in texts
            if text["class"] == "attachment"]
    assert told == [("small.txt", 1000, True), ("large.bin", 5120000, True)]
    assert all(text["state"] == "there" for text in texts)
    assert not any("text" in text for text in texts if text["class"] == "attachment")


def test_who_may_not_read_learns_nothing(edge):
    writer = edge.add_token("--source", "urn:desk")
    issue = opened(edge, writer, "urn:desk", 2)
    other = edge.add_token("--source", "urn:other", "--scope", "read")
    there, nowhere = read(edge, other, issue, purpose="p"), read(edge, other, "0" * 32, purpose="p")
    assert there.status_code == nowhere.status_code == 404
    assert there.json()["detail"] == nowhere.json()["detail"]
    assert read(edge, writer, issue, purpose="p").status_code == 403
    assert read(edge, "toc_x", issue, purpose="p").status_code == 401
    reader = edge.add_token("--source", "urn:desk", "--scope", "read")
    assert read(edge, reader, issue).status_code == 400
    assert read(edge, reader, issue, purpose="p").status_code == 200


def test_what_contests_an_issue_is_not_read_with_it(edge):
    writer = edge.add_token("--source", "urn:shop/contested")
    appellant = edge.add_token("--source", "urn:shop/appeals")
    reader = edge.add_token("--source", "urn:shop/contested", "--scope", "read")
    issue = opened(edge, writer, "urn:shop/contested", 11)
    appeal = opened(edge, appellant, "urn:shop/appeals", 12, channel="appeal",
                    appeal={"issue": issue, "decision": "D-1"})
    noted = [row["body"] for row in edge.lines("tail", "router", "--from", "1", "--until-head")
             if row["body"].get("reason") == "appealed"]
    assert [change["other"] for change in noted] == [appeal]
    answer = read(edge, reader, issue, purpose="p")
    assert [text["class"] for text in answer.json()["texts"]] == ["title", "body"]
    assert read(edge, reader, appeal, purpose="p").status_code == 404


def test_limits_by_queue_line_of_business_and_region(edge):
    writer = edge.add_token("--source", "urn:part")
    issue = opened(edge, writer, "urn:part", 3)
    queue = edge.wait_issue("id", issue)["queue"]

    def status(*scopes):
        words = [word for scope in scopes for word in ("--scope", scope)]
        return read(edge, edge.add_token("--source", "urn:part", *words), issue,
                    purpose="p").status_code

    assert status("read:queue:" + queue) == 200
    assert status("read:queue:another") == 404
    assert status("read:queue:another", "read:queue:" + queue) == 200
    assert status("read:region:eu", "read:line_of_business:shop") == 200
    assert status("read:region:us", "read:line_of_business:shop") == 404
    assert status("read", "read:region:us") == 404


def test_what_the_renewal_of_the_vault_took_away_is_410(edge):
    writer = edge.add_token("--source", "urn:renewed", "--scope", "read", "--scope", "publish")
    opened(edge, writer, "urn:renewed", 9)
    assert read(edge, writer, "C-9", purpose="p").status_code == 200
    edge.tocsin("erase", "ana@example.com", "--by", "dpo", "--reason", "x", "--now", "--wait")
    assert read(edge, writer, "C-9", purpose="p").status_code == 410


def test_an_issue_in_which_nothing_was_written_is_404(edge):
    token = edge.add_token("--source", "urn:mute", "--scope", "read", "--scope", "publish")
    event = {"specversion": "1.0", "id": "1", "source": "urn:mute", "type": "tocsin.issue.opened",
             "subject": "M-1", "data": {"channel": "web"}}
    answer = requests.post(edge.url + "/v1/events", json=event, timeout=60,
                           headers={"Authorization": "Bearer " + token,
                                    "Content-Type": "application/cloudevents+json"})
    edge.wait_issue("id", answer.json()["issue"])
    answer = read(edge, token, "M-1", purpose="p")
    assert answer.status_code == 404 and "nothing was written" in answer.json()["detail"]


def test_what_was_erased_is_410(edge):
    token = edge.add_token("--source", "urn:gone", "--scope", "read", "--scope", "publish")
    event = {"specversion": "1.0", "id": "1", "source": "urn:gone", "type": "tocsin.issue.opened",
             "subject": "G-1", "data": {"channel": "web", "content": {
                 "person": "gone@example.com", "body": BODY}}}
    answer = requests.post(edge.url + "/v1/events", json=event, timeout=60,
                           headers={"Authorization": "Bearer " + token,
                                    "Content-Type": "application/cloudevents+json"})
    edge.wait_issue("id", answer.json()["issue"])
    assert read(edge, token, "G-1", purpose="p").status_code == 200
    edge.tocsin("erase", "gone@example.com", "--by", "dpo", "--reason", "gdpr-1")
    assert read(edge, token, "G-1", purpose="p").status_code == 410
    assert "erased" in edge.tocsin("content", "get", "urn:gone#G-1", "--by", "me", "--purpose", "p",
                                   code=1)
