"""Ends outcomes around its sends: nothing is lost, repeats carry the same id, an issue's order is kept.

    outcomes.py --build build/release [--kills 15]     kill -9 at any moment
    outcomes.py --build build/asan --points            _exit at every named point around a send
"""
import json
import os
import random
import subprocess
import sys
import time

import bus
import killing
import kills
import suite

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

from fake_provider import Provider  # noqa: E402

POINTS = ("outcome_sending", "send_connected", "send_answering", "outcome_answered", "outcome_told",
          "mid_turn", "before_commit", "after_commit_before_send", "mid_load")
STATES = ("SOLVED", "OPEN", "SOLVED", "CLOSED")  # of each issue after it was opened
PATIENCE_S = 120


class Run:
    def __init__(self, args, directory):
        self.args, self.directory = args, directory
        self.rng = random.Random(args.seed)
        self.provider = Provider()
        # Some answers fail, so that some of what a crash meets waits for its next try.
        self.provider.behave("/in", *(self.rng.choice(["200", "200", "200", "500", "reset"])
                                      for _ in range(100)), "200")
        self.suite = suite.Suite(args.build, directory, ["intake", "router", "sla", "outcomes"],
                                 options=["--batch", "64"])
        self.issues = 0

    def start(self):
        self.suite.start()
        kills.apply_policy(self.suite.endpoint("intake"), os.path.join(HERE, "policy.yaml"))
        subprocess.run(
            [os.path.join(self.args.build, "services/tocsin"), "subscribe", "add", "--by", "test",
             "--url", self.provider.url("/in"), *(word for name in ("intake", "outcomes")
             for word in ("--at", f"{name}={self.suite.endpoint(name)}"))],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def publish(self, issues):
        """New issues and their whole lives."""
        events = []
        for number in range(self.issues, self.issues + issues):
            event = bus.ev.Event(id=f"{number}", source="//test/shop", subject=f"T-{number}",
                                 type="tocsin.issue.opened")
            event.issue_opened.channel = "web"
            events.append(event)
        for at, state in enumerate(STATES):
            for number in range(self.issues, self.issues + issues):
                event = bus.ev.Event(id=f"{number}.{at}", source="//test/shop",
                                     subject=f"T-{number}", type="tocsin.issue.status")
                event.issue_status.state = getattr(bus.ev, "ISSUE_STATE_" + state)
                events.append(event)
        self.issues += issues
        client = bus.Client(self.suite.endpoint("intake"))
        for outcome in client.publish([event.SerializeToString() for event in events]):
            assert outcome.status == bus.pb.Outcome.ACCEPTED, outcome.detail
        client.close()

    def random_kills(self):
        for _ in range(self.args.kills):
            self.publish(8)
            time.sleep(self.rng.choice([0, 0.02, 0.1, 0.3, 0.8]))
            self.suite.services["outcomes"].kill()

    def named_points(self):
        service = self.suite.services["outcomes"]
        for point in POINTS:
            for nth in (1,) if point == "mid_load" else (1, self.rng.randint(2, 12)):
                service.die_at(point, nth, lambda: (self.publish(2), time.sleep(0.1)), PATIENCE_S)
            print(f"point={point} deaths={len(service.codes)}", flush=True)

    # --- what came of it ---------------------------------------------------------------------

    def wanted(self):
        """The outcomes in the log, by the id that they are sent under."""
        follower = bus.fetch_all(self.suite.endpoint("outcomes"))
        records = map(bus.rec.Record.FromString, follower.records)
        return {f"{follower.log_id:016x}-{record.seq}": record for record in records
                if record.type == bus.rec.ISSUE_OUTCOME}

    def settled(self):
        """Every service has applied what it follows."""
        heads, followed = {}, []
        for name in self.suite.services:
            client = bus.Client(self.suite.endpoint(name))
            status = client.status()
            client.close()
            heads[name] = status.last_seq
            followed += [(upstream.endpoint, upstream.cursor_seq) for upstream in status.upstreams]
        return all(cursor >= heads[name] for name, cursor in followed)

    def arrived(self):
        try:
            if not self.settled():
                return False
            wanted = self.wanted().keys()
        except bus.Silent:  # it starts
            return False
        return wanted and wanted <= {request.id for request in self.provider.of("/in")}

    def check(self):
        until = time.monotonic() + PATIENCE_S
        suite.wait_up(self.suite.endpoint("outcomes"))
        while not self.arrived():
            assert time.monotonic() < until, "some never arrived"
            time.sleep(0.5)
        wanted, bodies, firsts = self.wanted(), {}, {}
        for request in self.provider.of("/in"):
            assert request.id in wanted, f"{request.id} is not in the log"
            if bodies.setdefault(request.id, request.body) != request.body:
                raise AssertionError(f"{request.id} was sent with another body")
            event = json.loads(request.body)
            assert event["id"] == request.id
            order = firsts.setdefault(event["data"]["issue"], [])
            if request.id not in order:
                order.append(request.id)
        for issue, ids in firsts.items():
            seqs = [wanted[id].seq for id in ids]
            assert seqs == sorted(seqs), f"{issue}: {seqs}"
        assert len(firsts) == self.issues
        return len(wanted), len(self.provider.of("/in")) - len(wanted)


def test(args, directory):
    run = Run(args, directory)
    try:
        run.start()
        if args.points:
            run.named_points()
        else:
            run.random_kills()
        sent, repeats = run.check()
    finally:
        suite.stop_all()
        run.provider.close()
    service = run.suite.services["outcomes"]
    service.check_deaths()
    print(f"ok seed={args.seed} deaths={service.deaths} issues={run.issues} outcomes={sent} "
          f"repeats_and_failures={repeats}")


def main():
    killing.main(killing.options(__doc__, 15), __file__, test)


if __name__ == "__main__":
    main()
