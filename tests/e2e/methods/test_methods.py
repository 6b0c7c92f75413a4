"""A real notifier pages by every kind of method, to providers that answer as the real ones do."""
import base64
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from contacts_file import write_secret
from fake_provider import Provider
from tocsin_chain import BIN, PATIENCE_S, Chain

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
KINDS = ["webhook", "slack", "teams", "pagerduty", "ntfy", "exec"]


def policy():
    """One path per kind: the person of its name, then `next-<kind>` on standard output."""
    paths = "".join(f"  {kind}: {{coalesce: 0, steps: [{{page: [{kind}], wait: 1h}}, "
                    f"{{page: [next-{kind}], wait: 1h}}]}}\n" for kind in KINDS)
    rules = "".join(f"  - {{rule: {kind}, on: opened, when: {{category: [{kind}]}}, "
                    f"severity: critical, path: {kind}}}\n" for kind in KINDS)
    return ("policy: 1\npaths:\n" + paths + "queues:\n  desk: {tier: 1}\nroutes:\n"
            "  - {rule: all, queue: desk}\nalerts:\n" + rules)


def write_contacts(directory, provider, program="/bin/true", allow="127.0.0.1"):
    write_secret(directory, "webhook.key", SECRET)
    write_secret(directory, "slack.url", provider.url("/slack"))
    write_secret(directory, "teams.url", provider.url("/teams"))
    write_secret(directory, "pagerduty.key", ROUTING_KEY)
    write_secret(directory, "ntfy.topic", "ana-7f3c")
    write_secret(directory, "ntfy.token", "tk_secret")
    file = directory / "contacts.yaml"
    file.write_text(
        f"allow: [{allow}]\nlink: https://console.example/alerts/\ncontacts:\n"
        f"  webhook: {{webhook: {{url: \"{provider.url('/webhook')}\", "
        "secret_file: webhook.key}}\n"
        "  slack: {slack: {url_file: slack.url}}\n  teams: {teams: {url_file: teams.url}}\n"
        f"  pagerduty: {{pagerduty: {{key_file: pagerduty.key, url: \"{provider.url('/pd')}\"}}}}\n"
        f"  ntfy: {{ntfy: {{url: \"{provider.url('/')}\", topic_file: ntfy.topic, "
        "token_file: ntfy.token}}\n"
        f"  exec: {{exec: {{program: {program}, arguments: [\"{directory}\", \"a b; $HOME\"]}}}}\n" +
        "".join(f"  next-{kind}: {{log: true}}\n" for kind in KINDS))
    return file


@pytest.fixture
def secure(certificate):
    provider = Provider(tls=certificate)
    yield provider
    provider.close()


def start(directory, provider, *options, **words):
    contacts = write_contacts(directory, provider, **words)
    return Chain(directory, policy(), f"--contacts={contacts}", "--send-timeout=5s",
                 "--allow-exec=yes", *options)


@pytest.fixture
def chain(tmp_path, provider):
    chain = start(tmp_path, provider)
    yield chain
    chain.close()


def outcome_of(chain, alert):
    return chain.pages_in(alert.id, "ACCEPTED")[0].outcome


def passed_over(chain, alert):
    """What became of the first try of a page whose step was left for it."""
    page = chain.pages_in(alert.id, "DEAD", "ACCEPTED")[0]
    return page.attempts, page.outcome


# --- what is sent ---------------------------------------------------------------------------------

def test_slack_is_told_in_a_section_with_a_button(chain, provider):
    alert = chain.alert_of(chain.open("slack"))
    body = json.loads(provider.wait_for("/slack", 1)[0].body)
    assert body["text"] == "CRITICAL desk: a new issue"
    section, actions = body["blocks"]
    assert section["text"]["type"] == "mrkdwn" and len(section["text"]["text"]) <= 3000
    link = f"https://console.example/alerts/{alert.id.hex()}"
    assert section["text"]["text"].splitlines()[-1] == link
    assert actions["elements"][0]["url"] == link
    assert outcome_of(chain, alert) == "200"


