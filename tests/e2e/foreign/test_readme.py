"""The programs of proto/README.md, run as they stand there, against a real tocsin-intake."""
import hashlib
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import threading

import pytest
import zmq

from tocsin.v1 import event_pb2, frame_pb2, record_pb2

SOURCE = pathlib.Path(os.environ["TOCSIN_SOURCE"])
INTAKE = pathlib.Path(os.environ["TOCSIN_BIN"]) / "tocsin-intake"
PATIENCE_S = 60  # nobody waits that long when things work


@pytest.fixture
def programs(tmp_path):
    """The fenced Python blocks whose first line names a file, written to that file."""
    text = (SOURCE / "proto/README.md").read_text()
    found = {}
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S):
        name = re.match(r"# (\w+\.py) ", block).group(1)
        found[name] = tmp_path / name
        found[name].write_text(block)
    assert sorted(found) == ["follower.py", "publisher.py"]
    return found


class Intake:
    def __init__(self, directory):
        self.directory = directory
        self.endpoint = f"ipc://{directory}/intake.sock"
        key = directory / "issue.key"
        key.write_bytes(bytes(range(32)))
        key.chmod(0o600)
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [INTAKE, f"--data={self.directory}/intake", f"--bind={self.endpoint}",
             f"--issue-key={self.directory}/issue.key"])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def intake(tmp_path):
    service = Intake(tmp_path)
    service.start()
    yield service
    service.kill()


