"""No receipt leaves intake before the sync of the commit that holds its event (invariant 8).

Runs tocsin-intake under strace with one publisher and walks the trace. For every event, in this
order: it was received; a write to the store that contains it was completed; after that an fdatasync
of the store was completed; after that a write of the store's meta page through the descriptor
opened with O_DSYNC was completed; only then does a send begin that contains its receipt.

    sync_before_ack.py --build build/release [--events N]

Exits with 77 when strace is not there or may not trace.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import bus
import suite

CALLS = "openat,pwrite64,pwritev,write,writev,fdatasync,fsync,msync,sendto,sendmsg,recvfrom,read"
LINE = re.compile(r"^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$")
TAG_BASE = 0x1a57c3e90b6d0000 # nine bytes as a varint, which nothing else in the trace looks like


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def escaped(data):
    """As strace -xx prints it."""
    return "".join(f"\\x{byte:02x}" for byte in data)


class Call:
    """A system call: where in the trace it began and ended."""

    def __init__(self, name, text, begin):
        self.name, self.text, self.begin = name, text, begin
        self.end, self.result = None, None

    def descriptor(self):
        return int(re.match(r"\d+", self.text).group())


def parse(lines):
    """The calls in the order of their beginnings; those that never returned have no end."""
    calls, open_calls = [], {}
    for number, line in enumerate(lines):
        match = LINE.match(line)
        if match is None:
            continue
        pid, resumed, name, rest = match.groups()
        if resumed:
            call = open_calls.pop(pid, None)
            if call is None:
                continue
            call.text += rest
        else:
            call = Call(name, rest, number)
            calls.append(call)
        if rest.endswith("<unfinished ...>"):
            open_calls[pid] = call
            continue
        call.end = number
        call.result = call.text.rsplit("= ", 1)[-1]
    return calls


def store_descriptors(calls):
    """(descriptors of the store's file, those of them that are O_DSYNC)."""
    plain, synced = set(), set()
    for call in calls:
        if call.name == "openat" and escaped(b"data.mdb") in call.text and \
                ("O_WRONLY" in call.text or "O_RDWR" in call.text):
            number = int(call.result.split()[0])
            plain.add(number)
            if "O_DSYNC" in call.text:
                synced.add(number)
    return plain, synced


def first(calls, after, names, wanted):
    """The end of the first call of `names` that begins after line `after` and fits; None."""
    for call in calls:
        if call.begin > after and call.name in names and call.end is not None and \
                not call.result.startswith("-1") and wanted(call):
            return call.end
    return None


def violations(calls, events):
    """`events`: (id, tag) of everything that was acknowledged."""
    plain, synced = store_descriptors(calls)
    writes = ("pwrite64", "pwritev", "write", "writev")
    found = []
    if not plain or not synced:
        return ["the trace shows no store opened for writing with O_DSYNC"]
    at = 0
    for event_id, tag in events:
        id_text, tag_text = escaped(event_id.encode()), escaped(varint(tag))
        mine = [c for c in calls[at:] if id_text in c.text or tag_text in c.text or
                c.name in ("fdatasync", *writes)]
        sends = [c for c in mine if c.name in ("sendto", "sendmsg", "write", "writev") and
                 tag_text in c.text and (c.name[0] == "s" or c.descriptor() not in plain)]
        got = first(mine, -1, ("recvfrom", "read"), lambda c: id_text in c.text)
        step = got
        for names, wanted in (
                (writes, lambda c: c.descriptor() in plain and id_text in c.text),
                (("fdatasync",), lambda c: c.descriptor() in plain),
                (writes, lambda c: c.descriptor() in synced)):
            step = None if step is None else first(mine, step, names, wanted)
        if not sends:
            found.append(f"{event_id}: its receipt is not in the trace")
        elif step is None or sends[0].begin <= step:
            found.append(f"{event_id}: its receipt began at line {sends[0].begin}, "
                         f"its commit was durable at {step}")
        if got is not None:
            while at < len(calls) and calls[at].begin < got - 200:
                at += 1
    return found


def publish(endpoint, count):
    """`count` events, the first half one by one, the rest eight at a time; (id, tag) of each."""
    client = bus.Client(endpoint)
    events, sent, pending = [], 0, set()
    until = time.monotonic() + 300
    while len(events) < count:
        while sent < count and len(pending) < (1 if sent < count // 2 else 8):
            event = bus.ev.Event(id=f"sync-{sent:06d}-id", source="//crash/sync", subject="one",
                                 type="tocsin.issue.message")
            event.issue_message.direction = 1
            frame = bus.pb.Frame()
            frame.publish.tag = TAG_BASE + sent
            frame.publish.events.append(event.SerializeToString())
            if client.send(frame):
                pending.add(TAG_BASE + sent)
                sent += 1
        frame = client.receive(1.0)
        if frame is not None and frame.WhichOneof("kind") == "receipt":
            assert frame.receipt.outcomes[0].status == bus.pb.Outcome.ACCEPTED
            pending.remove(frame.receipt.tag)
            number = frame.receipt.tag - TAG_BASE
            events.append((f"sync-{number:06d}-id", frame.receipt.tag))
        assert time.monotonic() < until, "intake acknowledges nothing under strace"
    client.close()
    return events


def trace(args, directory):
    intake = suite.Suite(args.build, directory, ["intake"]).services["intake"]
    out = os.path.join(directory, "trace")
    endpoint = f"ipc://{directory}/intake.sock"
    process = subprocess.Popen(
        ["strace", "-f", "-xx", "-s", "70000", "-e", "trace=" + CALLS, "-o", out, *intake.command],
        stderr=subprocess.DEVNULL, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    try:
        try:
            suite.wait_up(endpoint)
        except bus.Silent:
            if process.poll() is not None:
                print("skipped: strace may not trace here")
                sys.exit(77)
            raise
        events = publish(endpoint, args.events)
        client = bus.Client(endpoint)
        os.kill(client.status().pid, signal.SIGTERM) # strace would keep the signal to itself
        process.wait(60)
    finally:
        process.kill()
    with open(out, encoding="ascii", errors="replace") as lines:
        return parse(lines.read().splitlines()), events


def prove(calls, events):
    """The same trace without its syncs, or with receipts that come too soon, has to be refused."""
    without = [c for c in calls if c.name != "fdatasync"]
    assert len(violations(without, events)) >= len(events), "missing syncs go unnoticed"
    _, synced = store_descriptors(calls)
    without = [c for c in calls if not (c.name == "pwrite64" and c.descriptor() in synced)]
    assert len(violations(without, events)) >= len(events), "missing meta pages go unnoticed"
    text = escaped(varint(events[0][1]))
    for call in calls:
        if call.name in ("sendto", "sendmsg", "write") and text in call.text:
            call.begin = 0
            break
    assert violations(calls, events[:1]), "an early receipt goes unnoticed"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--events", type=int, default=300)
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    if shutil.which("strace") is None:
        print("skipped: strace is not installed")
        sys.exit(77)
    bus.use_build(args.build)
    directory = tempfile.mkdtemp(prefix="tocsin-sync-")
    calls, events = trace(args, directory)
    found = violations(calls, events)
    for text in found[:20]:
        print(text)
    if found:
        print(f"FAILED: {len(found)} of {len(events)} receipts; trace kept in {directory}\nrepeat: "
              f"/usr/bin/python3 {os.path.relpath(__file__)} --build {os.path.relpath(args.build)}")
        sys.exit(1)
    prove(calls, events)
    syncs = sum(1 for c in calls if c.name == "fdatasync")
    print(f"ok receipts={len(events)} calls={len(calls)} fdatasyncs={syncs} too_early=0 "
          f"planted_damages_found=3")
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
