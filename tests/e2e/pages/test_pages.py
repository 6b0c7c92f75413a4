"""A real notifier, fed by a real intake and router, pages a receiver that behaves badly."""
import base64
import hashlib
import hmac
import json
import re
import socket
import subprocess

import pytest

from fake_provider import Provider
from tocsin.v1 import event_pb2
from tocsin_chain import BIN, Chain, PATIENCE_S

SECRETS = [bytes(range(32)), bytes(range(40, 80))]
BEHAVIOURS = ["plain", "accepted", "bad", "gone", "seconds", "date", "error", "hang", "reset",
              "half", "drip", "redirect", "large", "held", "tls", "late", "other", "desk",
              "unknown", "several", "silent", "proved"]


def policy():
    """One path per behaviour: the contact of its name, then `next-<name>` on standard output."""
    paths = "".join(f"  {name}: {{coalesce: 0, steps: [{{page: [{name}], wait: 1h}}, "
                    f"{{page: [next-{name}], wait: 1h}}]}}\n" for name in BEHAVIOURS)
    rules = "".join(f"  - {{rule: {name}, on: opened, when: {{category: [{name}]}}, "
                    f"severity: critical, path: {name}}}\n"
                    for name in BEHAVIOURS)
    return ("policy: 1\npaths:\n" + paths +
            "  crowd: {coalesce: 0, steps: [{page: [held-1, held-2, held-3, held-4, held-5, held-6], "
            "wait: 1h}]}\n"
            "queues:\n  desk: {tier: 1}\nroutes:\n  - {rule: all, queue: desk}\nalerts:\n" + rules +
            "  - {rule: crowd, on: opened, when: {category: [crowd]}, severity: error, "
            "path: crowd}\n")


def write_contacts(directory, provider, other, tls):
    secret = directory / "pager.key"
    secret.write_text("# in rotation\n" + "".join(
        "whsec_" + base64.b64encode(key).decode() + "\n" for key in SECRETS))
    secret.chmod(0o600)
    special = ("desk", "unknown", "several", "silent", "proved", "tls", "other")
    names = [name for name in BEHAVIOURS if name not in special]
    names += [f"held-{i}" for i in range(1, 7)]
    lines = [f"  {name}: {{webhook: {{url: \"{provider.url('/' + name)}\", "
             f"secret_file: pager.key}}}}\n" for name in names]
    lines += [f"  next-{name}: {{log: true}}\n" for name in BEHAVIOURS]
    lines.append("  desk: {log: true}\n")
    for name in ("several", "silent"):
        lines.append(f"  {name}:\n    methods:\n" + "".join(
            f"      {method}: {{webhook: {{url: \"{provider.url('/' + name + '/' + method)}\", "
            "secret_file: pager.key}, verified: true}\n" for method in ("push", "mail")) +
            "      line: {log: true}\n")
    lines.append(f"  proved: {{methods: {{push: {{webhook: {{url: \"{provider.url('/proved')}\", "
                 "secret_file: pager.key}}}}\n")
    lines.append(f"  other: {{webhook: {{url: \"{other.url('/other')}\", "
                 "secret_file: pager.key}}\n")
    lines.append(f"  tls: {{webhook: {{url: \"{tls.url('/tls', 'localhost')}\", "
                 "secret_file: pager.key}}\n")
    file = directory / "contacts.yaml"
    file.write_text("allow: [127.0.0.0/8]\ncontacts:\n" + "".join(lines))
    return file


@pytest.fixture(scope="module")
def tls(certificate):
    """Its certificate is signed by nobody."""
    provider = Provider(tls=certificate)
    yield provider
    provider.close()


@pytest.fixture
def other():
    """Another origin."""
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def chain(tmp_path, provider, other, tls):
    contacts = write_contacts(tmp_path, provider, other, tls)
    chain = Chain(tmp_path, policy(), f"--contacts={contacts}", "--send-timeout=3s",
                  "--connect-timeout=3s", "--parallel=2")
    yield chain
    chain.close()


@pytest.fixture
def patient(tmp_path, provider, other, tls):
    """One that waits for whatever is held."""
    contacts = write_contacts(tmp_path, provider, other, tls)
    chain = Chain(tmp_path, policy(), f"--contacts={contacts}", "--send-timeout=5m",
                  "--connect-timeout=1m", "--parallel=2")
    yield chain
    chain.close()


