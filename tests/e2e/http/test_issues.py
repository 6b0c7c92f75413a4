"""Plain JSON: POST /v1/issues and /v1/issues/{ref}/messages."""
import pytest
import requests


def post(edge, path, body, token=None, **fields):
    headers = {"Authorization": "Bearer " + (token or edge.token), **fields}
    return requests.post(edge.url + path, json=body, headers=headers, timeout=60)


def problem(answer, status, detail):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert detail in answer.json()["detail"], answer.text


def opened(answer, status=202):
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def token(edge):
    return edge.add_token("--source", "urn:plain", "--scope", "publish")


def test_an_issue_in_one_line(edge, token):
    answer = post(edge, "/v1/issues", {"category": "account", "priority": "P2"}, token)
    receipt = opened(answer)
    assert receipt["source"] == "urn:plain" and receipt["ref"] == receipt["id"]
    assert answer.headers["Location"] == "/v1/issues/" + receipt["ref"]
    row = edge.wait_issue("id", receipt["issue"])
    assert row["priority"].upper() == "P2"
    assert post(edge, "/v1/issues", {"category": "account", "priority": "P2"},
                token).json()["issue"] != receipt["issue"]


def test_a_key_makes_it_one(edge, token):
    first = post(edge, "/v1/issues", {"category": "a"}, token, **{"Idempotency-Key": '"k 1"'})
    receipt = opened(first)
    assert receipt["ref"] == "k 1" and first.headers["Location"] == "/v1/issues/k%201"
    again = post(edge, "/v1/issues", {"category": "a"}, token, **{"Idempotency-Key": "k 1"})
    assert opened(again, 200) == {**receipt, "duplicate": True}
    problem(post(edge, "/v1/issues", {"category": "b"}, token, **{"Idempotency-Key": "k 1"}), 409,
            "another event")
    problem(post(edge, "/v1/issues", {"id": "7"}, token, **{"Idempotency-Key": "k 1"}), 400,
            "id: say it once")


def test_messages_go_to_the_subject(edge, token):
    receipt = opened(post(edge, "/v1/issues", {"subject": "order/1 ü", "title": "x"}, token))
    assert receipt["ref"] == "order/1 ü"
    said = opened(post(edge, "/v1/issues/order%2F1%20%C3%BC/messages", {"id": "m-1"}, token))
    assert said["issue"] == receipt["issue"] and said["ref"] == "order/1 ü"
    said = post(edge, "/v1/issues/order%2F1%20%C3%BC/messages",
                {"direction": "outbound", "agent": "ana"}, token)
    assert opened(said)["issue"] == receipt["issue"]
    assert said.headers["Location"] == "/v1/issues/order%2F1%20%C3%BC"


def test_a_reference_too_long_for_a_field_is_the_issues_id(edge, token):
    answer = post(edge, "/v1/issues", {"subject": "ü" * 100, "title": "x"}, token)
    receipt = opened(answer)
    assert receipt["ref"] == "ü" * 100
    assert answer.headers["Location"] == "/v1/issues/" + receipt["issue"]


def test_an_issues_id_needs_the_scope_act(edge, token):
    receipt = opened(post(edge, "/v1/issues", {"text": "x"}, token))
    path = "/v1/issues/%s/messages" % receipt["issue"]
    problem(post(edge, path, {}, token), 403, "scope 'act'")
    may = edge.add_token("--source", "urn:other", "--scope", "publish", "--scope", "act")
    said = opened(post(edge, path, {"direction": "note", "agent": "ana"}, may))
    assert said["issue"] == receipt["issue"]
    problem(post(edge, "/v1/issues", {"subject": "00112233445566778899aabbccddeeff"}, token), 400,
            "32 hexadecimal digits")


@pytest.mark.parametrize("body, detail", [
    ({"emial": "a"}, "emial: unknown member (did you mean 'email'?)"),
    ({"direction": "inbound"}, "direction: unknown member"),
    ({"title": "x", "priority": "P9"}, "priority: "),
    ({"category": "x" * 201}, "category: at most 200 bytes"),
    ({"title": "x", "subject": 7}, "subject: has to be a text"),
    ({"title": "x", "time": "yesterday"}, "time: "),
    ({"title": "x", "test": "yes"}, "test: has to be true or false"),
    ({}, "title, text, category, risk or appeal: "),
    ({"email": "ana@example.com", "text": " "}, "title, text, category, risk or appeal: "),
    ([], "is a JSON object"),
])
def test_mistakes_name_the_member(edge, token, body, detail):
    answer = post(edge, "/v1/issues", body, token)
    assert answer.status_code in (400, 413)
    assert detail in answer.json()["detail"]


def test_what_is_not_json(edge, token):
    for fields in ({"data": "a=1"}, {"data": "{}", "type": "text/plain"},
                   {"data": "{}", "type": "application/json; charset=latin1"}):
        answer = requests.post(edge.url + "/v1/issues", data=fields["data"], timeout=60, headers={
            "Authorization": "Bearer " + token,
            "Content-Type": fields.get("type", "application/x-www-form-urlencoded")})
        problem(answer, 415, "application/json")


def test_who_may_not(edge):
    answer = requests.post(edge.url + "/v1/issues", json={}, timeout=60)
    problem(answer, 401, "token")
    assert "Bearer" in answer.headers["WWW-Authenticate"]
    acts = edge.add_token("--source", "urn:acts", "--scope", "act")
    problem(post(edge, "/v1/issues", {"title": "x"}, acts), 403, "scope 'publish'")


def test_over_the_rate(edge):
    slow = edge.add_token("--source", "urn:slow", "--rate", "1")
    statuses = [post(edge, "/v1/issues", {"title": "x"}, slow) for _ in range(5)]
    assert [a.status_code for a in statuses][:2] == [202, 202]
    late = [a for a in statuses if a.status_code == 429]
    assert late and int(late[0].headers["Retry-After"]) >= 1


def test_paths_and_methods(edge, token):
    assert requests.put(edge.url + "/v1/issues", timeout=60).headers["Allow"] == "POST"
    assert requests.get(edge.url + "/v1/issues/a/messages", timeout=60).headers["Allow"] == "POST"
    problem(post(edge, "/v1/issues//messages", {}, token), 404, "openapi")
    problem(post(edge, "/v1/issues/a/b/messages", {}, token), 404, "openapi")
    problem(post(edge, "/v1/issues/%FF/messages", {}, token), 400, "the path names an issue")
    problem(post(edge, "/v1/issues/%s/messages" % ("x" * 201), {}, token), 400, "at most 200")
