"""A publisher with windows, resends, repeats and conflicts; keeps a ledger of its own.

Ledger, one line each, flushed before it is acted on:
  S KIND SOURCE ID EVENT_HEX            about to be sent for the first time; KIND fresh or conflict
  R KIND SOURCE ID STATUS LOG SEQ REASON  a receipt; KIND fresh, repeat or conflict

SIGTERM: sends nothing new, waits until everything sent has its receipt, and exits with 0.
"""
import argparse
import random
import signal
import sys
import threading
import time

import bus

stopping = threading.Event()
ISSUES_OPEN = 40        # per connection: small enough that issues get long histories
RESEND_S = 1.0
WINDOW = 16             # Publish frames under way per connection


class Connection(threading.Thread):
    """One source on one connection."""

    def __init__(self, args, number):
        super().__init__()
        self.rng = random.Random(f"{args.seed}/{args.name}/{number}")
        self.source = f"//crash/{args.name}/{number}"
        self.args = args
        self.ledger = open(f"{args.ledger}.{number}", "w", encoding="ascii")
        self.client = bus.Client(args.endpoint)
        self.client.socket.setsockopt(bus.zmq.IMMEDIATE, 1)
        self.count = 0
        self.issues = []
        self.pending = {}   # tag -> [sent at, [(kind, id, event bytes)]]
        self.accepted = []  # (id, event bytes), the latest
        self.tag = 0
        self.trouble = []

    def note(self, *words):
        self.ledger.write(" ".join(map(str, words)) + "\n")
        self.ledger.flush()

    # --- what is sent --------------------------------------------------------------------

    def event(self, event_id, subject):
        event = bus.ev.Event(id=event_id, source=self.source, subject=subject)
        event.time_ms = int(time.time() * 1000)
        return event

    def pad(self, least=0, most=120):
        return "x" * self.rng.randint(least, most)

    def opened(self, event, subject):
        event.type = "tocsin.issue.opened"
        body = event.issue_opened
        body.channel = self.rng.choice(["web", "chat", "email", "appeal"])
        body.language = self.rng.choice(["en", "pt", "hi", "de"])
        body.category = self.rng.choice(["minor_safety", "scam", "question"]) + self.pad(0, 20)
        body.requester = self.pad()
        body.priority = self.rng.randint(0, 4)
        for _ in range(self.rng.randint(0, 4)):
            body.tags.append(self.pad(1, 30))
        self.issues.append(subject)
        if len(self.issues) > ISSUES_OPEN:
            self.issues.pop(self.rng.randrange(len(self.issues)))

    def later(self, event):
        kind = self.rng.randrange(5)
        if kind == 0:
            event.type = "tocsin.issue.status"
            event.issue_status.state = self.rng.randint(2, 5)
            event.issue_status.reason = self.pad()
        elif kind == 1:
            event.type = "tocsin.issue.classified"
            event.issue_classified.priority = self.rng.randint(1, 4)
        elif kind == 2:
            event.type = "tocsin.issue.rated"
            event.issue_rated.score = self.rng.randint(1, 5)
        else:
            event.type = "tocsin.issue.message"
            event.issue_message.direction = self.rng.randint(1, 3)
            event.issue_message.agent = self.pad()

    def said(self, event):
        """What somebody wrote, in classes in which intake looks for no facts."""
        event.private.person = f"person-{self.rng.randrange(200)}@example.com"
        for number in range(self.rng.randint(1, 3)):
            event.private.texts.add(**{"class": "contact"}, name=f"text{number}",
                                    text=(f"{self.source} {event.id} " + self.pad(0, 3000)).encode())

    def fresh(self):
        self.count += 1
        event_id = f"e{self.count}"
        if not self.issues or self.rng.random() < 0.15:
            subject = f"i{self.count}"
            event = self.event(event_id, subject)
            if self.rng.random() < 0.03: # its opening comes later, or never
                self.issues.append(subject)
                self.later(event)
            else:
                self.opened(event, subject)
        else:
            event = self.event(event_id, self.rng.choice(self.issues))
            self.later(event)
        if event.WhichOneof("body") in ("issue_opened", "issue_message") and self.rng.random() < 0.3:
            self.said(event)
        return event_id, event.SerializeToString(deterministic=True)

    def item(self):
        if self.accepted and self.rng.random() < 0.03:
            return ("repeat", *self.rng.choice(self.accepted))
        if self.accepted and self.rng.random() < 0.01:
            event_id, data = self.rng.choice(self.accepted)
            event = bus.ev.Event.FromString(data)
            event.subject += "-another"
            data = event.SerializeToString(deterministic=True)
            self.note("S", "conflict", self.source, event_id, data.hex())
            return "conflict", event_id, data
        event_id, data = self.fresh()
        self.note("S", "fresh", self.source, event_id, data.hex())
        return "fresh", event_id, data

    def send(self, tag):
        frame = bus.pb.Frame()
        frame.publish.tag = tag
        frame.publish.events.extend(item[2] for item in self.pending[tag][1])
        self.pending[tag][0] = time.monotonic()
        self.client.send(frame)

    # --- what comes back -----------------------------------------------------------------

    def settle(self, item, outcome):
        """True when the item needs no further sending."""
        kind, event_id, data = item
        status = bus.pb.Outcome.Status.Name(outcome.status)
        reason = bus.rec.RefuseReason.Name(outcome.reason)
        if status == "REFUSED" and reason == "REFUSE_FULL":
            if outcome.retry_ms == 0:
                self.trouble.append(f"{event_id}: full without a retry hint")
            return False
        self.note("R", kind, self.source, event_id, status, outcome.log_id, outcome.seq, reason)
        if kind == "conflict" and reason != "REFUSE_CONFLICT":
            self.trouble.append(f"{event_id}: a conflict came back {status} {reason}")
        if kind == "repeat" and status != "DUPLICATE":
            self.trouble.append(f"{event_id}: a repeat came back {status} {reason}")
        if kind == "fresh" and status == "REFUSED":
            self.trouble.append(f"{event_id}: {reason} {outcome.detail}")
        if kind == "fresh":
            self.accepted.append((event_id, data))
            if len(self.accepted) > 2000:
                self.accepted.pop(self.rng.randrange(1000))
        return True

    def on_receipt(self, receipt):
        if receipt.tag not in self.pending:
            return # of a frame sent twice
        items = self.pending.pop(receipt.tag)[1]
        left = [item for i, item in enumerate(items)
                if i >= len(receipt.outcomes) or not self.settle(item, receipt.outcomes[i])]
        if left:
            self.tag += 1
            self.pending[self.tag] = [time.monotonic(), left] # sent again by resend

    def resend(self):
        now = time.monotonic()
        late = [tag for tag, (sent, _) in self.pending.items() if now - sent > RESEND_S]
        if late:
            if self.rng.random() < 0.5:
                self.client.reconnect()
            for tag in late:
                self.send(tag)

    def run(self):
        start = time.monotonic()
        while not stopping.is_set() or self.pending:
            allowed = (time.monotonic() - start) * self.args.rate
            while (not stopping.is_set() and len(self.pending) < WINDOW and
                   self.count < allowed):
                self.tag += 1
                items = [self.item() for _ in range(self.rng.choice([1, 1, 1, 2, 3, 8, 30]))]
                self.pending[self.tag] = [0, items]
                self.send(self.tag)
            frame = self.client.receive(0.02)
            while frame is not None:
                if frame.WhichOneof("kind") == "receipt":
                    self.on_receipt(frame.receipt)
                elif frame.WhichOneof("kind") == "refuse":
                    self.trouble.append(f"refused: {frame.refuse.detail}")
                frame = self.client.receive(0)
            self.resend()
        self.ledger.close()
        self.client.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=3)
    parser.add_argument("--rate", type=float, default=100, help="events/s per connection")
    args = parser.parse_args()
    bus.use_build(args.build)
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    connections = [Connection(args, number) for number in range(args.threads)]
    for connection in connections:
        connection.start()
    for connection in connections:
        while connection.is_alive():
            connection.join(0.5) # a plain join would hold back the signal
    trouble = [text for connection in connections for text in connection.trouble]
    for text in trouble[:20]:
        print(f"publisher {args.name}: {text}", file=sys.stderr)
    sys.exit(1 if trouble else 0)


if __name__ == "__main__":
    main()