def signatures_of(request):
    signed = f"{request.id}.{request.headers['webhook-timestamp']}.".encode() + request.body
    return ["v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            for key in SECRETS]


def lines_of(chain):
    return chain.notifier.output.read_text().splitlines()


def wait_for_line(chain, contact):
    return chain.wait_until(f"{contact} is printed", lambda: next(
        (line for line in lines_of(chain) if f" PAGE {contact} " in line), None))


# --- what is sent ---------------------------------------------------------------------------------

def test_a_page_is_signed_with_every_secret_and_carries_no_content(chain, provider):
    issue = chain.open("plain")
    alert = chain.alert_of(issue)
    request = provider.wait_for("/plain", 1)[0]
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert "expect" not in request.headers
    assert request.headers["webhook-signature"].split(" ") == signatures_of(request)
    page = chain.pages_in(alert.id, "ACCEPTED")[0]
    assert request.id == page.delivery
    body = json.loads(request.body)
    assert list(body) == ["type", "alert", "delivery", "contact", "severity", "cause", "queue",
                          "priority", "risk", "due_ms", "opened_ms", "step", "round", "issue",
                          "issue_ref", "test", "waiting", "kind", "code", "category", "sop",
                          "unconfirmed", "next", "next_more", "next_ms", "more", "soonest_ms",
                          "ack_url", "mute", "digest"]
    assert body["alert"] == alert.id.hex() and body["issue"] == issue.hex()
    assert body["delivery"] == page.delivery and body["contact"] == "plain"
    assert body["issue_ref"] == "shop/eu#T-1" and body["risk"] == "critical"
    assert body["due_ms"] is None and body["test"] is False


@pytest.mark.parametrize("path, behaviour", [("plain", "200"), ("accepted", "202")])
def test_2xx_ends_it(chain, provider, path, behaviour):
    provider.behave(f"/{path}", behaviour)
    alert = chain.alert_of(chain.open(path))
    page = chain.pages_in(alert.id, "ACCEPTED")[0]
    assert (page.attempts, page.outcome) == (1, behaviour)


def test_a_contact_may_be_paged_on_standard_output(chain, provider):
    alert = chain.alert_of(chain.open("desk"))
    line = wait_for_line(chain, "desk")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ PAGE desk critical opened desk queue=desk "
        rf"no deadline alert={alert.id.hex()[:12]} ack with: tocsin ack {alert.id.hex()[:12]}",
        line)
    assert chain.pages_in(alert.id, "ACCEPTED")[0].outcome == "printed"
    assert provider.requests == []


def test_who_is_not_in_the_file_is_passed_over_at_once(chain):
    alert = chain.alert_of(chain.open("unknown"))
    pages = chain.pages_in(alert.id, "DEAD", "ACCEPTED")
    assert pages[0].reason == "the person is not in the contacts file" and pages[0].attempts == 0
    wait_for_line(chain, "next-unknown")
    chain.wait_until("somebody is told to mend it", lambda: (
        "level=alarm service=notifier event=not_reachable person=unknown why=\"the person is not in "
        "the contacts file\"") in chain.notifier.log.read_text())


def test_a_method_that_refuses_or_hangs_gives_way_to_the_next(chain, provider):
    """Under one id, from the one that is gone to the one that hangs to the one that prints."""
    provider.behave("/several/push", "410")
    provider.behave("/several/mail", "hang")
    alert = chain.alert_of(chain.open("several"))
    page = chain.pages_in(alert.id, "ACCEPTED")[0]
    assert (page.attempts, page.method) == (3, "line")
    first, second = provider.of("/several/push")[0], provider.of("/several/mail")[0]
    assert first.id == second.id == page.delivery and first.body == second.body
    assert "event=method_disabled person=several method=push" in chain.notifier.log.read_text()
    provider.behave("/several/mail", "200")
    chain.pages_in(chain.alert_of(chain.open("several")).id, "ACCEPTED")
    chain.notifier.kill()  # what was learned of a method stays
    chain.notifier.start()
    chain.pages_in(chain.alert_of(chain.open("several")).id, "ACCEPTED")
    assert len(provider.of("/several/push")) == 1, "nobody is there any more"


