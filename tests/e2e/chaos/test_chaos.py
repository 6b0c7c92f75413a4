"""Providers that misbehave, services that are killed, clocks that step: in the end the notifier's
log (`tocsin obligations`) and what the providers wrote down have to say the same.

Takes less than a minute; TOCSIN_CHAOS_S is for how long things go wrong instead of 10 s, and
TOCSIN_CHAOS_SEED which things (but not when exactly: these are real processes). Without it they are
the same from run to run, so that a run judges a change.
"""
import json
import os
import pathlib
import random
import struct
import subprocess
import threading
import time

import pytest

from contacts_file import at_both, write_contacts
from fake_provider import Provider
from tocsin.v1 import record_pb2
from tocsin_chain import BIN, Chain

LASTS_S = float(os.environ.get("TOCSIN_CHAOS_S", "10"))
SEED = int(os.environ.get("TOCSIN_CHAOS_SEED", "1"))
SETTLES_S = 180   # by then everything has come to its end, or something is wrong
UNDER_WAY_S = 6   # more than any attempt takes, --send-timeout
PEOPLE = ["ana", "ben", "chi", "dee"]
BEHAVIOURS = ["200", "202", "500", "503", "400", "404", "429 seconds=1", "429 date=1", "reset",
              "half", "hang", "drip", "redirect"]
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")

POLICY = """policy: 1
paths:
  desk: {steps: [{page: [ana, ben], wait: 3s}, {page: [chi], wait: 3s}, {page: [dee], wait: 10s}],
         repeat: 1}
queues:
  desk: {tier: 1}
routes:
  - {rule: all, queue: desk}
alerts:
  - {rule: critical, on: opened, when: {risk: [critical]}, severity: critical, path: desk}
"""


class Chaos:
    def __init__(self, directory, kill):
        self.random = random.Random(SEED)
        self.directory, self.may_be_killed = directory, kill
        self.providers = [Provider(), Provider()]
        self.answered = {}  # alert -> when its acknowledgement was seen to be on disk
        self.kills = 0
        contacts = write_contacts(directory, at_both(self.providers, PEOPLE))
        self.chain = Chain(directory, POLICY, f"--contacts={contacts}",
                           "--send-timeout=1s", "--connect-timeout=500ms")

    # --- what happens ---

    def misbehave(self):
        for provider in self.providers:
            for person in PEOPLE:
                provider.behave(f"/{person}", *self.random.choices(BEHAVIOURS, k=20), "200")

    def heal(self):
        for provider in self.providers:
            for person in PEOPLE:
                provider.behave(f"/{person}", "200")

    def kill_one(self):
        service = getattr(self.chain, self.random.choice(self.may_be_killed))
        service.kill()
        time.sleep(self.random.random() / 5)
        service.start()
        self.kills += 1

    def answer(self, alert):
        """Acknowledges, and remembers when that was seen in the notifier's rows."""
        self.chain.act("acked", alert)
        self.chain.wait_until("it is acknowledged", lambda: any(
            found.id == alert and found.state != record_pb2.ALERT_OPEN
            for found in self.chain.alerts()))
        self.answered[alert] = time.monotonic()

    def unanswered(self):
        return [alert.id for alert in self.chain.alerts() if alert.state in
                (record_pb2.ALERT_OPEN, record_pb2.ALERT_EXHAUSTED)]

    def killer(self, over):
        while not over.wait(0.5 + self.random.random() * 1.5):
            self.kill_one()

    def go_on(self, seconds, step=lambda: None):
        """Issues open, people answer some alerts, and something dies every second or so."""
        over = threading.Event()
        killer = threading.Thread(target=self.killer, args=(over,))
        if self.may_be_killed:
            killer.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for _ in range(self.random.randrange(1, 6)):
                self.chain.open("chaos")
            self.misbehave()
            step()
            open_alerts = self.unanswered()
            for alert in self.random.sample(open_alerts, min(len(open_alerts), 2)):
                self.answer(alert)
            time.sleep(self.random.random() / 2)
        over.set()
        if self.may_be_killed:
            killer.join()

    def settle(self):
        """Providers are well again; somebody answers everything that is left."""
        self.heal()
        until = time.monotonic() + SETTLES_S
        code, lines = self.obligations()
        # As long as one is unanswered its steps go on, also where nothing is pending just now.
        while (int(lines[-1]["alerts"]) < self.chain.number or lines[-1]["pending"] != "0" or
               self.unanswered()):
            assert time.monotonic() < until, lines[:5] + lines[-1:]
            for alert in self.unanswered():
                self.answer(alert)
            time.sleep(0.5)
            code, lines = self.obligations()
        assert code == 0, lines[:5] + lines[-1:]
        time.sleep(UNDER_WAY_S)  # an answer may be on its way still

    # --- what comes of it ---

    def obligations(self):
        done = subprocess.run([BIN / "tocsin", "obligations", "--json", "--at",
                               f"notifier={self.chain.notifier.endpoint}"],
                              capture_output=True, text=True)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines, done.stderr
        return done.returncode, lines

    def records(self):
        """The notifier's log as its program prints it."""
        packed = subprocess.run([BIN / "tocsin-notifier", "--print-log",
                                 f"--data={self.directory}/notifier"],
                                capture_output=True, check=True).stdout
        at = 0
        while at < len(packed):
            size, = struct.unpack_from(">I", packed, at)
            yield record_pb2.Record.FromString(packed[at + 4:at + 4 + size])
            at += 4 + size

    def requests(self):
        return [request for provider in self.providers for request in provider.requests]

    def close(self):
        for provider in self.providers:
            provider.close()
        self.chain.close()