def test_teams_is_told_by_a_card(chain, provider):
    provider.behave("/teams", "202")
    alert = chain.alert_of(chain.open("teams"))
    attachment = json.loads(provider.wait_for("/teams", 1)[0].body)["attachments"][0]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["type"] == "AdaptiveCard"
    assert outcome_of(chain, alert) == "202"


def test_pagerduty_has_an_incident_by_the_alerts_id(chain, provider):
    provider.behave("/pd", "pagerduty")
    alert = chain.alert_of(chain.open("pagerduty"))
    assert outcome_of(chain, alert) == "202"
    assert provider.incidents == {alert.id.hex(): ["trigger"]}
    assert len(provider.of("/pd")[0].body) < 512 * 1024


def test_ntfy_rings_with_the_deliverys_id(chain, provider):
    alert = chain.alert_of(chain.open("ntfy"))
    request = provider.wait_for("/", 1)[0]
    body = json.loads(request.body)
    assert request.headers["authorization"] == "Bearer tk_secret"
    assert (body["topic"], body["priority"]) == ("ana-7f3c", 5)
    assert body["sequence_id"] == chain.pages_in(alert.id, "ACCEPTED")[0].delivery
    assert body["click"].endswith(alert.id.hex())


def test_no_secret_comes_into_a_log_or_record(chain, provider):
    for kind in KINDS:
        chain.open(kind)
    for kind in KINDS[:3]:
        provider.wait_for(f"/{kind}", 1)
    secrets = [ROUTING_KEY, "tk_secret", "ana-7f3c", SECRET, provider.url("/slack")]
    said = chain.notifier.log.read_bytes() + chain.notifier.output.read_bytes()
    for path in (chain.notifier.directory / "notifier").rglob("*"):
        said += path.read_bytes() if path.is_file() else b""
    assert [secret for secret in secrets if secret.encode() in said] == []


# --- links ----------------------------------------------------------------------------------------

def test_only_what_one_person_reads_has_a_link_that_acts(tmp_path, provider):
    """Whoever pressed the button in a channel would answer as the person who was paged."""
    contacts = write_contacts(tmp_path, provider)
    text = contacts.read_text()
    for kind, shared in (("teams", "false"), ("ntfy", "true")):
        begin = text.index(f"  {kind}: ")
        end = text.index("}\n", begin)
        text = f"{text[:end]}, shared: {shared}{text[end:]}"
    contacts.write_text(text)
    chain = Chain(tmp_path, policy(), f"--contacts={contacts}", "--allow-exec=yes",
                  "--http=127.0.0.1:0", "--link-base=http://oncall.example")
    signed = "http://oncall.example/a/"
    try:
        for kind, path in (("webhook", "/webhook"), ("slack", "/slack"), ("teams", "/teams"),
                           ("pagerduty", "/pd"), ("ntfy", "/")):
            alert = chain.alert_of(chain.open(kind))
            body = provider.wait_for(path, 1)[0].body.decode()
            assert (signed in body) == (kind in ("webhook", "teams")), kind
            if kind != "webhook":
                assert f"https://console.example/alerts/{alert.id.hex()}" in body
    finally:
        chain.close()


# --- what is answered -----------------------------------------------------------------------------

def test_a_gateways_page_is_no_answer_of_slack(chain, provider):
    provider.behave("/slack", "login", "200")
    alert = chain.alert_of(chain.open("slack"))
    first, second = provider.wait_for("/slack", 2)
    assert outcome_of(chain, alert) == "200"
    sent = [page.outcome for kind, page, _ in chain.history(alert.id) if kind == "ALERT_SENT"]
    assert sent == ["the answer is not Slack's ok", "200"] and second.at > first.at


