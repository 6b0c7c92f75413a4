"""Outcomes go back to publishers: what they get, and what becomes of those who do not take it."""
import base64
import hashlib
import hmac
import json
import pathlib
import shutil
import subprocess
import time

import pytest

from fake_provider import Provider
from fake_tls import make_certificate


def verify(request, secret):
    """As Standard Webhooks say: the HMAC is over id, timestamp and body."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{request.id}.{request.headers['webhook-timestamp']}.".encode() + request.body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"].split(" ") == [wanted]
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60


def events(requests):
    return [json.loads(request.body) for request in requests]


def kinds(requests):
    return [event["type"].removeprefix("tocsin.outcome.") for event in events(requests)]


def seq_of(request):
    return int(request.id.split("-")[1])


def wait_seq(suite, provider, path, subject, kind):
    """The seq of the outcome, from its id."""
    def seen():
        return next((event for event in events(provider.of(path))
                     if event["subject"] == subject and event["type"].endswith(kind)), None)
    return int(suite.wait_until(kind, seen)["id"].split("-")[1])


# --- what is sent ---------------------------------------------------------------------------------

def test_an_outcome_is_a_signed_cloud_event(suite, provider):
    made = suite.subscribe(provider.url("/in"), "--filter", "source=urn:shop")
    receipt = suite.open("signed")[0]
    request = provider.wait_for("/in", 1)[0]
    verify(request, made["secret"])
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    event = json.loads(request.body)
    assert event["specversion"] == "1.0" and event["type"] == "tocsin.outcome.routed"
    assert event["id"] == request.id and event["subject"] == "signed"
    data = event["data"]
    assert data["issue"] == receipt["issue"] and data["source"] == "urn:shop"
    assert data["state"] == "new" and data["priority"] == "P3" and data["queue"]
    assert data["test"] is False and data["policy"] == 1 and data["tier"] >= 1
    assert set(data) <= {"issue", "source", "state", "queue", "tier", "priority", "risk",
                         "category", "line_of_business", "tags", "rule", "reason", "policy",
                         "clock", "due_ms", "verdict", "threshold_percent", "merged_into", "test"}


def test_the_outcomes_of_an_issue_come_in_order(suite, provider):
    suite.subscribe(provider.url("/in"), "--filter", "type=solved", "--filter", "type=reopened",
                    "--filter", "type=closed")
    subjects = [f"order-{i}" for i in range(20)]
    suite.open(*subjects)
    for state in ("solved", "open", "solved", "closed"):
        suite.publish(*(("status", subject, {"state": state}) for subject in subjects))
    requests = provider.wait_for("/in", 80)
    for subject in subjects:
        assert [event["type"].removeprefix("tocsin.outcome.") for event in events(requests)
                if event["subject"] == subject] == ["solved", "reopened", "solved", "closed"]


def test_a_clock_tells_its_deadline_and_its_verdict(suite, provider):
    suite.subscribe(provider.url("/in"), "--filter", "type=met")
    suite.open("clock")
    suite.publish(("message", "clock", {"direction": "outbound"}))
    event = json.loads(provider.wait_for("/in", 1)[0].body)
    assert event["subject"] == "clock" and event["data"]["clock"] == "first_reply"
    assert event["data"]["verdict"] == "in_time"


def test_a_test_goes_to_one_alone_and_shows_the_answer(suite, provider):
    first = suite.subscribe(provider.url("/first"))["subscription"]
    second = suite.subscribe(provider.url("/second"))["subscription"]
    provider.behave("/second", "404")
    assert "200" in suite.tocsin("subscribe", "test", first)
    assert kinds(provider.of("/first")) == ["test"] and not provider.of("/second")
    suite.tocsin("subscribe", "test", second, code=1)
    

def test_one_that_is_added_later_may_begin_earlier(suite, provider):
    suite.subscribe(provider.url("/all"), "--filter", "source=urn:shop")
    suite.open("early")
    seq = wait_seq(suite, provider, "/all", "early", "routed")
    suite.subscribe(provider.url("/from"), "--from", str(seq))
    assert seq_of(provider.wait_for("/from", 1)[0]) == seq
    suite.subscribe(provider.url("/since"), "--since", "1h")

    def caught_up():
        seqs = [seq_of(request) for request in provider.of("/since")]
        return seq in seqs and min(seqs) < seq
    suite.wait_until("it has caught up", caught_up)


def test_a_replay_sends_the_same_under_the_same_ids(suite, provider):
    name = suite.subscribe(provider.url("/in"))["subscription"]
    suite.open("again-1", "again-2")
    before = provider.wait_for("/in", 2)
    suite.wait_row(name, "both are taken", lambda d: d["delivered"] == "2")
    seq = min(map(seq_of, before))
    suite.tocsin("subscribe", "replay", name, "--from", str(seq))
    after = provider.wait_for("/in", 4)[2:]
    assert sorted(r.id for r in after) == sorted(r.id for r in before)
    assert sorted(r.body for r in after) == sorted(r.body for r in before)


# --- receivers that behave badly ------------------------------------------------------------------

@pytest.mark.parametrize("behaviour", ["500", "404", "redirect", "reset", "half", "401"])
def test_what_fails_is_tried_again_under_the_same_id(suite, provider, behaviour):
    provider.behave("/in", behaviour, "200")
    name = suite.subscribe(provider.url("/in"))["subscription"]
    suite.open("fails-" + behaviour)
    first, second = provider.wait_for("/in", 2)[:2]
    assert first.id == second.id and first.body == second.body
    assert second.at - first.at >= 0.5
    suite.wait_row(name, "it is taken", lambda d: d["delivered"] == "1" and d["failures"] == 0)
    assert not provider.of("/elsewhere")


@pytest.mark.parametrize("behaviour", ["429 seconds=3", "503 date=3"])
def test_a_receiver_may_ask_for_time(suite, provider, behaviour):
    provider.behave("/in", behaviour, "200")
    name = suite.subscribe(provider.url("/in"))["subscription"]
    suite.open("time-1-" + behaviour[:3])
    first, = provider.wait_for("/in", 1)
    suite.wait_row(name, "its answer is known", lambda d: d["failures"] or d["delivered"] != "0")
    suite.open("time-2-" + behaviour[:3])  # waits, too, though nobody has tried it
    others = provider.wait_for("/in", 3)[1:]
    assert first.id in [r.id for r in others]
    assert all(r.at - first.at >= 2.8 for r in others)


def test_410_stops_it_until_it_is_resumed(suite, provider):
    provider.behave("/in", "410", "200")
    name = suite.subscribe(provider.url("/in"))["subscription"]
    suite.open("gone")
    row = suite.wait_row(name, "it is stopped", lambda d: d["state"] == "stopped")
    assert row["delivery"]["reason"] == "410: the receiver wants no more"
    suite.subscribe(provider.url("/other"))
    suite.open("gone-2")
    assert "stopped" in suite.tocsin("subscribe", "list")
    provider.wait_for("/other", 1)
    assert len(provider.of("/in")) == 1
    suite.tocsin("subscribe", "resume", name)
    assert sorted(e["subject"] for e in events(provider.wait_for("/in", 3))) == [
        "gone", "gone", "gone-2"]


def test_what_is_refused_is_dead_and_can_be_replayed(suite, provider):
    provider.behave("/in", "422", "200")
    name = suite.subscribe(provider.url("/in"))["subscription"]
    suite.open("refused-1")
    suite.wait_row(name, "it is dead", lambda d: d["dead"] == "1")
    suite.open("refused-2")
    suite.wait_row(name, "the other is taken", lambda d: d["delivered"] == "1")
    _, dead = suite.lines("subscribe", "list", name)
    assert dead["why"] == "422" and dead["attempts"] == 1
    suite.tocsin("subscribe", "replay", name, "--from", dead["seq"])
    assert sorted(e["subject"] for e in events(provider.wait_for("/in", 4))) == [
        "refused-1", "refused-1", "refused-2", "refused-2"]


def test_nobody_waits_for_a_receiver_that_hangs(suite, provider):
    suite.subscribe(provider.url("/quick"))

    def seconds_for(subjects):
        began, before = time.monotonic(), len(provider.of("/quick"))
        suite.open(*subjects)
        requests = provider.wait_for("/quick", before + len(subjects))[before:]
        assert {event["subject"] for event in events(requests)} == set(subjects)
        return time.monotonic() - began
    alone = seconds_for([f"alone-{i}" for i in range(100)])
    for kind in ("hang", "drip", "hang", "drip", "large"):
        provider.behave("/" + kind, kind)
        suite.subscribe(provider.url("/" + kind))
    # The others are given up after 15 s; however slow the machine is, none of that is waited for.
    assert seconds_for([f"quick-{i}" for i in range(100)]) < alone + 12


def test_a_pause_holds_everything_back(suite, provider):
    name = suite.subscribe(provider.url("/in"))["subscription"]
    suite.tocsin("subscribe", "pause", name)
    for verb in ("pause", "test"):
        assert "is not active" in suite.tocsin("subscribe", verb, name, code=1)
    suite.subscribe(provider.url("/other"))
    suite.open("paused")
    provider.wait_for("/other", 1)
    assert not provider.of("/in")
    suite.tocsin("subscribe", "resume", name)
    provider.wait_for("/in", 1)


# --- the handshake --------------------------------------------------------------------------------

def test_a_handshake_comes_first(suite, provider):
    provider.behave("/in", "200", "405", "200 allow=other", "200 allow=tocsin", "200")
    name = suite.subscribe(provider.url("/in"), "--handshake")["subscription"]
    suite.wait_row(name, "it failed", lambda d: d["failures"] >= 1)
    suite.open("asked")
    requests = provider.wait_for("/in", 5)
    assert [r.method for r in requests] == ["OPTIONS"] * 4 + ["POST"]
    assert requests[0].headers["webhook-request-origin"] == "tocsin"
    assert "webhook-signature" not in requests[0].headers
    assert suite.row(name)["delivery"]["agreed"] is True


# --- addresses ------------------------------------------------------------------------------------

@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "https://10.1.2.3/",
                                 "http://[::1]:9/", "https://localhost:1/", "http://0.0.0.0/",
                                 "https://[::ffff:10.0.0.1]/"])
def test_addresses_behind_the_firewall_are_not_reached(suite, provider, url):
    name = suite.subscribe(url)["subscription"]
    suite.tocsin("subscribe", "test", name, code=1)
    last = suite.row(name)["delivery"]["last"]
    # localhost is 127.0.0.1, which this suite allows, or ::1, which it does not.
    assert last == "address not allowed" or "localhost" in url


def test_a_certificate_that_nobody_signed_is_not_trusted(suite, provider, tmp_path):
    tls = Provider(tls=make_certificate(tmp_path, "IP:127.0.0.1"))
    name = suite.subscribe(tls.url("/in"))["subscription"]
    suite.tocsin("subscribe", "test", name, code=1)
    assert suite.row(name)["delivery"]["last"] == "certificate not trusted"
    assert not tls.of("/in")
    tls.close()


@pytest.mark.parametrize("words, told", [
    (["--url", "ftp://shop/in"], "--url has to be an address"),
    (["--url", "https://me:secret@shop/in"], "--auth-file"),
    (["--url", "https://shop/in", "--filter", "type=lost"], "an outcome is routed"),
    (["--url", "https://shop/in", "--filter", "queue"], "queue=QUEUE"),
    ([], "--url says where"),
])
def test_what_cannot_be_meant_is_told(suite, words, told):
    assert told in suite.tocsin("subscribe", "add", *words, code=2)


def test_no_secret_is_in_a_log_or_a_list(suite, provider):
    made = suite.subscribe(provider.url("/secret-path-of-the-hook"), "--id", "hidden")
    assert made["subscription"] == "hidden"
    assert "already" in suite.tocsin("subscribe", "add", "--url", provider.url("/x"), "--id",
                                     "hidden", code=1)
    shown = suite.tocsin("subscribe", "list", "--json") + suite.tocsin("subscribe", "list")
    for service in ("intake", "outcomes"):
        files = [file for file in pathlib.Path(suite.data, service).rglob("*") if file.is_file()]
        assert any(file.stat().st_size > 0 for file in files)
        shown += "".join(file.read_bytes().decode("latin-1") for file in files)
    assert made["secret"] not in shown and "secret-path" not in shown


# --- crashes --------------------------------------------------------------------------------------

def test_a_kill_loses_nothing_and_repeats_carry_the_same_id(suite, provider):
    suite.subscribe(provider.url("/in"), "--filter", "type=routed", "--filter", "type=solved")
    subjects = [f"kill-{i}" for i in range(60)]
    for at in range(0, 60, 10):
        suite.open(*subjects[at:at + 10])
        suite.publish(*(("status", s, {"state": "solved"}) for s in subjects[at:at + 10]))
        suite.kill("outcomes")

    def arrived():
        seen = events(provider.of("/in"))
        return all(sum(e["subject"] == s for e in seen) >= 2 for s in subjects)
    suite.wait_until("all are there", arrived)
    bodies, order = {}, {}
    for request in provider.of("/in"):
        event = json.loads(request.body)
        assert bodies.setdefault(request.id, request.body) == request.body
        kinds_of = order.setdefault(event["subject"], [])
        if event["type"] not in kinds_of:
            kinds_of.append(event["type"])
    assert all(order[s] == ["tocsin.outcome.routed", "tocsin.outcome.solved"] for s in subjects)


# --- other people's libraries ---------------------------------------------------------------------

@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """A directory with npm's cloudevents and standardwebhooks in it, or a reason to skip."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node here")
    directory = tmp_path_factory.mktemp("npm")
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                               "cloudevents@10", "standardwebhooks@1"], cwd=directory, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm takes too long")
    if done.returncode != 0:
        pytest.skip("npm cannot install them: " + done.stdout[-200:])
    shutil.copy(pathlib.Path(__file__).parent / "receiver.js", directory)
    return directory


def test_npms_libraries_verify_and_read_it(suite, modules, tmp_path):
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text(secret + "\n")
    receiver = subprocess.Popen(["node", "receiver.js", secret], cwd=modules, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    url = "http://127.0.0.1:%s/in" % receiver.stdout.readline().strip()
    name = suite.lines("subscribe", "add", "--url", url, "--secret-file", str(file),
                       "--filter", "type=routed")[0]
    assert list(name) == ["subscription"]
    suite.open("npm")
    said, errors = receiver.communicate(timeout=60)
    assert receiver.returncode == 0, errors
    event = json.loads(said)
    assert event["type"] == "tocsin.outcome.routed" and event["subject"] == "npm"
    suite.tocsin("subscribe", "remove", name["subscription"])