def run_publisher(programs, endpoint):
    done = subprocess.run([sys.executable, programs["publisher.py"], endpoint],
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


class Follower:
    def __init__(self, programs, endpoint, cursor):
        self.cursor = cursor
        self.process = subprocess.Popen([sys.executable, programs["follower.py"], endpoint, cursor],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.printed = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.printed.put(line.split())

    def line(self):
        return self.printed.get(timeout=PATIENCE_S)

    def lines(self, count):
        return [self.line() for _ in range(count)]

    def wait_for_cursor(self, seq):
        """The cursor is written after the lines that it stands for."""
        for _ in range(PATIENCE_S * 100):
            if self.cursor.exists() and json.loads(self.cursor.read_text())["seq"] >= seq:
                return
            self.reader.join(timeout=0.01)
        raise AssertionError("the follower wrote no cursor")

    def end(self):
        """Kills it as a crash would; what it had said on standard error."""
        self.process.kill()
        return self.wait()

    def wait(self):
        self.process.wait(timeout=PATIENCE_S)
        self.reader.join()
        with self.process.stdout, self.process.stderr:
            return self.process.stderr.read()


def test_publisher_hears_accepted_then_duplicate(programs, intake):
    first = run_publisher(programs, intake.endpoint)
    assert [row[0] for row in first] == ["ACCEPTED"] * 3
    assert [row[1] for row in first] == ["1", "2", "3"]
    assert len({row[2] for row in first}) == 3, "each subject is an issue of its own"
    again = run_publisher(programs, intake.endpoint)
    assert [row[0] for row in again] == ["DUPLICATE"] * 3
    assert [row[1:] for row in again] == [row[1:] for row in first]


def test_what_was_accepted_outlives_a_kill(programs, intake):
    first = run_publisher(programs, intake.endpoint)
    intake.kill()
    intake.start()
    again = run_publisher(programs, intake.endpoint)
    assert [row[0] for row in again] == ["DUPLICATE"] * 3
    assert [row[1:] for row in again] == [row[1:] for row in first]


def test_follower_sees_every_record_and_goes_on_behind_its_cursor(programs, intake, tmp_path):
    cursor = tmp_path / "cursor"
    receipts = run_publisher(programs, intake.endpoint)
    follower = Follower(programs, intake.endpoint, cursor)
    rows = follower.lines(3)
    assert rows == [[row[1], "EVENT_ACCEPTED", row[2]] for row in receipts]
    follower.wait_for_cursor(3)
    assert follower.end() == ""

    publish(intake.endpoint, [opened("later", "T-later")])
    follower = Follower(programs, intake.endpoint, cursor)
    assert follower.line()[:2] == ["4", "EVENT_ACCEPTED"], "what it had does not come again"
    follower.wait_for_cursor(4)
    assert follower.end() == ""


def test_follower_goes_on_when_the_service_was_killed(programs, intake, tmp_path):
    follower = Follower(programs, intake.endpoint, tmp_path / "cursor")
    run_publisher(programs, intake.endpoint)
    assert [row[0] for row in follower.lines(3)] == ["1", "2", "3"]
    intake.kill()
    intake.start()
    publish(intake.endpoint, [opened("later", "T-later")])
    assert follower.line()[0] == "4"
    assert follower.end() == ""


def test_follower_takes_more_than_its_credit(programs, intake, tmp_path):
    count, many = 8000, 1000
    events = [opened(f"{n:0100}", f"T-{n:0100}") for n in range(count)]
    assert sum(map(len, events)) > 3 * 2**19, "a mebibyte is not enough: it has to be renewed"
    for first in range(0, count, many):
        outcomes = publish(intake.endpoint, events[first:first + many])
        assert {outcome.status for outcome in outcomes} == {frame_pb2.Outcome.ACCEPTED}
    follower = Follower(programs, intake.endpoint, tmp_path / "cursor")
    assert [row[0] for row in follower.lines(count)] == [str(n) for n in range(1, count + 1)]
    assert follower.end() == ""


def test_follower_refuses_a_log_that_is_not_the_one_it_followed(programs, intake, tmp_path):
    cursor = tmp_path / "cursor"
    run_publisher(programs, intake.endpoint)
    follower = Follower(programs, intake.endpoint, cursor)
    follower.lines(3)
    follower.wait_for_cursor(3)
    follower.end()
    forged = json.loads(cursor.read_text())
    forged["hash"] = hashlib.sha256(b"another history").hexdigest()
    cursor.write_text(json.dumps(forged))
    follower = Follower(programs, intake.endpoint, cursor)
    assert follower.wait().startswith("refused: REFUSE_FORKED")
    assert follower.process.returncode == 1


# --- the same wire, by hand ---------------------------------------------------------------------

def opened(id, subject):
    event = event_pb2.Event(id=id, source="test", type="tocsin.issue.opened", subject=subject)
    event.issue_opened.channel = "email"
    return event.SerializeToString()


def exchange(endpoint, message):
    """One answer to one raw message; sent again until there is one."""
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(endpoint)
    try:
        for _ in range(PATIENCE_S):
            socket.send(message)
            if socket.poll(1000):
                return frame_pb2.Frame.FromString(socket.recv())
    finally:
        socket.close()
    raise AssertionError("no answer")


def publish(endpoint, events):
    frame = frame_pb2.Frame(version=1, publish=frame_pb2.Publish(tag=7, events=events))
    answer = exchange(endpoint, frame.SerializeToString())
    assert answer.receipt.tag == 7
    return answer.receipt.outcomes


def test_each_event_of_a_publish_is_judged_by_itself(intake):
    nameless = event_pb2.Event(source="test", type="tocsin.issue.opened")
    nameless.issue_opened.channel = "email"
    unknown = event_pb2.Event(id="3", source="test", type="tocsin.issue.imagined")
    outcomes = publish(intake.endpoint, [opened("1", "T-1"), nameless.SerializeToString(),
                                         unknown.SerializeToString(), b"\xff\xff", opened("5", "T-5")])
    status = frame_pb2.Outcome
    assert [o.status for o in outcomes] == [status.ACCEPTED, status.REFUSED, status.REFUSED,
                                            status.REFUSED, status.ACCEPTED]
    reasons = [record_pb2.RefuseReason.Name(o.reason) for o in outcomes]
    assert reasons[1:4] == ["REFUSE_MISSING_FIELD", "REFUSE_UNKNOWN_TYPE", "REFUSE_MALFORMED"]
    assert all(o.detail for o in outcomes[1:4]), "a refusal says what to change"


def test_the_same_id_with_another_body_is_a_conflict(intake):
    publish(intake.endpoint, [opened("1", "T-1")])
    (outcome,) = publish(intake.endpoint, [opened("1", "T-2")])
    assert record_pb2.RefuseReason.Name(outcome.reason) == "REFUSE_CONFLICT"


@pytest.mark.parametrize("message", [b"", b"\x00", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000])
def test_what_is_no_frame_is_refused_and_harms_nobody(intake, message):
    answer = exchange(intake.endpoint, message)
    assert answer.WhichOneof("kind") == "refuse"
    (outcome,) = publish(intake.endpoint, [opened("after", "T-1")])
    assert outcome.status == frame_pb2.Outcome.ACCEPTED


def test_a_wire_version_that_is_not_spoken_is_refused(intake):
    hello = frame_pb2.Hello(min_version=2, max_version=9, session=1)
    answer = exchange(intake.endpoint, frame_pb2.Frame(version=1, hello=hello).SerializeToString())
    assert record_pb2.RefuseReason.Name(answer.refuse.reason) == "REFUSE_VERSION"
