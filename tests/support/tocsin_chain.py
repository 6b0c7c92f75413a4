"""Real services for tests in Python: starts intake, router and notifier, and speaks the wire."""
import hashlib
import os
import pathlib
import secrets
import signal
import subprocess
import time

import zmq

from tocsin.v1 import event_pb2, frame_pb2, record_pb2

BIN = pathlib.Path(os.environ["TOCSIN_BIN"])
PATIENCE_S = 60  # nobody waits that long when things work


class Client:
    """One DEALER to one service."""

    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.tag = secrets.randbits(32)

    def exchange(self, kind, body, answer_kind):
        """Again until the answer is there; everything sent here may be repeated."""
        self.tag += 1
        body.tag = self.tag
        frame = frame_pb2.Frame(version=1, **{kind: body})
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            self.socket.send(frame.SerializeToString())
            while self.socket.poll(500):
                answer = frame_pb2.Frame.FromString(self.socket.recv())
                assert not answer.HasField("refuse"), answer.refuse.detail
                if answer.HasField(answer_kind) and getattr(answer, answer_kind).tag == self.tag:
                    return getattr(answer, answer_kind)
        raise AssertionError(f"no {answer_kind}")

    def publish(self, *events):
        packed = [event.SerializeToString() for event in events]
        receipt = self.exchange("publish", frame_pb2.Publish(events=packed), "receipt")
        for outcome in receipt.outcomes:
            assert outcome.status != frame_pb2.Outcome.REFUSED, outcome.detail
        return receipt.outcomes

    def ask(self, what, message, **words):
        question = frame_pb2.Ask(what=frame_pb2.Ask.What.Value(what), **words)
        return [message.FromString(row) for row in self.exchange("ask", question, "answer").rows]


class Service:
    def __init__(self, name, directory, *options):
        self.name, self.directory, self.options = name, directory, list(options)
        self.endpoint = f"ipc://{directory}/{name}.sock"
        self.environment = {}  # beside this process's own
        self.process = None
        self.log = directory / f"{name}.log"
        self.output = directory / f"{name}.out"

    def start(self):
        with self.log.open("ab") as log, self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [BIN / f"tocsin-{self.name}", f"--data={self.directory}/{self.name}",
                 f"--bind={self.endpoint}", *self.options],
                stdout=output, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment})

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """The exit status of an orderly stop."""
        self.process.terminate()
        return self.process.wait(timeout=PATIENCE_S)


class Chain:
    """intake -> router -> notifier; an issue with risk critical opens an alert at once."""

    def __init__(self, directory, policy, *notifier_options, clock="wall"):
        key = directory / "issue.key"
        key.write_bytes(bytes(range(32)))
        key.chmod(0o600)
        clock = f"--clock={clock}"
        self.intake = Service("intake", directory, f"--issue-key={key}", "--control", clock)
        self.router = Service("router", directory, clock,
                              f"--upstream=intake={self.intake.endpoint}")
        self.notifier = Service("notifier", directory, clock,
                                f"--upstream=intake={self.intake.endpoint}",
                                f"--upstream=router={self.router.endpoint}", *notifier_options)
        self.number = 0
        for service in (self.intake, self.router, self.notifier):
            service.start()
        self.publisher = Client(self.intake.endpoint)
        self._apply(policy.encode())

    def _apply(self, text):
        digest = hashlib.sha256(text).digest()
        pieces = [text[i:i + 1000] for i in range(0, len(text), 1000)]
        events = []
        for index, piece in enumerate(pieces):
            part = event_pb2.Event(id=f"part-{index}", source="test", type="tocsin.policy.part")
            part.policy_part.CopyFrom(event_pb2.PolicyPart(
                hash=digest, index=index, count=len(pieces), text=piece))
            events.append(part)
        applied = event_pb2.Event(id="applied", source="test", type="tocsin.policy.applied")
        applied.policy_applied.CopyFrom(event_pb2.PolicyApplied(
            hash=digest, version=1, size=len(text), by="test"))
        self.publisher.publish(*events, applied)

    def opened(self, category, **words):
        """An event that opens a critical issue; publish it."""
        self.number += 1
        event = event_pb2.Event(id=f"open-{self.number}", source="shop/eu", **words,
                                type="tocsin.issue.opened", subject=f"T-{self.number}")
        event.issue_opened.category = category
        event.issue_opened.channel = "web"
        event.issue_opened.risk = event_pb2.RISK_CRITICAL
        event.issue_opened.priority = event_pb2.PRIORITY_P1
        return event

    def open(self, category, **words):
        """Opens a critical issue; returns its id."""
        return self.publisher.publish(self.opened(category, **words))[0].issue

    def act(self, verb, alert, by="ana"):
        event = event_pb2.Event(id=secrets.token_hex(8), source="test",
                                type=f"tocsin.alert.{verb}")
        event.alert.alert = alert
        event.alert.by = by
        self.publisher.publish(event)

    def alerts(self, **words):
        return Client(self.notifier.endpoint).ask("ALERTS", record_pb2.Alert, all=True, **words)

    def pages(self, alert):
        return Client(self.notifier.endpoint).ask("PAGES", record_pb2.Page, id=alert)

    def history(self, alert):
        """(type, page or None, reason) of an alert's records, oldest first."""
        rows = Client(self.notifier.endpoint).ask("HISTORY", record_pb2.Record, id=alert)
        told = []
        for record in reversed(rows):
            change = record_pb2.AlertChange.FromString(record.body)
            page = change.page if change.HasField("page") else None
            told.append((record_pb2.RecordType.Name(record.type), page, change.reason))
        return told

    def wait_until(self, what, condition):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            result = condition()
            if result:
                return result
            time.sleep(0.01)
        raise AssertionError(f"it never came to this: {what}")

    def alert_of(self, issue):
        return self.wait_until("an alert is open", lambda: next(
            (alert for alert in self.alerts() if alert.issue == issue), None))

    def pages_in(self, alert, *states):
        """The pages of an alert, once these are their states."""
        wanted = [record_pb2.PageState.Value(f"PAGE_{state}") for state in states]
        return self.wait_until(f"pages are {states}", lambda: (
            lambda pages: pages if [page.state for page in pages] == wanted else None)(
                self.pages(alert)))

    def close(self):
        """Nobody may have ended on its own."""
        ended = []
        for service in (self.notifier, self.router, self.intake):
            if service.process.poll() is None:
                service.kill()
            else:
                ended.append(service)
            print(f"--- {service.name}\n{service.log.read_text()}")  # shown when a test fails
        assert not ended, f"{[service.name for service in ended]} ended early"