def test_an_error_that_teams_hides_is_one(chain, provider):
    provider.behave("/teams", "teams_hides=429", "teams_hides=error", "202")
    alert = chain.alert_of(chain.open("teams"))
    assert outcome_of(chain, alert) == "202"
    sent = [page.outcome for kind, page, _ in chain.history(alert.id) if kind == "ALERT_SENT"]
    assert sent == ["an HTTP error in the answer", "an error in the answer", "202"]
    provider.behave("/teams", "teams_hides=413")
    assert passed_over(chain, chain.alert_of(chain.open("teams"))) == \
        (1, "an HTTP error in the answer")


@pytest.mark.parametrize("kind, path", [("slack", "/slack"), ("teams", "/teams"),
                                        ("pagerduty", "/pd"), ("ntfy", "/")])
def test_a_400_is_final(chain, provider, kind, path):
    provider.behave(path, "400")
    assert passed_over(chain, chain.alert_of(chain.open(kind))) == (1, "400")
    assert len(provider.of(path)) == 1


@pytest.mark.parametrize("behaviour", ["429 seconds=1", "429 date=1", "500", "half", "reset"])
def test_trouble_is_tried_again_under_one_key(chain, provider, behaviour):
    provider.behave("/pd", behaviour, "pagerduty")
    alert = chain.alert_of(chain.open("pagerduty"))
    assert outcome_of(chain, alert) == "202"
    first, second = (json.loads(request.body) for request in provider.wait_for("/pd", 2))
    assert first["dedup_key"] == second["dedup_key"] == alert.id.hex()
    assert provider.incidents == {alert.id.hex(): ["trigger"]}


# --- incidents ------------------------------------------------------------------------------------

def test_what_is_answered_here_is_so_at_pagerduty(chain, provider):
    provider.behave("/pd", "pagerduty")
    alert = chain.alert_of(chain.open("pagerduty"))
    chain.pages_in(alert.id, "ACCEPTED")
    chain.act("acked", alert.id)
    chain.pages_in(alert.id, "ACCEPTED", "ACCEPTED")
    chain.act("resolved", alert.id)
    chain.pages_in(alert.id, "ACCEPTED", "ACCEPTED", "ACCEPTED")
    assert provider.incidents == {alert.id.hex(): ["trigger", "acknowledge", "resolve"]}


def test_an_incident_of_an_alert_that_is_handed_on_is_over(chain, provider):
    """An acknowledged one would ring nobody any more."""
    provider.behave("/pd", "pagerduty")
    alert = chain.alert_of(chain.open("pagerduty"))
    chain.pages_in(alert.id, "ACCEPTED")
    chain.act("acked", alert.id)
    chain.pages_in(alert.id, "ACCEPTED", "ACCEPTED")
    chain.act("escalated", alert.id)
    chain.pages_in(alert.id, "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED")
    assert provider.incidents == {alert.id.hex(): ["trigger", "acknowledge", "resolve"]}
    assert [page.reopened for page in chain.pages(alert.id)] == [0, 0, 0, 1]


def test_a_trigger_is_never_overtaken_by_its_resolve(tmp_path, provider):
    """PagerDuty would open another incident for the one that comes late."""
    provider.behave("/pd", "hold", "pagerduty")
    chain = start(tmp_path, provider, "--send-timeout=60s")
    try:
        alert = chain.alert_of(chain.open("pagerduty"))
        provider.wait_for("/pd", 1)
        chain.act("resolved", alert.id)
        chain.pages_in(alert.id, "CANCELLED", "PENDING")
        other = chain.alert_of(chain.open("slack"))  # comes after it in the notifier's log
        chain.pages_in(other.id, "ACCEPTED")
        assert len(provider.of("/pd")) == 1
        provider.release()
        chain.pages_in(alert.id, "CANCELLED", "ACCEPTED")
        assert provider.incidents == {alert.id.hex(): ["resolve"]}
        assert len(provider.of("/pd")) == 2
    finally:
        chain.close()


