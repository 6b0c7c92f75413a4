"""The bus as a foreign client sees it: Hello, Publish, Fetch and Ask over ZeroMQ and protobuf.

Nothing here comes from the services but the .proto files, compiled by protoc into BUILD/gen_py.
"""
import hashlib
import os
import sys
import time

import zmq

ISSUE_CLASS = 1


def use_build(build):
    """Makes the generated classes importable; to be called before anything else here."""
    sys.path.insert(0, os.path.join(build, "gen_py"))
    global pb, rec, ev
    from tocsin.v1 import event_pb2, frame_pb2, record_pb2
    pb, rec, ev = frame_pb2, record_pb2, event_pb2


class Refused(Exception):
    """A Refuse frame; `reason` is its number."""

    def __init__(self, refuse):
        name = rec.RefuseReason.Name(refuse.reason)
        super().__init__(f"{name}: {refuse.detail}")
        self.reason, self.name, self.retry_ms = refuse.reason, name, refuse.retry_ms


class Silent(Exception):
    """No answer in time: the service is down, or the connection was lost."""


class Client:
    """One DEALER connection. Used by one thread."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.socket = None
        self.tag = int.from_bytes(os.urandom(4), "big") << 20
        self.reconnect()

    def reconnect(self):
        self.close()
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 20)
        self.socket.setsockopt(zmq.SNDHWM, 10000)
        self.socket.connect(self.endpoint)

    def close(self):
        if self.socket is not None:
            self.socket.close(0)
        self.socket = None

    def send(self, frame):
        """False when it cannot go out now."""
        frame.version = 1
        return self.send_raw(frame.SerializeToString())

    def send_raw(self, data):
        try:
            self.socket.send(data, zmq.DONTWAIT)
            return True
        except zmq.Again:
            return False

    def receive(self, timeout_s):
        """The next frame, or None."""
        if not self.socket.poll(max(0, int(timeout_s * 1000))):
            return None
        frame = pb.Frame()
        frame.ParseFromString(self.socket.recv_multipart()[-1])
        return frame

    def call(self, frame, kind, timeout_s=2.0):
        """Sends and waits for a frame of `kind`; others are passed over."""
        until = time.monotonic() + timeout_s
        while not self.send(frame):
            if time.monotonic() > until:
                raise Silent(f"{self.endpoint} takes nothing")
            time.sleep(0.01)
        while (left := until - time.monotonic()) > 0:
            answer = self.receive(left)
            if answer is None:
                break
            if answer.WhichOneof("kind") == kind:
                return getattr(answer, kind)
            if answer.WhichOneof("kind") == "refuse":
                raise Refused(answer.refuse)
        raise Silent(f"{self.endpoint} did not answer with {kind}")

    def hello(self, timeout_s=10.0):
        frame = pb.Frame()
        frame.hello.min_version = frame.hello.max_version = 1
        frame.hello.session = int.from_bytes(os.urandom(8), "big")
        frame.hello.name = "crash-test"
        return self.call(frame, "hello", timeout_s)

    def publish(self, events, timeout_s=20.0):
        """One Publish of packed events; its outcomes. Raises Silent: nobody knows what became."""
        frame = pb.Frame()
        self.tag += 1
        frame.publish.tag = self.tag
        frame.publish.events.extend(events)
        until = time.monotonic() + timeout_s
        receipt = self.call(frame, "receipt", timeout_s)
        while receipt.tag != self.tag:
            answer = self.receive(max(0, until - time.monotonic()))
            if answer is None:
                raise Silent("no receipt")
            if answer.WhichOneof("kind") == "receipt":
                receipt = answer.receipt
        return list(receipt.outcomes)

    def ask(self, what, timeout_s=10.0, **fields):
        frame = pb.Frame()
        self.tag += 1
        frame.ask.tag = self.tag
        frame.ask.what = getattr(pb.Ask, what)
        for name, value in fields.items():
            setattr(frame.ask, name, value)
        return self.call(frame, "answer", timeout_s)

    def status(self, timeout_s=10.0):
        status = pb.Status()
        status.ParseFromString(self.ask("STATUS", timeout_s).rows[0])
        return status


def chain(before, record):
    return hashlib.sha256(before + record).digest()


class Damaged(Exception):
    """What came over the bus contradicts itself or what came before."""


class Follower:
    """Follows one log from its first record; keeps every record and checks the chain on the way.

    A reconnect goes on behind what is here and names its hash, so a log that was shortened or
    rewritten by a restart is refused by the service or found here.
    """

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.client = None
        self.log_id = 0
        self.records = []      # packed; records[i] has seq i + 1
        self.hashes = []
        self.head = 0
        self.stream = 0
        self.received = self.granted = 0
        self.asked = self.heard = 0.0
        self.restarts = 0

    def last_hash(self):
        return self.hashes[-1] if self.hashes else bytes(32)

    def _fetch(self):
        frame = pb.Frame()
        fetch = frame.fetch
        fetch.stream, fetch.log_id = self.stream, self.log_id
        fetch.from_seq = len(self.records) + 1
        if self.records:
            fetch.hash = self.last_hash()
        fetch.partition_mask = 2 ** 64 - 1
        self.granted = self.received + (1 << 20)
        fetch.granted_bytes, fetch.done_seq = self.granted, len(self.records)
        self.client.send(frame)
        self.asked = time.monotonic()

    def _start(self):
        if self.client is None:
            self.client = Client(self.endpoint)
        else:
            self.client.reconnect()
        self.restarts += 1
        hello = self.client.hello(1.0)
        if self.log_id not in (0, hello.log_id):
            raise Damaged(f"{self.endpoint}: the log id changed")
        if hello.last_seq < len(self.records):
            raise Damaged(f"{self.endpoint}: the log ends at {hello.last_seq}, "
                          f"record {len(self.records)} was shown before")
        self.log_id = hello.log_id
        self.stream = int.from_bytes(os.urandom(4), "big") | 1
        self.received = 0
        self._fetch()
        self.heard = time.monotonic()

    def _take(self, batch):
        if batch.prev_seq != len(self.records):
            raise Damaged(f"{self.endpoint}: a batch begins behind {batch.prev_seq}, "
                          f"not {len(self.records)}")
        for packed in batch.records:
            self.received += len(packed)
            self.hashes.append(chain(self.last_hash(), packed))
            self.records.append(packed)
        if batch.through_seq != len(self.records) or batch.through_hash != self.last_hash():
            raise Damaged(f"{self.endpoint}: the chain differs at {batch.through_seq}")
        self.head = max(self.head, batch.head_seq)

    def step(self, timeout_s):
        """Takes what comes within the time; a service that is down is no error."""
        if self.stream == 0:
            try:
                self._start()
            except Silent:
                return
        frame = self.client.receive(timeout_s)
        now = time.monotonic()
        if frame is not None:
            self.heard = now
            kind = frame.WhichOneof("kind")
            if kind == "refuse" and frame.refuse.stream in (0, self.stream):
                raise Refused(frame.refuse)
            if kind == "batch" and frame.batch.stream == self.stream:
                self._take(frame.batch)
            if kind == "promise" and frame.promise.stream == self.stream:
                if frame.promise.through_seq != len(self.records):
                    self.stream = 0 # a batch was lost with the connection
                    return
                self.head = max(self.head, frame.promise.head_seq)
        if now - self.heard > 1.0:
            self.stream = 0
        elif now - self.asked > 0.8 or self.granted - self.received < 1 << 19:
            self._fetch()

    def close(self):
        if self.client is not None:
            self.client.close()
        self.client = None
        self.stream = 0


def fetch_all(endpoint, timeout_s=60.0):
    """The whole log as it stands at the call, by a follower of its own."""
    follower = Follower(endpoint)
    until = time.monotonic() + timeout_s
    last = None
    while last is None or len(follower.records) < last:
        if time.monotonic() > until:
            raise Silent(f"{endpoint}: the log did not come in {timeout_s} s")
        follower.step(0.2)
        if last is None and follower.stream != 0:
            last = Client(endpoint).hello().last_seq
    follower.close()
    return follower
