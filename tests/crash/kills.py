"""Kills services under load and shows that nothing acknowledged was lost, doubled or re-ordered.

    kills.py --build build/release --kills 200 [--seed N]     kill -9 of random services
    kills.py --build build/asan --points                      _exit at every named point

Prints its progress and one line of figures. On a failure the data directory stays, and the last
line is the command that repeats the run.
"""
import hashlib
import os
import random
import subprocess
import sys
import threading
import time

import bus
import checker
import killing
import pager
import suite

HERE = os.path.dirname(os.path.abspath(__file__))
# The named points (TOC_EXIT_POINT) and the services that pass them under load.
FOLLOWERS = ("router", "sla", "notifier", "outcomes", "audit")
FED = ("intake", "router", "sla")
POINTS = {
    "mid_turn": suite.CHAIN, "before_commit": suite.CHAIN, "after_commit_before_send": suite.CHAIN,
    "mid_receipts": ("intake",), "mid_batch": FOLLOWERS, "before_grant": FOLLOWERS,
    "mid_feed": FED, "mid_load": suite.CHAIN,
    "after_keys": ("intake",), "after_content": ("intake",),
}


def apply_policy(endpoint, path):
    """The policy goes in through the control intake, in parts and an APPLIED."""
    with open(path, "rb") as file:
        text = file.read()
    digest = hashlib.sha256(text).digest()
    parts = [text[i:i + 1000] for i in range(0, len(text), 1000)]
    events = []
    for index, part in enumerate(parts):
        event = bus.ev.Event(id=f"part-{index}", source="//test/policy", type="tocsin.policy.part")
        event.policy_part.hash, event.policy_part.text = digest, part
        event.policy_part.index, event.policy_part.count = index, len(parts)
        events.append(event)
    event = bus.ev.Event(id="applied", source="//test/policy", type="tocsin.policy.applied")
    event.policy_applied.hash, event.policy_applied.size = digest, len(text)
    event.policy_applied.version = 1
    events.append(event)
    client = bus.Client(endpoint)
    for outcome in client.publish([event.SerializeToString() for event in events]):
        if outcome.status != bus.pb.Outcome.ACCEPTED:
            raise AssertionError(f"the policy was refused: {outcome.detail}")
    client.close()