def check_ledgers(chaos):
    """Three stories of the same pages: the log's, the auditor's, and the providers'."""
    code, lines = chaos.obligations()
    summary = lines[-1]
    assert code == 0 and summary["clean"], lines
    assert summary["undated"] == summary["adopted"] == "0"
    opened, ended = {}, {}
    for record in chaos.records():
        if record.type not in (record_pb2.ALERT_PAGED, record_pb2.PAGE_ENDED):
            continue
        page = record_pb2.AlertChange.FromString(record.body).page
        if record.type == record_pb2.ALERT_PAGED:
            assert page.delivery not in opened
            opened[page.delivery] = page
        else:
            assert page.delivery not in ended
            ended[page.delivery] = page
    assert set(opened) == set(ended), "an obligation has no end"
    assert int(summary["pages"]) == len(opened)
    accepted = {delivery for delivery, page in ended.items()
                if page.state == record_pb2.PAGE_ACCEPTED}
    assert int(summary["accepted"]) == len(accepted) > 0

    bodies = {}
    for request in chaos.requests():
        assert request.id in opened, "a provider was sent what is no page"
        assert request.path == f"/{opened[request.id].contact}"
        assert bodies.setdefault(request.id, request.body) == request.body
        assert json.loads(request.body)["delivery"] == request.id
    assert accepted <= set(bodies), "a page counts as accepted that no provider has"

    for request in chaos.requests():
        seen = chaos.answered.get(opened[request.id].alert)
        assert seen is None or request.at < seen + UNDER_WAY_S, "sent after its acknowledgement"


@pytest.fixture(autouse=True)
def tell_seed():
    print(f"repeat with TOCSIN_CHAOS_SEED={SEED}")


def chaos_of(directory, kill):
    chaos = Chaos(directory, kill)
    try:
        yield chaos
    finally:
        chaos.close()


@pytest.fixture
def chaos(tmp_path):
    yield from chaos_of(tmp_path, ["notifier", "notifier", "notifier", "router", "intake"])


@pytest.fixture
def steady(tmp_path):
    yield from chaos_of(tmp_path, [])


def test_after_kills_and_bad_providers_the_ledgers_agree(chaos):
    chaos.go_on(LASTS_S)
    chaos.settle()
    check_ledgers(chaos)
    assert chaos.kills > 0 and len(chaos.requests()) > len(PEOPLE)


def step_is_left(chaos):
    """Nobody answers the first step of an alert, so the next one is asked. (Breakers may hold its
    page back for longer than that takes.)"""
    alert = chaos.chain.alert_of(chaos.chain.open("unanswered"))
    chaos.chain.wait_until("the next step was asked, as time goes on", lambda: any(
        page.contact == "chi" for page in chaos.chain.pages(alert.id)))


@pytest.mark.skipif(not FAKETIME.exists(), reason="package faketime is not installed")
def test_a_clock_that_steps_an_hour_on_and_back_loses_and_repeats_nothing(steady):
    shift = steady.directory / "shift"
    shift.write_text("+0\n")
    notifier = steady.chain.notifier
    steady.chain.alerts()  # it is up: a signal before that would end it at once
    assert notifier.stop() == 0
    notifier.environment = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(shift),
                            "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    notifier.start()
    steady.go_on(LASTS_S / 4)
    for hours in ("+1h", "+0"):
        shift.write_text(f"{hours}\n")
        steady.go_on(LASTS_S / 4)
        steady.heal()
        step_is_left(steady)
    steady.settle()
    check_ledgers(steady)
    times = [record.at_ms for record in steady.records()]
    assert any(later - before > 3000000 for before, later in zip(times, times[1:]))