def test_an_urgent_page_has_another_method_within_five_seconds(tmp_path, provider, other, tls):
    provider.behave("/silent/push", "hang")
    contacts = write_contacts(tmp_path, provider, other, tls)
    chain = Chain(tmp_path, policy(), f"--contacts={contacts}", "--send-timeout=60s")
    try:
        waits = []
        while len(waits) < 3 and not (waits and waits[-1] < 5):  # a busy machine has other chances
            chain.open("silent")
            first = provider.wait_for("/silent/push", len(waits) + 1)[-1]
            second = provider.wait_for("/silent/mail", len(waits) + 1)[-1]
            assert first.id == second.id
            waits.append(second.at - first.at)
        assert min(waits) >= 3.5 and waits[-1] < 5, waits
    finally:
        chain.close()


def test_a_test_issue_pages_nobody(chain, provider):
    chain.open("plain", test=True)
    chain.alert_of(chain.open("accepted"))  # comes after it in every log
    provider.wait_for("/accepted", 1)
    assert provider.of("/plain") == [] and len(chain.alerts()) == 1


# --- what is said of them later ---------------------------------------------------------------------

def tocsin(chain, *words):
    """A command's exit status, what it says, what it says is wrong."""
    at = [f"--at={service.name}={service.endpoint}" for service in (chain.intake, chain.notifier)]
    done = subprocess.run([BIN / "tocsin", *words, *at], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    return done.returncode, done.stdout, done.stderr


def test_a_page_that_failed_after_all_goes_by_another_method(chain, provider):
    alert = chain.alert_of(chain.open("several"))
    page = chain.pages_in(alert.id, "ACCEPTED")[0]
    event = event_pb2.Event(id="receipt", source="mailer", type="tocsin.page.failed")
    event.page_receipt.delivery, event.page_receipt.status = page.delivery, "5.1.1"
    chain.publisher.publish(event)
    pages = chain.pages_in(alert.id, "ACCEPTED", "ACCEPTED")
    assert [page.method for page in pages] == ["push", "mail"] and pages[1].kind == "again"
    assert len(provider.of("/several/push")) == len(provider.of("/several/mail")) == 1


def test_a_dead_page_is_shown_and_sent_again(chain, provider):
    provider.behave("/bad", "400")
    alert = chain.alert_of(chain.open("bad"))
    dead = chain.pages_in(alert.id, "DEAD", "ACCEPTED")[0]
    status, shown, _ = tocsin(chain, "page", "list", "--json")
    assert status == 0 and [json.loads(line)["delivery"] for line in shown.splitlines()] == \
        [dead.delivery]
    provider.behave("/bad", "200")
    assert tocsin(chain, "page", "replay", dead.delivery[:14], "--by=ben") == \
        (0, f"{dead.delivery} is sent again\n", "")
    chain.pages_in(alert.id, "DEAD", "ACCEPTED", "ACCEPTED")
    assert len({request.id for request in provider.of("/bad")}) == 2
    status, _, said = tocsin(chain, "page", "replay", "msg_none", "--by=ben")
    assert status == 1 and said.endswith("refused: there is no such page\n")


def test_what_a_silence_keeps_is_not_said_to_be_sent_again(chain, provider):
    provider.behave("/bad", "400")
    alert = chain.alert_of(chain.open("bad"))
    dead = chain.pages_in(alert.id, "DEAD", "ACCEPTED")[0]
    status, silence, said = tocsin(chain, "silence", "add", "rule=bad", "--for=1h", "--reason=INC",
                                   "--by=ben", "--really", "--json")
    assert status == 0, said
    name = json.loads(silence)["silence"]
    status, shown, said = tocsin(chain, "page", "replay", dead.delivery, "--by=ben")
    assert (status, shown) == (1, "")
    assert said.startswith(f"tocsin page replay: {dead.delivery} is not sent again, it is kept: "
                           f"silence {name}")
    status, shown, _ = tocsin(chain, "page", "replay", dead.delivery, "--by=ben", "--json")
    told = json.loads(shown)
    assert (status, told["replayed"], told["reason"].split()[0]) == (1, False, "silence")
    chain.pages_in(alert.id, "DEAD", "ACCEPTED", "SUPPRESSED", "SUPPRESSED")
    assert tocsin(chain, "silence", "end", name, "--by=ben")[0] == 0
    assert len({request.id for request in provider.of("/bad")}) >= 1


# --- codes ----------------------------------------------------------------------------------------

def contact(chain, *words):
    return tocsin(chain, "contact", *words)


def test_a_method_is_used_once_its_code_was_said(chain, provider):
    alert = chain.alert_of(chain.open("proved"))
    page = chain.pages_in(alert.id, "DEAD", "ACCEPTED")[0]
    assert page.reason == "the person has no contact method that may be used"
    assert "not verified" in contact(chain, "list")[1]
    assert contact(chain, "verify", "proved", "push", "--by=ben")[0] == 0
    request = provider.wait_for("/proved", 1)[0]
    body = json.loads(request.body)
    assert body["kind"] == "code" and body["contact"] == "proved" and body["alert"] == ""
    code = body["code"]
    assert re.fullmatch(r"\d{6}", code)
    status, _, said = contact(chain, "confirm", "proved", "push", "x" + code[1:], "--by=ben")
    assert status == 1 and said.endswith("refused: the code is wrong\n")
    assert contact(chain, "confirm", "proved", "push", code, "--by=ben") == \
        (0, "push of proved is verified\n", "")
    chain.pages_in(chain.alert_of(chain.open("proved")).id, "ACCEPTED")
    chain.notifier.kill()
    chain.notifier.start()
    chain.pages_in(chain.alert_of(chain.open("proved")).id, "ACCEPTED")
    assert code not in chain.notifier.log.read_text()


# --- what comes back ------------------------------------------------------------------------------

@pytest.mark.parametrize("path, behaviour, outcome",
                         [("bad", "400", "400"), ("gone", "410", "410"),
                          ("redirect", "redirect", "302")])
def test_a_refusal_is_final_and_the_next_step_is_paged_at_once(chain, provider, path, behaviour,
                                                              outcome):
    provider.behave(f"/{path}", behaviour)
    alert = chain.alert_of(chain.open(path))
    pages = chain.pages_in(alert.id, "DEAD", "ACCEPTED")
    assert (pages[0].attempts, pages[0].outcome) == (1, outcome)
    assert pages[1].contact == f"next-{path}"
    wait_for_line(chain, f"next-{path}")
    assert len(provider.requests) == 1, "no redirect is followed, nothing is sent again"


@pytest.mark.parametrize("path, behaviour, outcome",
                         [("error", "500", "500"), ("hang", "hang", "timeout"),
                          ("reset", "reset", "connection lost"), ("half", "half", "answer cut off"),
                          ("drip", "drip", "timeout"), ("seconds", "408", "408"),
                          ("date", "425", "425"), ("late", "429 text=soon", "429")])
def test_trouble_is_tried_again_with_the_same_id_and_body(chain, provider, path, behaviour,
                                                          outcome):
    provider.behave(f"/{path}", behaviour, "200")
    alert = chain.alert_of(chain.open(path))
    first, second = provider.wait_for(f"/{path}", 2)
    assert first.id == second.id and first.body == second.body
    assert second.headers["webhook-signature"].split(" ") == signatures_of(second)
    assert chain.pages_in(alert.id, "ACCEPTED")[0].attempts == 2
    sent = [page.outcome for kind, page, _ in chain.history(alert.id) if kind == "ALERT_SENT"]
    assert sent == [outcome, "200"]
    assert second.at - first.at >= 0.5, "the first wait is at least half a second"


@pytest.mark.parametrize("path, behaviour", [("seconds", "429 seconds=3"), ("date", "429 date=3"),
                                             ("error", "503 seconds=3")])
def test_retry_after_is_a_floor(chain, provider, path, behaviour):
    provider.behave(f"/{path}", behaviour, "200")
    alert = chain.alert_of(chain.open(path))
    first, second = provider.wait_for(f"/{path}", 2)
    assert second.at - first.at >= 2.9
    chain.pages_in(alert.id, "ACCEPTED")


def test_a_receiver_that_wants_hours_is_passed_over_at_once(chain, provider):
    provider.behave("/late", "429 seconds=7200")
    alert = chain.alert_of(chain.open("late"))
    chain.pages_in(alert.id, "DEAD", "ACCEPTED")
    wait_for_line(chain, "next-late")


def test_an_answer_that_never_ends_is_left(chain, provider):
    provider.behave("/large", "large")
    alert = chain.alert_of(chain.open("large"))
    page = chain.pages_in(alert.id, "ACCEPTED")[0]
    assert (page.attempts, page.outcome) == (1, "200")


def test_a_certificate_that_nobody_signed_gets_no_page(chain, tls):
    alert = chain.alert_of(chain.open("tls"))
    page = chain.wait_until("it was tried", lambda: next(
        (page for page in chain.pages(alert.id) if page.attempts > 0), None))
    assert page.outcome == "certificate not trusted" and tls.requests == []


# --- one receiver does not hold up another --------------------------------------------------------

def test_a_receiver_that_hangs_delays_nobody_else(chain, provider, other):
    provider.behave("/hang", "hang")
    for _ in range(6):  # three times as many as may be under way
        chain.open("hang")
    provider.wait_for("/hang", 2)
    alert = chain.alert_of(chain.open("other"))
    other.wait_for("/other", 1)
    chain.pages_in(alert.id, "ACCEPTED")
    printed = chain.alert_of(chain.open("desk"))
    chain.pages_in(printed.id, "ACCEPTED")
    assert len({request.id for request in provider.of("/hang")}) < 6, "these still wait"


def test_only_so_many_are_under_way_and_waiting_costs_no_time(chain, provider):
    for i in range(1, 7):
        provider.behave(f"/held-{i}", "hang", "200")
    alert = chain.alert_of(chain.open("crowd"))
    for i in range(1, 7):
        provider.wait_for(f"/held-{i}", 2)
    chain.pages_in(alert.id, *["ACCEPTED"] * 6)
    first = sorted(provider.of(f"/held-{i}")[0].at for i in range(1, 7))
    # Two at a time, each 3 s long: the third starts when the first is over.
    assert first[2] - first[0] >= 2.9 and first[4] - first[2] >= 1.5
    timeouts = [page.outcome for kind, page, _ in chain.history(alert.id)
                if kind == "ALERT_SENT" and page.outcome != "200"]
    assert timeouts == ["timeout"] * 6


# --- acknowledgements and crashes -----------------------------------------------------------------

def test_nothing_is_sent_after_an_acknowledgement(chain, provider):
    provider.behave("/error", "500")
    alert = chain.alert_of(chain.open("error"))
    provider.wait_for("/error", 2)
    chain.act("acked", alert.id)
    chain.pages_in(alert.id, "CANCELLED")
    later = chain.alert_of(chain.open("plain"))  # the world goes on
    chain.pages_in(later.id, "ACCEPTED")
    seen = len(provider.of("/error"))  # with what was on its way when it was acknowledged
    provider.behave("/bad", "500", "500", "200")  # as long as two more waits would have taken
    chain.pages_in(chain.alert_of(chain.open("bad")).id, "ACCEPTED")
    assert len(provider.of("/error")) == seen


def test_an_acknowledgement_calls_off_what_waits_for_its_turn(patient, provider):
    chain = patient
    provider.behave("/held", "hold")
    alerts = [chain.alert_of(chain.open("held")) for _ in range(6)]
    under_way = {request.id for request in provider.wait_for("/held", 2)}
    for alert in alerts:
        chain.act("acked", alert.id)
    for alert in alerts:
        chain.pages_in(alert.id, "CANCELLED")
    provider.release()
    for alert in alerts:
        delivery = chain.pages(alert.id)[0].delivery
        if delivery in under_way:  # its outcome is recorded and changes nothing
            chain.wait_until("the outcome is recorded", lambda alert=alert: [
                page for kind, page, _ in chain.history(alert.id) if kind == "ALERT_SENT"])
            assert chain.pages(alert.id)[0].state == 4
    chain.pages_in(chain.alert_of(chain.open("plain")).id, "ACCEPTED")
    assert {request.id for request in provider.of("/held")} == under_way


def test_an_acknowledgement_calls_off_what_is_still_connecting(tmp_path, provider, other, tls):
    """The receiver is slow with TLS: the acknowledgement comes before the page's first byte."""
    with socket.create_server(("127.0.0.1", 0)) as slow:
        contacts = write_contacts(tmp_path, provider, other, tls)
        url = f"https://127.0.0.1:{slow.getsockname()[1]}/"
        contacts.write_text(contacts.read_text().replace(tls.url("/tls", "localhost"), url))
        chain = Chain(tmp_path, policy(), f"--contacts={contacts}", "--send-timeout=60s",
                      "--connect-timeout=60s")
        try:
            alert = chain.alert_of(chain.open("tls"))
            slow.settimeout(PATIENCE_S)
            connection, _ = slow.accept()
            with connection:
                connection.settimeout(PATIENCE_S)
                assert connection.recv(4096), "TLS begins"
                chain.act("acked", alert.id)
                assert connection.recv(4096) == b"", "and is hung up, long before any timeout"
            chain.pages_in(alert.id, "CANCELLED")
            assert "ALERT_SENT" not in [kind for kind, _, _ in chain.history(alert.id)]
        finally:
            chain.close()


def test_alertmanager_4064_after_a_start_no_page_leaves_before_what_was_said_is_known(chain, provider):
    """The inputs are settled before the first send."""
    provider.behave("/error", "500")
    alerts = [chain.alert_of(chain.open("error")) for _ in range(4)]
    provider.wait_for("/error", 4)
    chain.notifier.kill()
    for alert in alerts:
        chain.act("acked", alert.id)
    seen = len(provider.of("/error"))
    chain.notifier.start()
    for alert in alerts:
        chain.pages_in(alert.id, "CANCELLED")
    chain.pages_in(chain.alert_of(chain.open("plain")).id, "ACCEPTED")
    assert len(provider.of("/error")) == seen


def test_alertmanager_2229_a_start_waits_for_an_upstream_that_is_away_only_so_long(chain, provider):
    provider.behave("/held", "hold")
    chain.alert_of(chain.open("held"))
    provider.wait_for("/held", 1)
    chain.intake.kill()
    chain.router.kill()
    chain.notifier.kill()
    chain.notifier.start()
    provider.wait_for("/held", 2)
    provider.release()
    chain.intake.start()
    chain.router.start()


def test_a_kill_loses_no_page_and_repeats_carry_the_same_id(patient, provider):
    chain = patient
    provider.behave("/held", "hold")
    alert = chain.alert_of(chain.open("held"))
    first = provider.wait_for("/held", 1)[0]
    chain.notifier.kill()  # the receiver has it, and nobody will know
    chain.notifier.start()
    second = provider.wait_for("/held", 2)[1]
    assert first.id == second.id and first.body == second.body
    provider.release()
    assert chain.pages_in(alert.id, "ACCEPTED")[0].attempts == 1


def test_kills_in_a_storm_lose_no_page(chain, provider):
    issues = []
    for round_ in range(6):
        issues += [outcome.issue for outcome in chain.publisher.publish(
            *[chain.opened(name) for name in ("plain", "accepted", "bad", "error", "gone")
              for _ in range(8)])]
        provider.wait_for("/plain", 8 * round_ + 1)
        chain.notifier.kill()
        chain.notifier.start()
    found = {}

    def all_accepted():
        for alert in chain.alerts(limit=500):
            if alert.issue not in found and [p.state for p in chain.pages(alert.id)] == [2]:
                found[alert.issue] = alert.id
        return len(found) == len(issues)

    chain.wait_until("every page is accepted", all_accepted)
    assert set(found) == set(issues)
    bodies = {}
    for request in provider.requests:
        assert bodies.setdefault(request.id, request.body) == request.body
    assert len(bodies) == len(issues), "one id per page, however often it was sent"


def test_a_stop_in_the_middle_of_sends_is_clean(chain, provider):
    provider.behave("/hang", "hang")
    alert = chain.alert_of(chain.open("hang"))
    provider.wait_for("/hang", 1)
    assert chain.notifier.stop() == 0
    chain.notifier.start()
    provider.behave("/hang", "200")
    provider.wait_for("/hang", 2)
    assert chain.pages_in(alert.id, "ACCEPTED")[0].delivery == provider.of("/hang")[0].id


# --- an import ------------------------------------------------------------------------------------

def test_in_event_time_nobody_is_paged(tmp_path, provider, other, tls):
    contacts = write_contacts(tmp_path, provider, other, tls)
    chain = Chain(tmp_path, policy(), f"--contacts={contacts}", clock="event")
    try:
        for name in ("plain", "unknown"):  # nobody asks for methods
            alert = chain.alert_of(chain.open(name, time_ms=1700000000000))
            page = chain.pages_in(alert.id, "ACCEPTED")[0]
            assert page.outcome == "held: event clock"
        assert provider.requests == [] and chain.notifier.output.read_text() == ""
    finally:
        chain.close()


# --- the fake pager's own trouble -----------------------------------------------------------------

def test_a_contacts_file_with_an_error_starts_nothing(chain, tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text("contacts:\n  ana:\n    webhok: {url: x}\n")
    done = subprocess.run([chain.notifier.process.args[0], f"--data={tmp_path}/other",
                           f"--contacts={file}"], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"{file}:3:5: error: unknown key 'webhok' in a contact\n")
    assert "did you mean 'webhook'?" in done.stderr
