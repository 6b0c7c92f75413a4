"""Ends the notifier around its sends: no page is lost, repeats carry the same id, and nothing is
sent once somebody has answered. What the log says, what `tocsin obligations` says of it and what
the providers wrote down has to be the same story.

    pages.py --build build/release [--kills 20]   kill -9 at any moment, also while a request waits
    pages.py --build build/asan --points          _exit at every named point of a page's life

TOCSIN_CRASH_KILLS=1000 is for how many of either where the command line does not say it; with
points they are gone through as often as it takes.
"""
import concurrent.futures
import copy
import http.client
import json
import os
import random
import re
import subprocess
import sys
import threading
import time

import bus
import killing
import kills
import suite

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

from contacts_file import at_both, write_contacts  # noqa: E402
from fake_provider import Provider  # noqa: E402

POINTS = (
    "page_planned", "page_judged",        # in a turn that is not committed
    "page_found", "page_sending",         # on disk, and handed over
    "send_connected", "send_answering",   # before the first byte, and at the first of the answer
    "page_answered", "page_told", "page_kept",
    "page_moved",    # fails over to the person's next method
    "page_crossed",  # answered by somebody while an attempt is out
    "receipt_noted", "act_pressed", "act_sent", "act_taken", "act_done", "act_told",
    "mid_turn", "before_commit", "after_commit_before_send", "mid_batch", "before_grant",
    "mid_load")
ONCE = ("mid_load", "before_grant")  # passed once in a start, or seldom
PEOPLE = ("ana", "ben", "chi")
# Not so many failures that the providers count as down for most of the time.
BEHAVIOURS = ("200",) * 8 + ("202", "500", "404", "429 seconds=1", "reset", "half", "stall")
PATIENCE_S = 180
STALL_S = 1.5      # longer than the notifier waits for an answer
UNDER_WAY_S = 6    # more than an attempt takes
AT_ONCE = 4        # sends to one receiver
SETTLES_S = 180
LINKS = 100        # that are pressed again in the end; the port takes two a second

POLICY = """policy: 1
paths:
  desk: {coalesce: 0, steps: [{page: [ana, ben], wait: 2s}, {page: [chi], wait: 2s}], repeat: 1}
queues:
  desk: {tier: 1}
routes:
  - {rule: all, queue: desk}
alerts:
  - {rule: critical, on: opened, when: {risk: [critical]}, severity: critical, path: desk}
"""


class Ledger(Provider):
    """A provider that writes down what it answered."""

    def _answer(self, connection, words, request):
        request.answer = words[0]
        return super()._answer(connection, words, request)

    def _stall(self, _):
        time.sleep(STALL_S)
        return False


class Told(threading.Thread):
    """Follows the notifier's log through every restart: what has come out of it is on disk."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        self.follower = bus.Follower(endpoint)
        self.failure, self.stopping, self.taken = None, False, 0
        self.alerts = {}    # id -> whether somebody should be woken
        self.answered = {}  # alert -> when that was seen
        self.acked = {}     # alert -> how often it was acknowledged
        self.opened, self.ended, self.attempts = {}, {}, {}  # delivery -> Page, Pages, outcomes

    def run(self):
        try:
            while not self.stopping:
                self.follower.step(0.1)
                for packed in self.follower.records[self.taken:]:
                    self.take(bus.rec.Record.FromString(packed))
                    self.taken += 1
        except (bus.Refused, bus.Damaged, AssertionError) as error:
            self.failure = str(error)

    def take(self, record):
        if record.type == bus.rec.ALERT_PAGED:
            page = bus.rec.AlertChange.FromString(record.body).page
            assert page.delivery not in self.opened, f"{page.delivery} was opened twice"
            self.opened[page.delivery] = page
        elif record.type in (bus.rec.ALERT_SENT, bus.rec.PAGE_ENDED):
            page = bus.rec.AlertChange.FromString(record.body).page
            of = self.attempts if record.type == bus.rec.ALERT_SENT else self.ended
            of.setdefault(page.delivery, []).append(page)
        elif record.type in (bus.rec.ALERT_OPENED, bus.rec.ALERT_ACKED):
            alert = bus.rec.AlertChange.FromString(record.body).alert.id
            self.alerts[alert] = record.type == bus.rec.ALERT_OPENED
            if record.type == bus.rec.ALERT_ACKED:
                self.acked[alert] = self.acked.get(alert, 0) + 1
                self.answered.setdefault(alert, time.monotonic())

    def unanswered(self):
        return [alert for alert, wakes in list(self.alerts.items()) if wakes]

    def has_pending(self):
        return any(delivery not in self.ended for delivery in list(self.opened))


def is_spent(page):
    """It is dead untried: another page has used up the person's methods, or its time is over."""
    return page.kind == "again" or page.reason == "no other try is wanted before the step ends"


