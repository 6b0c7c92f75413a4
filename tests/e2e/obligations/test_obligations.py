"""`tocsin obligations` on a notifier that pages, is killed and is stopped."""
import json
import subprocess

import pytest

from paging import desk, paging_chain
from tocsin_chain import BIN


@pytest.fixture
def chain(tmp_path, provider):
    policy = desk("{page: [ana], wait: 1h}, {page: [ben], wait: 1h}", more="coalesce: 0, ")
    people = {name: provider.url(f"/{name}") for name in ("ana", "ben")}
    with paging_chain(tmp_path, policy, people) as chain:
        yield chain


def obligations(*words):
    done = subprocess.run([BIN / "tocsin", "obligations", *words, "--json"],
                          capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines, done.stderr


def live(chain):
    return obligations("--at", f"notifier={chain.notifier.endpoint}")


def told(chain, command, *words):
    done = subprocess.run([BIN / "tocsin", command, *words, "--json", "--at",
                           f"notifier={chain.notifier.endpoint}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_pages_are_accounted_for_while_the_notifier_runs(chain, provider):
    provider.behave("/ana", "410")
    provider.behave("/ben", "503")
    alert = chain.alert_of(chain.open("one"))
    provider.wait_for("/ben", 2)
    code, lines, _ = live(chain)
    assert code == 0
    summary = lines[-1]
    assert summary["clean"] and not summary["stopped"]
    assert (summary["alerts"], summary["pages"], summary["dead"], summary["pending"]) == (
        "1", "2", "1", "1")
    pending = lines[0]
    assert pending["contact"] == "ben" and pending["alert"] == alert.id.hex()
    assert pending["step"] == 1 and pending["age_ms"] >= 0 and pending["outcome"] == "503"
    assert "its step goes on in" in pending["pending"]
    chain.act("acked", alert.id)
    chain.pages_in(alert.id, "DEAD", "CANCELLED")
    code, lines, _ = live(chain)
    assert code == 0 and len(lines) == 1
    assert (lines[0]["cancelled"], lines[0]["pending"]) == ("1", "0")
    assert lines[0]["undated"] == "0"


def test_a_stopped_suite_is_read_from_its_data(chain, provider, tmp_path):
    alert = chain.alert_of(chain.open("one"))
    chain.pages_in(alert.id, "ACCEPTED")
    _, running, _ = live(chain)
    chain.notifier.kill()
    code, lines, _ = obligations("--data", tmp_path)
    assert code == 0 and lines[-1].pop("stopped")
    assert not running[-1].pop("stopped")
    assert lines == running
    chain.notifier.start()
    code, _, why = obligations("--data", tmp_path / "nowhere")
    assert code == 1 and "notifier" in why


def test_answers_that_cross_an_acknowledgement_are_told(chain, provider):
    provider.behave("/ana", "hold")
    alert = chain.alert_of(chain.open("one"))
    provider.wait_for("/ana", 1)
    chain.act("acked", alert.id)
    chain.pages_in(alert.id, "CANCELLED")
    provider.release()
    chain.wait_until("the answer is recorded", lambda: any(
        told[0] == "ALERT_SENT" for told in chain.history(alert.id)))
    code, lines, _ = live(chain)
    assert code == 0, json.dumps(lines, indent=0)
    assert (lines[-1]["crossed"], lines[-1]["undated"]) == ("1", "0")


def test_the_next_shift_is_told_what_happened(chain, provider):
    provider.behave("/ana", "404")
    alert = chain.alert_of(chain.open("one"))
    chain.pages_in(alert.id, "DEAD", "ACCEPTED")
    other = chain.alert_of(chain.open("two"))
    chain.pages_in(other.id, "DEAD", "ACCEPTED")
    chain.act("acked", other.id, by="ben")
    chain.wait_until("it is acknowledged", lambda: any(
        line["kind"] == "alert" and line["has"] == "ben" for line in told(chain, "handover")))
    lines = told(chain, "handover", "--from", "-1h", "--budget", "1")
    summary = lines[0]
    assert (summary["fired"], summary["acked"], summary["dead"]) == (2, 1, 2)
    assert summary["escalated"] == 2 and 0 <= summary["median_ms"] == summary["p90_ms"]
    people = {line["person"]: line for line in lines if line["kind"] == "person"}
    assert people["ana"]["dead"] == 2 and people["ben"]["over_budget"]
    assert [line["fired"] for line in lines if line["kind"] == "rule"] == [2]
    alerts = {line["alert"]: line for line in lines if line["kind"] == "alert"}
    assert len(alerts) == 2 and all(line["open"] and line["escalated"] and line["step"] == 2 and
                                    line["why"] == "no page of the step can be delivered"
                                    for line in alerts.values())
    assert alerts[other.id.hex()]["answered_by"] == "ben"
    assert alerts[alert.id.hex()]["has"] == ""