def test_a_kill_before_the_news_leave_loses_none(chain, provider):
    provider.behave("/pd", "pagerduty", "500", "hang", "pagerduty")
    alert = chain.alert_of(chain.open("pagerduty"))
    chain.pages_in(alert.id, "ACCEPTED")
    chain.act("resolved", alert.id)
    provider.wait_for("/pd", 2)
    chain.notifier.kill()
    chain.notifier.start()
    chain.pages_in(alert.id, "ACCEPTED", "ACCEPTED")
    assert provider.incidents == {alert.id.hex(): ["trigger", "resolve"]}


# --- addresses ------------------------------------------------------------------------------------

def test_a_private_address_has_to_be_allowed(tmp_path, provider):
    chain = start(tmp_path, provider, allow="10.0.0.0/8")
    try:
        alert = chain.alert_of(chain.open("slack"))
        chain.wait_until("it was tried", lambda: any(
            page.outcome == "address not allowed" for page in chain.pages(alert.id)))
        assert provider.connections == 0
    finally:
        chain.close()


def test_a_name_is_judged_by_what_it_comes_to(tmp_path, provider):
    """localhost is a name as any other: what it was looked up to counts."""
    contacts = write_contacts(tmp_path, provider, allow="10.0.0.0/8")
    write_secret(tmp_path, "slack.url", provider.url("/slack", "localhost"))
    chain = Chain(tmp_path, policy(), f"--contacts={contacts}", "--allow-exec=yes")
    try:
        alert = chain.alert_of(chain.open("slack"))
        chain.wait_until("it was tried", lambda: any(
            page.outcome == "address not allowed" for page in chain.pages(alert.id)))
        assert provider.connections == 0
    finally:
        chain.close()


def test_a_wrong_certificate_gets_no_page(tmp_path, provider, secure):
    contacts = write_contacts(tmp_path, provider)
    write_secret(tmp_path, "slack.url", secure.url("/slack", "localhost"))
    chain = Chain(tmp_path, policy(), f"--contacts={contacts}", "--allow-exec=yes")
    try:
        alert = chain.alert_of(chain.open("slack"))
        chain.wait_until("it was tried", lambda: any(
            page.outcome == "certificate not trusted" for page in chain.pages(alert.id)))
        assert secure.requests == []
    finally:
        chain.close()


# --- programs -------------------------------------------------------------------------------------

def write_program(directory, script):
    program = directory / "program"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return program


def test_a_program_gets_the_page_and_no_shell_sees_its_arguments(tmp_path, provider):
    program = write_program(tmp_path, 'cat >"$1/got.new"; printf %s "$2" >"$1/argument"\n'
                            'mv "$1/got.new" "$1/got"\n')
    chain = start(tmp_path, provider, program=program)
    try:
        alert = chain.alert_of(chain.open("exec"))
        assert outcome_of(chain, alert) == "exit 0"
        body = json.loads((tmp_path / "got").read_text())
        assert body["alert"] == alert.id.hex() and body["contact"] == "exec"
        assert (tmp_path / "argument").read_text() == "a b; $HOME"
    finally:
        chain.close()


def test_75_is_for_now_and_another_status_for_good(tmp_path, provider):
    program = write_program(tmp_path, 'cat >/dev/null; [ -e "$1/again" ] && exit 3\n'
                            ': >"$1/again"; exit 75\n')
    chain = start(tmp_path, provider, program=program)
    try:
        alert = chain.alert_of(chain.open("exec"))
        assert passed_over(chain, alert) == (2, "exit 3")
        sent = [page.outcome for kind, page, _ in chain.history(alert.id) if kind == "ALERT_SENT"]
        assert sent[:2] == ["exit 75", "exit 3"]
    finally:
        chain.close()