class Watcher(threading.Thread):
    """Follows one log through every restart and keeps the chain hash of each record."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        self.follower = bus.Follower(endpoint)
        self.failure = None
        self.stopping = False

    def run(self):
        try:
            while not self.stopping:
                self.follower.step(0.1)
        except (bus.Refused, bus.Damaged) as error:
            self.failure = f"{self.follower.endpoint}: {error}"

    def finish(self):
        self.stopping = True
        self.join()
        return self.follower


class Run:
    def __init__(self, args, directory):
        self.args, self.directory = args, directory
        self.rng = random.Random(args.seed)
        self.pager = pager.Receiver(directory, args.seed)
        self.suite = suite.Suite(args.build, directory, options=["--batch", "256"],
                                 contacts=self.pager.contacts)
        self.watchers = {name: Watcher(self.suite.endpoint(name)) for name in self.suite.services}
        self.publishers = []
        self.kills = 0
        self.passed = {}     # point -> deaths at it

    def start(self):
        self.suite.start()
        apply_policy(self.suite.endpoint("intake"), os.path.join(HERE, "policy.yaml"))
        for watcher in self.watchers.values():
            watcher.start()
        for number in range(self.args.publishers):
            self.publishers.append(subprocess.Popen(
                [sys.executable, os.path.join(HERE, "publisher.py"), "--build", self.args.build,
                 "--endpoint", self.suite.endpoint("intake"), "--name", f"p{number}",
                 "--ledger", os.path.join(self.directory, f"ledger.p{number}"),
                 "--seed", str(self.args.seed), "--rate", str(self.args.rate)]))

    def watch(self):
        for watcher in self.watchers.values():
            if watcher.failure:
                raise AssertionError(watcher.failure)
        for service in self.suite.services.values():
            service.check_deaths()

    # --- faults --------------------------------------------------------------------------

    def random_kills(self):
        names = list(self.suite.services)
        for number in range(self.args.kills):
            time.sleep(self.rng.choice([0.02, 0.1, 0.4, 0.8, 1.2, 2.0]))
            several = self.rng.random() < 0.15
            for name in self.rng.sample(names, self.rng.randint(2, len(names)) if several else 1):
                self.suite.services[name].kill()
                self.kills += 1
            self.watch()
            if number % 20 == 19:
                print(f"kills={self.kills} records="
                      f"{sum(len(w.follower.records) for w in self.watchers.values())}", flush=True)
            if self.kills >= self.args.kills:
                break

    def exit_at(self, name, point, nth):
        service = self.suite.services[name]
        before = len(service.codes)
        service.kill({"TOCSIN_EXIT_AT": f"{point}:{nth}"})
        self.kills += 1
        until = time.monotonic() + self.args.patience
        while time.monotonic() < until and 137 not in service.codes[before:]:
            time.sleep(0.02)
        if 137 in service.codes[before:]:
            self.passed[point] = self.passed.get(point, 0) + 1
            return
        self.unreached.append(f"{name}/{point}:{nth}")

    def named_points(self):
        self.unreached = []
        for point, names in POINTS.items():
            for name in names:
                if name not in self.suite.services:
                    continue
                once = point in ("mid_load", "before_grant") # seldom passed
                for nth in (1,) if once else (1, self.rng.randint(2, 40)):
                    self.exit_at(name, point, nth)
                    self.watch()
            print(f"point={point} deaths={self.passed.get(point, 0)}", flush=True)
        if self.unreached:
            raise AssertionError("never reached: " + ", ".join(self.unreached))

    # --- the end -------------------------------------------------------------------------

    def drain(self):
        for publisher in self.publishers:
            publisher.terminate()
        for publisher in self.publishers:
            if publisher.wait(60) != 0:
                raise AssertionError("a publisher saw what it should not, see above")

    def is_settled(self, heads):
        """Every consumer is at its upstream's head, and audit's tree holds every record."""
        for name in self.suite.services:
            client = bus.Client(self.suite.endpoint(name))
            status = client.status()
            client.close()
            heads[name] = (status.log_id, status.last_seq)
            for upstream in status.upstreams:
                if upstream.stopped:
                    raise AssertionError(f"{name}: {upstream.endpoint} {upstream.stopped}")
        for name in self.suite.services:
            client = bus.Client(self.suite.endpoint(name))
            for upstream in client.status().upstreams:
                if upstream.cursor_seq < heads[upstream.endpoint][1]:
                    return False
            client.close()
        return self.tree_size() >= sum(h[1] for n, h in heads.items() if n != "audit")

    def tree_size(self):
        if "audit" not in self.suite.services:
            return 0
        client = bus.Client(self.suite.endpoint("audit"))
        answer = client.ask("TREE")
        client.close()
        return bus.pb.TreeAnswer.FromString(answer.rows[0]).size

    def settle(self):
        """Liveness: after the last fault everything is applied within a bounded time."""
        until = time.monotonic() + 180
        before = None
        while True:
            heads = {}
            try:
                if self.is_settled(heads) and heads == before:
                    return
                before = heads
            except bus.Silent:
                pass
            if time.monotonic() > until:
                raise AssertionError(f"not settled long after the last fault: {heads}")
            time.sleep(0.5)

    def leaves(self):
        client = bus.Client(self.suite.endpoint("audit"))
        entries, after = [], b""
        while True:
            answer = client.ask("LEAVES", after=after)
            entries.extend(answer.rows)
            after = answer.next
            if not after:
                break
        tree = bus.pb.TreeAnswer.FromString(client.ask("TREE").rows[0])
        client.close()
        return entries, tree

    def read_texts(self, most=300):
        """What was sealed of some of the events, for a reader who has said so."""
        intake = self.suite.endpoint("intake")
        records = [rec for rec in map(bus.rec.Record.FromString, bus.fetch_all(intake).records)
                   if rec.type == bus.rec.EVENT_ACCEPTED and
                   bus.ev.Event.FromString(rec.body).content]
        client, texts = bus.Client(intake), {}
        for record in self.rng.sample(records, min(most, len(records))):
            read = bus.ev.Event(id=f"read-{record.seq}", source="//test/reader",
                                type="tocsin.content.read")
            read.content_read.issue = record.issue
            read.content_read.by, read.content_read.purpose = "test", "whether it is there"
            outcome = client.publish([read.SerializeToString()])[0]
            answer = client.ask("CONTENT", seq=outcome.seq, event_seq=record.seq)
            event = bus.ev.Event.FromString(record.body)
            parts = map(bus.pb.ContentPart.FromString, answer.rows)
            texts[event.source, event.id] = [part.text for part in parts]
        client.close()
        return texts

    def heads(self):
        heads = {}
        for name in self.suite.services:
            client = bus.Client(self.suite.endpoint(name))
            heads[name] = client.status().last_seq
            client.close()
        return heads

    def fetch(self, history):
        """Logs, leaves and tree; False when a clock fired meanwhile, so that they do not match."""
        before = self.heads()
        for name in self.suite.services:
            follower = bus.fetch_all(self.suite.endpoint(name))
            history.logs[name] = checker.Log(name, follower.log_id, follower.records)
            history.final[name] = follower.last_hash()
        if "audit" in history.logs:
            history.leaves, history.tree = self.leaves()
        return before == self.heads()

    def history(self):
        """Everything fetched anew, beside what the watchers saw."""
        history = checker.History(checker.Ledger(
            [os.path.join(self.directory, f"ledger.p{p}.{t}")
             for p in range(self.args.publishers) for t in range(3)]))
        texts = self.read_texts()
        quiet(self)
        until = time.monotonic() + 180
        while not self.fetch(history):
            if time.monotonic() > until:
                raise AssertionError("the logs do not stand still")
            quiet(self)
        for name, watcher in self.watchers.items():
            wanted = len(history.logs[name].packed)
            while len(watcher.follower.records) < wanted and time.monotonic() < until:
                time.sleep(0.05)
            follower = watcher.finish()
            if follower.log_id != history.logs[name].log_id:
                raise AssertionError(f"{name}: the log id changed")
            history.seen[name] = follower.hashes
        history.pager = self.pager
        history.texts = texts
        return history


def quiet(run):
    """Waits until clocks and parked events have fired, so that the logs stand still."""
    until = time.monotonic() + 180
    before, since = None, time.monotonic()
    while time.monotonic() < until and time.monotonic() - since < 2.5:
        run.watch()
        now = [len(w.follower.records) for n, w in run.watchers.items() if n != "audit"]
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(0.1)
    if time.monotonic() - since < 2.5:
        raise AssertionError("the logs do not come to rest")
    run.settle()


def report(args, run, history, damages, seconds):
    logs = " ".join(f"{name}={len(log.records)}" for name, log in history.logs.items())
    ledger = history.ledger
    restarts = sum(s.deaths for s in run.suite.services.values())
    print(f"ok seed={args.seed} kills={run.kills} deaths={restarts} seconds={seconds:.0f} "
          f"sent={len(ledger.sent)} receipts={len(ledger.receipts)} "
          f"duplicates={ledger.repeats} conflicts={ledger.refused} texts={len(history.texts)} "
          f"records: {logs} "
          f"leaves={len(history.leaves)} pages={sum(history.pager.seen.values())} "
          f"pages_repeated={sum(n > 1 for n in history.pager.seen.values())} violations=0 planted_damages_found={damages}", flush=True)


def test(args, directory):
    start = time.monotonic()
    run = Run(args, directory)
    try:
        run.start()
        time.sleep(1.0)
        if args.points:
            run.named_points()
        else:
            run.random_kills()
        time.sleep(1.0)
        run.drain()
        quiet(run)
        history = run.history()
    finally:
        for publisher in run.publishers:
            publisher.kill()
        run.suite.stop()
        run.pager.close()
    violations = checker.check(history)
    for name, text in violations[:40]:
        print(f"invariant {checker.NAMES[name]} ({name}): {text}")
    if violations:
        raise AssertionError(f"{len(violations)} violations")
    report(args, run, history, checker.prove(history), time.monotonic() - start)


def main():
    parser = killing.options(__doc__, 20)
    parser.add_argument("--publishers", type=int, default=2, help="processes, three threads each")
    parser.add_argument("--rate", type=float, default=60, help="events/s of a thread")
    parser.add_argument("--patience", type=float, default=60, help="seconds for a point to come")
    killing.main(parser, __file__, test, also=("rate",))


if __name__ == "__main__":
    main()
