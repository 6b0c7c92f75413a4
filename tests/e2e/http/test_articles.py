"""Suggested articles: shown while an issue waits, counted when one ended it."""
import json
import os
import time

import pytest
import requests

STRUCTURED = "application/cloudevents+json"
ARTICLES = """
categories:
  login:
    articles:
      - {article: reset-pt, title: Redefinir, url: "https://help.example/pt", languages: [pt]}
      - {article: reset, title: Reset it, url: "https://help.example/reset"}
"""
RESET = {"id": "reset", "title": "Reset it", "url": "https://help.example/reset"}
count = [0]


@pytest.fixture(scope="module", autouse=True)
def policy(edge, tmp_path_factory):
    path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    path.write_text(edge.tocsin("policy", "show") + ARTICLES)
    edge.tocsin("policy", "apply", "--yes", str(path))
    return str(path)


def post(edge, subject, kind="issue.opened", query="", **data):
    count[0] += 1
    answer = requests.post(
        edge.url + "/v1/events" + query, timeout=60, json={
            "specversion": "1.0", "id": "a%d" % count[0], "source": "demo", "subject": subject,
            "type": "tocsin." + kind, "data": data},
        headers={"Content-Type": STRUCTURED, "Authorization": "Bearer " + edge.token})
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def status(edge, subject, good, seconds=60):
    end = time.monotonic() + seconds
    while True:
        answer = requests.get(edge.url + "/v1/issues/" + subject, timeout=60,
                              headers={"Authorization": "Bearer " + edge.token})
        if answer.status_code == 200 and good(answer.json()):
            return answer.json()
        assert time.monotonic() < end, answer.text
        time.sleep(0.02)


def test_an_article_is_suggested_counted_and_counted_back(edge):
    post(edge, "L-1", channel="web", category="login", language="en-GB")
    post(edge, "L-2", channel="web", category="login", language="pt-BR")
    post(edge, "L-3", channel="web")
    assert status(edge, "L-1", lambda issue: True)["article"] == RESET
    assert status(edge, "L-2", lambda issue: True)["article"]["id"] == "reset-pt"
    assert "article" not in status(edge, "L-3", lambda issue: True)

    post(edge, "L-1", "issue.status", state="solved", reason="article:reset")
    solved = status(edge, "L-1", lambda issue: issue["state"] == "solved")
    assert solved["solved_by_article"] == "reset" and "article" not in solved
    assert edge.wait_issue("subject", "L-1")["article"] == "reset"
    assert "suggested article 'reset' helped" in edge.tocsin("why", "demo#L-1")
    row, = edge.lines("articles")
    assert (row["article"], row["ended"], row["reopened"]) == ("reset", "1", "0")
    assert "reset" in edge.tocsin("articles")

    post(edge, "L-1", "issue.message", direction="inbound")
    again = status(edge, "L-1", lambda issue: issue["state"] == "open")
    assert again["article"] == RESET and "solved_by_article" not in again
    row, = edge.lines("articles")
    assert (row["ended"], row["reopened"]) == ("1", "1")


def test_the_answer_to_an_issue_suggests_it(edge):
    for category, article in (("login", RESET), ("other", None)):
        answer = requests.post(
            edge.url + "/v1/issues", timeout=60, json={"category": category, "subject": category},
            headers={"Authorization": "Bearer " + edge.token})
        assert answer.status_code == 202, answer.text
        assert answer.json().get("article") == article


def test_a_dry_run_suggests_it(edge):
    end = time.monotonic() + 60
    while True:
        told = requests.post(
            edge.url + "/v1/events?dry_run=1", timeout=60, json={
                "specversion": "1.0", "id": "d", "source": "demo", "type": "tocsin.issue.opened",
                "data": {"channel": "web", "category": "login"}},
            headers={"Content-Type": STRUCTURED, "Authorization": "Bearer " + edge.token})
        if told.status_code == 200:
            break
        assert time.monotonic() < end, told.text
        time.sleep(0.05)
    assert told.json()["article"] == RESET


def test_the_policy_is_shown_with_it(edge, policy):
    shown = [json.loads(line) for line in
             edge.tocsin("policy", "show", "--origin", "--json").splitlines()]
    assert any(row["path"].startswith("categories.login.articles") for row in shown), shown
    assert os.path.exists(policy)