def test_a_program_that_hangs_is_killed_with_all_that_it_started(tmp_path, provider):
    program = write_program(tmp_path, 'sleep 300 & echo $! >"$1/child.new"\n'
                            'mv "$1/child.new" "$1/child"; wait\n')
    chain = start(tmp_path, provider, program=program)
    try:
        alert = chain.alert_of(chain.open("exec"))
        chain.wait_until("it was tried", lambda: any(
            page.outcome == "timeout" for page in chain.pages(alert.id)))
        child = (tmp_path / "child").read_text().strip()
        stat = pathlib.Path(f"/proc/{child}/stat")
        chain.wait_until("the child is gone", lambda: (
            not stat.exists() or ") Z " in stat.read_text()))
    finally:
        chain.close()


def test_without_allow_exec_nothing_starts(tmp_path, provider):
    contacts = write_contacts(tmp_path, provider)
    done = subprocess.run([BIN / "tocsin-notifier", "--data", tmp_path / "n", "--bind",
                           f"ipc://{tmp_path}/n.sock", "--contacts", contacts],
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode != 0
    assert "error: 'exec' needs the notifier's --allow-exec" in done.stderr


def test_the_example_is_read(tmp_path):
    deployed = pathlib.Path(os.environ["TOCSIN_SOURCE"]) / "deploy/contacts/contacts.yaml"
    shutil.copy(deployed, tmp_path)
    for name, text in (("duty-safety.topic", "t"), ("ana.topic", "t"),
                       ("smtp.password", "p"), ("pagerduty.key", ROUTING_KEY),
                       ("ops.key", SECRET), ("slack.url", "https://h/"),
                       ("teams.url", "https://h/")):
        write_secret(tmp_path, name, text)
    done = subprocess.run([BIN / "tocsin-notifier", "--check", "--data", tmp_path / "n", "--contacts",
                           tmp_path / deployed.name], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr


# --- other people's libraries ---------------------------------------------------------------------

@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """A directory with npm's libraries of webhooks and PagerDuty in it, or a reason to skip."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node here")
    directory = tmp_path_factory.mktemp("npm")
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                               "standardwebhooks@1", "svix@1", "@pagerduty/pdjs@2"], cwd=directory,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm takes too long")
    if done.returncode != 0:
        pytest.skip("npm cannot install them: " + done.stdout[-200:])
    for script in ("verify.js", "pdjs.js"):
        shutil.copy(pathlib.Path(__file__).parent / script, directory)
    return directory


def node(modules, script, *words, **environment):
    done = subprocess.run(["node", script, *words], cwd=modules, text=True, capture_output=True,
                          timeout=PATIENCE_S, env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_npms_libraries_verify_the_signature(chain, provider, modules):
    chain.open("webhook")
    request = provider.wait_for("/webhook", 1)[0]
    body = request.body.decode()
    assert node(modules, "verify.js", SECRET, json.dumps(request.headers), body) == "verified\n"


def test_pagerdutys_own_client_sends_what_we_send(chain, provider, secure, certificate, modules):
    """It adds, takes away and refuses nothing of our events."""
    provider.behave("/pd", "pagerduty")
    secure.behave("/v2/enqueue", "pagerduty")
    alert = chain.alert_of(chain.open("pagerduty"))
    chain.pages_in(alert.id, "ACCEPTED")
    for action in ("acked", "resolved"):
        chain.act(action, alert.id)
        chain.pages_in(alert.id, *["ACCEPTED"] * (2 if action == "acked" else 3))
    ours = [json.loads(request.body) for request in provider.wait_for("/pd", 3)]
    for event in ours:
        node(modules, "pdjs.js", str(secure.port), json.dumps(event),
             NODE_EXTRA_CA_CERTS=str(certificate[0]))
    theirs = [json.loads(request.body) for request in secure.wait_for("/v2/enqueue", 3)]
    assert theirs == ours
    assert provider.incidents == secure.incidents == \
        {alert.id.hex(): ["trigger", "acknowledge", "resolve"]}
