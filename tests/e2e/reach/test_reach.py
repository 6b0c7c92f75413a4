"""`tocsin reach` and `tocsin page test` against a receiver that answers, refuses and keeps silent."""
import http.client
import json
import os
import re
import subprocess
import threading

import pytest

from paging import desk, paging_chain
from tocsin.v1 import event_pb2
from tocsin_chain import BIN, Chain

POLICY = desk("{page: [ana], wait: 1h}")


@pytest.fixture
def chain(tmp_path, provider):
    people = {"ana": {method: provider.url(f"/ana/{method}") for method in ("push", "mail")},
              "ben": {"push": provider.url("/ben/push")}}
    with paging_chain(tmp_path, POLICY, people) as chain:
        yield chain


class Command:
    """`tocsin …`, which goes on while the test does something else."""

    def __init__(self, chain, *words):
        self.process = subprocess.Popen(
            [BIN / "tocsin", *words, "--json", "--at", f"notifier={chain.notifier.endpoint}",
             "--at", f"intake={chain.intake.endpoint}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "USER": "lead"})

    def end(self):
        out, err = self.process.communicate(timeout=180)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err


def run(chain, *words):
    return Command(chain, *words).end()


def page_of(provider, path, count=1):
    return json.loads(provider.wait_for(path, count)[count - 1].body)


def probe(lines, person, method):
    return next(line for line in lines
                if line.get("person") == person and line["method"] == method)


def say(chain, what, delivery):
    event = event_pb2.Event(id=f"{what}-{delivery}", source="provider",
                            type=f"tocsin.page.{what}")
    event.page_receipt.delivery = delivery
    chain.publisher.publish(event)


def test_who_answers_or_whose_provider_says_so_is_reached(chain, provider):
    provider.behave("/ana/mail", "404")
    command = Command(chain, "reach", "--wait", "60s")
    page = page_of(provider, "/ana/push")
    assert page["kind"] == "probe" and page["alert"] == "" and len(page["code"]) == 8
    code, said, err = run(chain, "reach", "answer", page["code"])
    assert (code, said) == (0, [{"answered": True}]), err
    other = page_of(provider, "/ben/push")
    assert other["code"] != page["code"]
    say(chain, "delivered", other["delivery"])
    code, lines, err = command.end()
    assert code == 0, (lines, err)
    assert probe(lines, "ana", "push")["how"] == "code"
    assert probe(lines, "ana", "mail")["why"] == "refused for good (404)"
    assert probe(lines, "ben", "push")["how"] == "delivered"
    assert (lines[-1]["people"], lines[-1]["reached"], lines[-1]["over"]) == (2, 2, True)


def test_who_does_not_answer_is_told_of_and_the_status_is_1(chain, provider):
    provider.behave("/ana/push", "hang")
    code, lines, _ = run(chain, "reach", "--person", "ana", "--wait", "8s")
    assert code == 1
    assert probe(lines, "ana", "push")["why"].startswith("its time is over")
    assert probe(lines, "ana", "mail")["why"] == "nobody answered"
    assert probe(lines, "ana", "mail")["sent_ms"] > 0
    assert lines[-1]["reached"] == 0
    late = page_of(provider, "/ana/mail")
    code, _, err = run(chain, "reach", "answer", late["code"])
    assert code == 1 and "no probe waits for that code" in err


def test_the_last_run_is_shown_again_also_of_a_stopped_suite(chain, provider, tmp_path):
    code, lines, _ = run(chain, "reach", "--person", "zoe", "--wait", "5s")
    assert code == 1
    assert probe(lines, "zoe", "")["why"] == "the person is not in the contacts file"
    assert run(chain, "reach", "--last")[:2] == (1, lines)
    assert chain.notifier.stop() == 0
    done = subprocess.run([BIN / "tocsin", "reach", "--last", "--json", "--data", tmp_path],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert [json.loads(line) for line in done.stdout.splitlines()] == lines
    chain.notifier.start()


def test_a_test_page_says_whether_receivers_take_it(chain, provider):
    code, lines, _ = run(chain, "page", "test", "ana")
    assert code == 0
    assert [probe(lines, "ana", method)["state"] for method in ("push", "mail")] == [
        "accepted", "accepted"]
    provider.behave("/ben/push", "400")
    code, lines, _ = run(chain, "page", "test", "ben")
    assert code == 1 and probe(lines, "ben", "push")["state"] == "dead"


def test_probes_go_on_after_a_kill_and_every_page_ends_once(chain, provider):
    provider.behave("/ana/push", "503")
    command = Command(chain, "reach", "--person", "ana", "--wait", "60s")
    provider.wait_for("/ana/push", 1)
    first = page_of(provider, "/ana/mail")
    chain.notifier.kill()
    provider.behave("/ana/push", "202")
    chain.notifier.start()
    again = json.loads(provider.wait_for("/ana/push", 2)[-1].body)
    assert {request.id for request in provider.of("/ana/push")} == {again["delivery"]}
    for page in (first, again):
        assert run(chain, "reach", "answer", page["code"])[0] == 0
    code, lines, err = command.end()
    assert code == 0, (lines, err)
    code, lines, _ = run(chain, "obligations")
    assert code == 0 and lines[-1]["clean"]
    assert (lines[-1]["pages"], lines[-1]["pending"]) == ("2", "0")


# --- links ----------------------------------------------------------------------------------------

@pytest.fixture
def door(tmp_path):
    contacts = tmp_path / "contacts.yaml"
    contacts.write_text("contacts:\n  ana: {methods: {desk: {log: true}}, language: es}\n")
    chain = Chain(tmp_path, POLICY, f"--contacts={contacts}", "--http=127.0.0.1:0",
                  "--link-base=http://oncall.example")
    yield chain
    chain.close()


def call(chain, method, path, accept="application/json"):
    port = chain.wait_until("the port is open", lambda: re.search(
        r"event=door_open .*port=(\d+)", chain.notifier.log.read_text()))[1]
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
    connection.request(method, path, headers={"Accept": accept})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def link(chain):
    return chain.wait_until("a test page is printed", lambda: re.search(
        r"PROBE ana tocsin reach answer \d{8} or http://oncall.example(/a/\S+)",
        chain.notifier.output.read_text()))[1]


def test_the_link_of_a_test_page_says_that_it_came(door):
    command = Command(door, "reach", "--wait", "30s")
    path = link(door)
    for _ in range(2):  # to fetch it changes nothing
        status, text = call(door, "GET", path, "text/html")
        assert status == 200 and '<html lang="es">' in text
        assert "¿Le llega este aviso?" in text and "Me ha llegado" in text
    status, text = call(door, "POST", path)
    assert status == 200 and json.loads(text)["done"] == "answered"
    code, lines, err = command.end()
    assert code == 0, (lines, err)
    assert probe(lines, "ana", "desk")["how"] == "link"
    status, text = call(door, "POST", path, "text/html")
    assert status == 410 and "Esta prueba ha terminado" in text and "<button" not in text


def test_a_link_that_was_cut_or_turned_is_none(door):
    command = Command(door, "reach", "--wait", "4s")
    path = link(door)
    turned = path[:-1] + ("A" if path[-1] != "A" else "B")
    for wrong in (path[:-3], turned):
        for method in ("GET", "POST"):
            assert call(door, method, wrong)[0] == 404
    code, lines, _ = command.end()
    assert code == 1 and probe(lines, "ana", "desk")["answered_ms"] == 0


def test_a_button_that_is_pressed_twice_answers_once(door):
    command = Command(door, "reach", "--wait", "30s")
    path = link(door)
    said = [None, None]

    def press(i):
        said[i] = call(door, "POST", path)

    threads = [threading.Thread(target=press, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in said} <= {200, 410} and 200 in {s for s, _ in said}
    assert command.end()[0] == 0