class Run:
    def __init__(self, args, directory):
        self.args, self.directory = args, directory
        self.rng = random.Random(args.seed)
        self.providers = [Ledger(), Ledger()]
        contacts = write_contacts(directory, at_both(self.providers, PEOPLE))
        self.suite = suite.Suite(args.build, directory, ["intake", "router", "notifier"],
                                 options=["--batch", "64"], contacts=contacts)
        self.notifier = self.suite.services["notifier"]
        self.notifier.command += ["--send-timeout=1s", "--connect-timeout=500ms",
                                  "--http=127.0.0.1:0", "--link-base=http://oncall.example"]
        self.told = Told(self.suite.endpoint("notifier"))
        self.presses = concurrent.futures.ThreadPoolExecutor(4)
        self.pressed = {}   # link -> its last answer, or None
        self.bounced = set()
        self.issues = self.acts = 0
        self.intake = None

    def start(self):
        policy = os.path.join(self.directory, "policy.yaml")
        with open(policy, "w", encoding="ascii") as out:
            out.write(POLICY)
        self.suite.start()
        kills.apply_policy(self.suite.endpoint("intake"), policy)
        self.intake = bus.Client(self.suite.endpoint("intake"))
        self.told.start()

    # --- what happens ------------------------------------------------------------------------

    def publish(self, *events):
        """Again until there is a receipt: what is there already is not taken twice."""
        packed, until = [event.SerializeToString() for event in events], time.monotonic() + PATIENCE_S
        while True:
            try:
                outcomes = self.intake.publish(packed)
                break
            except bus.Silent:
                assert time.monotonic() < until, "intake is silent"
        for outcome in outcomes:
            assert outcome.status != bus.pb.Outcome.REFUSED, outcome.detail

    def event(self, kind):
        self.acts += 1
        return bus.ev.Event(id=f"{kind}-{self.acts}", source="//crash/pages", type="tocsin." + kind)

    def open(self, count):
        events = []
        for _ in range(count):
            self.issues += 1
            event = self.event("issue.opened")
            event.subject = f"T-{self.issues}"
            event.issue_opened.channel = "web"
            event.issue_opened.risk = bus.ev.RISK_CRITICAL
            events.append(event)
        self.publish(*events)

    def acknowledge(self, alerts):
        events = []
        for alert in alerts:
            event = self.event("alert.acked")
            event.alert.alert, event.alert.by = alert, "eve"
            events.append(event)
        if events:
            self.publish(*events)

    def bounce(self):
        """The provider finds out that what it took reached nobody."""
        for delivery, pages in self.rng.sample(list(self.told.ended.items())[-20:], 1):
            if pages[-1].state == bus.rec.PAGE_ACCEPTED and delivery not in self.bounced:
                self.bounced.add(delivery)
                event = self.event("page.failed")
                event.page_receipt.delivery, event.page_receipt.status = delivery, "5.1.1"
                self.publish(event)

    def port(self):
        with open(self.notifier.log_path, "rb") as log:
            log.seek(max(0, os.path.getsize(self.notifier.log_path) - (1 << 16)))
            ports = re.findall(rb"event=door_open .*port=(\d+)", log.read())
        return int(ports[-1]) if ports else 0

    def press(self, link):
        """Acknowledges by a link; the status, or 0 for no answer."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=5)
            connection.request("POST", link, "action=ack", {
                "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"})
            answer = connection.getresponse()
            self.pressed[link] = answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0
        return self.pressed[link][0]

    def press_one(self):
        """Of an alert that nobody has answered; some are pressed twice at a time."""
        wakes = set(alert.hex() for alert in self.told.unanswered())
        with self.providers[0].changed:
            newest = self.providers[0].requests[-40:]
        links = [page["ack_url"] for page in (json.loads(request.body) for request in newest)
                 if page["alert"] in wakes]
        if not links:
            return
        link = self.rng.choice(links).removeprefix("http://oncall.example")
        self.pressed.setdefault(link, None)
        for _ in range(self.rng.choice([1, 1, 2])):
            self.presses.submit(self.press, link)

    def misbehave(self, first):
        for provider in self.providers:
            for person in PEOPLE:
                provider.behave(f"/{person}", *first, *self.rng.choices(BEHAVIOURS, k=20), "200")

    def go_on(self, *first):
        """Issues open, providers fail, people answer in every way that there is."""
        self.misbehave(first)
        self.open(self.rng.randint(1, 3))
        if self.told.ended:
            self.bounce()
        self.press_one()
        open_alerts = self.told.unanswered()
        self.acknowledge(self.rng.sample(open_alerts, min(len(open_alerts), 2)))
        time.sleep(self.rng.choice([0.02, 0.1, 0.3]))
        assert self.told.failure is None, self.told.failure

    # --- deaths ------------------------------------------------------------------------------

    def die_stalled(self):
        """Its last byte has arrived, and the answer has not left."""
        known = {provider: len(provider.requests) for provider in self.providers}
        until = time.monotonic() + PATIENCE_S
        while not any(getattr(request, "answer", "") == "stall" for provider in self.providers
                      for request in provider.requests[known[provider]:]):
            assert time.monotonic() < until, "no request stalls"
            self.go_on("stall")
        self.notifier.kill()

    def random_kills(self):
        while self.notifier.deaths < self.args.kills:
            for _ in range(self.rng.randint(1, 4)):
                self.go_on()
            if self.rng.random() < 0.5:
                self.die_stalled()
            else:
                self.notifier.kill()
            self.tell_progress("any")

    def named_points(self):
        """Each of them once; then at later passes, as long as there are deaths left."""
        turn = 0
        while turn == 0 or self.notifier.deaths < self.args.kills:
            for point in POINTS:
                late = turn > 0 and point not in ONCE
                nth = self.rng.randint(1, 12) if late else 1
                self.notifier.die_at(point, nth, self.go_on, PATIENCE_S)
                self.tell_progress(point)
            self.die_stalled()
            turn += 1

    def tell_progress(self, point):
        if self.notifier.deaths % 50 == 0 or self.args.kills <= 50:
            print(f"deaths={self.notifier.deaths} at={point} pages={len(self.told.opened)}",
                  flush=True)

    # --- the end -----------------------------------------------------------------------------

    def settle(self):
        """Providers are well again, and somebody answers what is left."""
        for provider in self.providers:
            for person in PEOPLE:
                provider.behave(f"/{person}", "200")
        until = time.monotonic() + SETTLES_S
        while (len(self.told.alerts) < self.issues or self.told.unanswered() or
               self.told.has_pending()):
            assert self.told.failure is None, self.told.failure
            assert time.monotonic() < until, (f"{len(self.told.alerts)} alerts of {self.issues}, "
                                              f"{len(self.told.unanswered())} unanswered")
            self.acknowledge(self.told.unanswered())
            time.sleep(0.5)
        self.presses.shutdown()
        time.sleep(UNDER_WAY_S)  # an answer may be on its way still

    def obligations(self, *where):
        done = subprocess.run([os.path.join(self.args.build, "services/tocsin"), "obligations",
                               "--json", *where], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def check_auditor(self):
        """`tocsin obligations` counts what was counted here: live, and from the data it left."""
        live = self.obligations("--at", f"notifier={self.suite.endpoint('notifier')}")
        self.suite.stop()
        stopped = self.obligations("--data", self.directory)
        assert stopped.pop("stopped") and not live.pop("stopped") and stopped == live
        told = self.told
        states = [pages[-1].state for pages in told.ended.values()]
        wanted = {"faults": 0, "pending": 0, "adopted": 0, "undated": 0, "alerts": len(told.alerts),
                  "pages": len(told.opened), "attempts": sum(map(len, told.attempts.values())),
                  "accepted": states.count(bus.rec.PAGE_ACCEPTED),
                  "dead": states.count(bus.rec.PAGE_DEAD),
                  "cancelled": states.count(bus.rec.PAGE_CANCELLED)}
        assert {name: int(live[name]) for name in wanted} == wanted

    def check_links(self):
        """Whoever presses again hears what was done the first time, and that it was done once."""
        suite.wait_up(self.suite.endpoint("notifier"))
        done = 0
        for link in self.rng.sample(sorted(self.pressed), min(len(self.pressed), LINKS)):
            until = time.monotonic() + PATIENCE_S
            while self.press(link) not in (200, 409):
                assert time.monotonic() < until, f"{link}: {self.pressed[link]}"
                time.sleep(0.6)
            done += self.pressed[link][0] == 200
        return done

    def check(self):
        self.settle()
        done = self.check_links()
        until = time.monotonic() + PATIENCE_S
        while self.told.follower.head > self.told.taken and time.monotonic() < until:
            time.sleep(0.1)
        self.check_auditor()
        self.told.stopping = True
        self.told.join()
        requests = [request for provider in self.providers for request in provider.requests]
        assert len(self.told.acked) == self.issues
        check_log(self.told)
        unknown = check_ledgers(self.told, requests)
        assert unknown <= self.notifier.deaths * len(self.providers) * AT_ONCE
        prove(self.told, requests)
        print(f"ok seed={self.args.seed} deaths={self.notifier.deaths} alerts={self.issues} "
              f"pages={len(self.told.opened)} sent={len(requests)} unknown={unknown} "
              f"links={len(self.pressed)} done_by_link={done} bounced={len(self.bounced)}")

    def close(self):
        self.told.stopping = True
        self.presses.shutdown(cancel_futures=True)
        suite.stop_all()
        for provider in self.providers:
            provider.close()


# --- what came of it, as the log and the providers have it ----------------------------------------


def check_log(told):
    """Every page ends once, and every alert is acknowledged once."""
    assert told.opened.keys() == told.ended.keys(), "a page has no end"
    for delivery, pages in told.ended.items():
        assert len(pages) == 1, f"{delivery} ended {len(pages)} times"
    for alert, count in told.acked.items():
        assert count == 1, f"{alert.hex()} was acknowledged {count} times"


def by_delivery(told, requests):
    """What was sent is a page, the same however often, and nobody is woken who need not be."""
    found = {}
    for request in requests:
        page = told.opened.get(request.id)
        assert page is not None, f"{request.id} was sent and is no page"
        assert request.path == f"/{page.contact}", f"{request.id} went to {request.path}"
        sent = found.setdefault(request.id, [])
        assert not sent or sent[0].body == request.body, f"{request.id} has another body"
        sent.append(request)
        seen = told.answered[page.alert]
        assert request.at < seen + UNDER_WAY_S, f"{request.id} was sent after its acknowledgement"
    return found


def check_ledgers(told, requests):
    """What providers answered and what the log says of it; how many outcomes nobody knows."""
    found = by_delivery(told, requests)
    for delivery, pages in told.ended.items():
        answers = [request.answer for request in found.get(delivery, [])]
        said = [page.outcome for page in told.attempts.get(delivery, [])]
        state = bus.rec.PageState.Name(pages[0].state)
        if state == "PAGE_ACCEPTED":
            assert "200" in answers or "202" in answers, f"{delivery} was accepted by nobody"
        assert state != "PAGE_DEAD" or answers or is_spent(pages[0]), f"{delivery} was not tried"
        for status in ("200", "202", "404", "500"):
            assert said.count(status) <= answers.count(status), f"{delivery}: {said}, {answers}"
    return sum(len(sent) - len(told.attempts.get(delivery, [])) for delivery, sent in found.items())


def damages(told, requests):
    """Takes from the story, and adds to it, what each check is for; what was damaged."""
    accepted = next(delivery for delivery, pages in told.ended.items()
                    if pages[0].state == bus.rec.PAGE_ACCEPTED)
    sent = [request for request in requests if request.id == accepted]
    end = told.ended.pop(accepted)
    yield "no end"
    told.ended[accepted] = end * 2
    yield "two ends"
    told.ended[accepted] = end
    alert = told.opened[accepted].alert
    told.acked[alert] += 1
    yield "two acknowledgements"
    told.acked[alert] -= 1
    told.answered[alert] -= 1000
    yield "sent after an acknowledgement"
    told.answered[alert] += 1000
    page = told.opened.pop(accepted)
    yield "no intent"
    told.opened[accepted] = page
    other = copy.copy(sent[0])
    other.body += b" "
    requests.append(other)
    yield "another body"
    requests.pop()
    for request in sent:
        requests.remove(request)
    yield "a page that was lost"
    requests.extend(sent)


def prove(told, requests):
    """The checks are checked."""
    for what in damages(told, requests):
        try:
            check_log(told)
            check_ledgers(told, requests)
        except AssertionError:
            continue
        raise RuntimeError(f"nobody noticed: {what}")
    check_log(told)
    check_ledgers(told, requests)


def test(args, directory):
    run = Run(args, directory)
    try:
        run.start()
        if args.points:
            run.named_points()
        else:
            run.random_kills()
        run.check()
    finally:
        run.close()
    run.notifier.check_deaths()


def main():
    kills = int(os.environ.get("TOCSIN_CRASH_KILLS", 20))
    killing.main(killing.options(__doc__, kills), __file__, test)


if __name__ == "__main__":
    main()
