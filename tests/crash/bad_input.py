"""Bad input and bad neighbours against live services: refused, named, survived.

    bad_input.py --build build/release [NAME ...]

Each case starts the processes it needs, in a directory of its own. Names are sentences.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import bus
import checker
import suite

SEED = 20_26


def event(number, subject="one", pad=0):
    message = bus.ev.Event(id=f"n{number}", source="//crash/bad", subject=subject,
                           type="tocsin.issue.message")
    message.issue_message.direction = 1
    message.issue_message.agent = "x" * pad
    return message.SerializeToString()


def until(what, ready, timeout_s=60.0):
    """Waits for `ready()`; its value."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        try:
            value = ready()
        except bus.Silent:
            value = None
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"in {timeout_s:.0f} s there was no {what}")


def status(endpoint):
    client = bus.Client(endpoint)
    try:
        return client.status()
    finally:
        client.close()


def stopped(endpoint):
    """Why an upstream of this service is stopped; empty when none is."""
    return next((u.stopped for u in status(endpoint).upstreams if u.stopped), "")


def accept(client, events):
    outcomes = client.publish(events)
    assert len(outcomes) == len(events)
    assert all(o.status == bus.pb.Outcome.ACCEPTED for o in outcomes), outcomes
    return outcomes


# --- frames ----------------------------------------------------------------------------------


def valid_frames():
    hello, publish, fetch, ask = bus.pb.Frame(), bus.pb.Frame(), bus.pb.Frame(), bus.pb.Frame()
    hello.hello.min_version = hello.hello.max_version = 1
    publish.publish.tag = 7
    publish.publish.events.extend([event(1), event(2, pad=300)])
    fetch.fetch.stream, fetch.fetch.from_seq, fetch.fetch.granted_bytes = 5, 1, 1000
    ask.ask.what = bus.pb.Ask.STATUS
    for frame in (hello, publish, fetch, ask):
        frame.version = 1
    return [frame.SerializeToString() for frame in (hello, publish, fetch, ask)]


def length(size):
    out = bytearray()
    while size >= 0x80:
        out.append(size & 0x7f | 0x80)
        size >>= 7
    return bytes(out) + bytes([size])


def nested(depth, tag=b"\x1a"):
    data = b""
    for _ in range(depth):
        data = tag + length(len(data)) + data
    return b"\x08\x01" + data


def bad_frames(rng):
    """(what it is, bytes)"""
    frames = valid_frames()
    for frame in frames:
        for size in range(0, len(frame), max(1, len(frame) // 20)):
            yield "truncated", frame[:size]
    yield "recursive", nested(10_000)
    yield "recursive answer", nested(3_000, b"\x4a")
    yield "empty submessages", b"\x08\x01\x4a" + length(600_000) + b"\x12\0" * 300_000
    yield "a length beyond the end", b"\x08\x01\x1a\xff\xff\xff\xff\x7f"
    yield "a negative length", b"\x08\x01\x1a" + b"\xff" * 9 + b"\x01"
    yield "a varint without end", b"\x08" + b"\xff" * 40
    yield "field number 0", b"\x08\x01\x02\0"
    yield "groups", b"\x08\x01\x1b\x1c"
    yield "one MiB of nothing", bytes(1 << 20)
    yield "no kind", b"\x08\x01"
    for frame in frames:
        for _ in range(200):
            data = bytearray(frame)
            for _ in range(rng.randint(1, 6)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            yield "flipped bytes", bytes(data)
    for _ in range(300):
        yield "random", rng.randbytes(rng.randint(1, 400))


def refusals_before_hello(client, timeout_s=60):
    """What is answered before a Hello, which comes last."""
    hello, count = valid_frames()[0], 0
    assert client.send_raw(hello)
    while (frame := client.receive(timeout_s)) is not None:
        if frame.WhichOneof("kind") == "hello":
            return count
        count += frame.WhichOneof("kind") == "refuse"
    raise bus.Silent("no Hello")


def bad_frames_are_refused_and_the_intake_goes_on(build, directory):
    """Truncated, recursive, oversized, flipped and random frames; the process stays the same."""
    here = suite.Suite(build, directory, ["intake"])
    here.start()
    endpoint = here.endpoint("intake")
    good = bus.Client(endpoint)
    accept(good, [event("before")])
    pid = good.status().pid
    rng = random.Random(SEED)
    bad, count, refused = bus.Client(endpoint), 0, 0
    for what, data in bad_frames(rng):
        while not bad.send_raw(data):
            time.sleep(0.001)
        count += 1
        while (frame := bad.receive(0)) is not None:
            refused += frame.WhichOneof("kind") == "refuse"
        if count % 50 == 0:
            accept(good, [event(f"during-{count}")])
        assert here.services["intake"].deaths == 0, f"intake died of a frame: {what}"
    refused += refusals_before_hello(bad) # the same connection still serves
    accept(good, [event("after")])
    assert good.status().pid == pid and here.services["intake"].deaths == 0
    assert refused > count // 4, f"only {refused} of {count} bad frames were answered by a Refuse"
    here.stop()
    return f"{count} frames, {refused} refusals seen"


def every_malformed_frame_is_answered_by_a_refuse(build, directory):
    """One by one, so that each has its own answer, with the reason that fits."""
    here = suite.Suite(build, directory, ["intake"])
    here.start()
    client = bus.Client(here.endpoint("intake"))
    wrong_version = bus.pb.Frame()
    wrong_version.version = 2
    wrong_version.ask.what = bus.pb.Ask.STATUS
    cases = [
        ("REFUSE_MALFORMED", b"\x08\x01\x42\x05\x08"),          # an Ask cut short
        ("REFUSE_MALFORMED", b"\x08\x01\x1a\x04\x12\x09abc"),    # a Publish cut short
        ("REFUSE_MALFORMED", b"\xff\xff\xff"),
        ("REFUSE_MALFORMED", nested(10_000, b"\x42")),
        ("REFUSE_MALFORMED", b"\x08\x01"),                       # no kind at all
        ("REFUSE_MALFORMED", b"\x08\x01\x12\x04\x22\x02\xff\xfe"), # a name that is not UTF-8
        ("REFUSE_MALFORMED", b"\x08\x01\x22\x00"),                # a Receipt: not from a client
        ("REFUSE_VERSION", wrong_version.SerializeToString()),
        ("REFUSE_VERSION", b"\x12\x00"),                          # no version
        ("REFUSE_VERSION", b"\x08\x01" + b"\x12\x04\x08\x02\x10\x03"), # Hello: versions 2 to 3
    ]
    for reason, data in cases:
        client.send_raw(data)
        answer = client.receive(5)
        assert answer is not None, f"no answer to {data[:20].hex()}"
        assert answer.WhichOneof("kind") == "refuse", (data[:20].hex(), answer)
        name = bus.rec.RefuseReason.Name(answer.refuse.reason)
        assert name == reason, (data[:20].hex(), name, reason)
    here.stop()
    return f"{len(cases)} cases"


def an_oversized_frame_closes_only_its_own_connection(build, directory):
    here = suite.Suite(build, directory, ["intake"])
    here.start()
    good, bad = bus.Client(here.endpoint("intake")), bus.Client(here.endpoint("intake"))
    accept(good, [event(1)])
    bad.hello()
    bad.send_raw(bytes((1 << 20) + 1))
    bad.send_raw(bytes(8 << 20))
    accept(good, [event(2)])
    bad.reconnect()
    bad.hello(10)
    assert here.services["intake"].deaths == 0
    here.stop()
    return "frames of 1 MiB + 1 and 8 MiB"


def bad_events_are_refused_one_by_one(build, directory):
    """A bad event in a Publish does not touch its neighbours; each refusal is in the log."""
    here = suite.Suite(build, directory, ["intake"])
    here.start()
    client = bus.Client(here.endpoint("intake"))
    unknown = bus.ev.Event(id="u", source="//crash/bad", type="tocsin.no.such")
    bare = bus.ev.Event(source="//crash/bad", type="tocsin.issue.message")
    outcomes = client.publish([event(1), b"\xff\xff", event(2, pad=1600),
                               unknown.SerializeToString(), bare.SerializeToString(), event(3),
                               b"", nested(300)])
    got = [bus.rec.RefuseReason.Name(o.reason)[7:] if o.reason else "ok" for o in outcomes]
    assert got == ["ok", "MALFORMED", "TOO_LARGE", "UNKNOWN_TYPE", "MISSING_FIELD", "ok",
                   "MISSING_FIELD", "MALFORMED"], got
    assert all(o.retry_ms == 0 for o in outcomes), "none of these helps to try again"
    records = [bus.rec.Record.FromString(r) for r in
               bus.fetch_all(here.endpoint("intake")).records]
    kinds = [record.type for record in records]
    assert kinds.count(bus.rec.EVENT_ACCEPTED) == 2 and kinds.count(bus.rec.EVENT_REFUSED) == 6
    here.stop()
    return "8 events, 6 refusals"


# --- neighbours ------------------------------------------------------------------------------


def two_upstreams_of_one_log_stop_the_follower(build, directory):
    """A copy of the data started beside the original: one log id at two endpoints."""
    here = suite.Suite(build, directory, ["intake"])
    here.start()
    client = bus.Client(here.endpoint("intake"))
    accept(client, [event(n) for n in range(20)])
    here.stop()
    shutil.copytree(os.path.join(directory, "intake"), os.path.join(directory, "twin"))
    here = suite.Suite(build, directory, ["intake"])
    twin = suite.Service("twin", [a.replace("/intake", "/twin") if a != here.binary("intake") else a
                                  for a in here.services["intake"].command], directory)
    both = ["--upstream", f"twin=ipc://{directory}/twin.sock"]
    router = suite.Service("router", here.command("router", ["intake"], ()) + both, directory)
    here.services.update(twin=twin, router=router)
    here.start()
    why = until("stop of an upstream", lambda: stopped(here.endpoint("router")))
    assert "same log id" in why, why
    assert "upstream_stopped" in router.log_text() and not status(here.endpoint("router")).ready
    client = bus.Client(here.endpoint("router"))
    records = [bus.rec.Record.FromString(r) for r in
               bus.fetch_all(here.endpoint("router")).records]
    causes = [(r.cause_log, r.cause_seq, r.cause_index) for r in records if r.cause_log]
    assert len(causes) == len(set(causes)), "events of the twins were applied twice"
    here.stop()
    return why


def a_second_process_on_the_same_data_leaves_the_first_alone(build, directory):
    """Started twice by mistake: the second exits with an alarm, the endpoint stays the first's."""
    here = suite.Suite(build, directory, ["intake"])
    here.start()
    client = bus.Client(here.endpoint("intake"))
    accept(client, [event(1)])
    pid = client.status().pid
    for _ in range(3):
        second = subprocess.run(here.services["intake"].command, capture_output=True, timeout=20,
                                check=False)
        assert second.returncode == 1 and b"open_failed" in second.stderr, second
    newcomer = bus.Client(here.endpoint("intake"))
    until("answer to a new connection", lambda: newcomer.status().pid == pid)
    accept(newcomer, [event(2)])
    accept(client, [event(3)])
    assert here.services["intake"].deaths == 0
    here.stop()
    return "three times"


def records_of_router(here):
    return [bus.rec.Record.FromString(r) for r in bus.fetch_all(here.endpoint("router")).records]


def taken(here):
    """What the router made of its upstream."""
    return [r for r in records_of_router(here) if r.type != bus.rec.UPSTREAM_LEFT_OUT]


def left_out(here):
    """Why the router goes on without upstreams."""
    return [bus.rec.Upstream.FromString(r.body).stopped for r in records_of_router(here)
            if r.type == bus.rec.UPSTREAM_LEFT_OUT]


def a_restored_older_log_stops_its_consumer(build, directory):
    """The upstream comes back from an older copy: alarm, STATUS says why, nothing is skipped."""
    here = suite.Suite(build, directory, ["intake", "router"])
    here.start()
    client = bus.Client(here.endpoint("intake"))
    accept(client, [event(n) for n in range(10)])
    intake, router = here.services["intake"], here.services["router"]
    intake.stop()
    shutil.copytree(os.path.join(directory, "intake"), os.path.join(directory, "backup"))
    intake.start()
    client.reconnect()
    accept(client, [event(n) for n in range(10, 30)])
    until("router at the head", lambda: at_head(here))
    before = taken(here)
    intake.stop()
    shutil.rmtree(os.path.join(directory, "intake"))
    shutil.copytree(os.path.join(directory, "backup"), os.path.join(directory, "intake"))
    intake.start()
    why = until("stop of the consumer", lambda: stopped(here.endpoint("router")))
    assert "ahead" in why, why
    assert "upstream_stopped" in router.log_text()
    assert why in left_out(here), "the router's own log does not say so"
    # The restored log grows past the cursor, with another history: still nothing is taken.
    client.reconnect()
    until("intake", lambda: client.hello(0.5))
    accept(client, [event(n) for n in range(100, 140)])
    time.sleep(1.5)
    assert taken(here) == before
    router.kill()
    why = until("stop after the restart", lambda: stopped(here.endpoint("router")))
    assert "differs" in why, why # now the log is long enough, but it is another one
    assert taken(here) == before
    here.stop()
    return why


def at_head(here):
    router, intake = status(here.endpoint("router")), status(here.endpoint("intake"))
    return all(u.cursor_seq == intake.last_seq for u in router.upstreams)


# --- full disks ------------------------------------------------------------------------------


def fill(client, most=200_000):
    """Publishes until everything of a Publish is refused; (acknowledged, retry hints)."""
    acknowledged, hints, number = {}, [], 0
    while number < most:
        events = [event(n, subject=f"s{n % 50}", pad=190) for n in range(number, number + 50)]
        number += 50
        outcomes = client.publish(events, 20)
        for data, outcome in zip(events, outcomes):
            if outcome.status == bus.pb.Outcome.ACCEPTED:
                acknowledged[outcome.seq] = data
            else:
                assert outcome.reason == bus.rec.REFUSE_FULL, outcome
                hints.append(outcome.retry_ms)
        if outcomes and all(o.status == bus.pb.Outcome.REFUSED for o in outcomes):
            return acknowledged, hints
    raise AssertionError("it never was full")


def check_kept(endpoint, acknowledged):
    records = {r.seq: r for r in map(bus.rec.Record.FromString,
                                     bus.fetch_all(endpoint).records)}
    for seq, data in acknowledged.items():
        assert records[seq].body == data, f"record {seq} is not what was acknowledged"


def a_full_map_refuses_with_a_hint_and_goes_on(build, directory):
    """A map of 2 MiB: refusals name a retry, what was acknowledged stays, a larger map goes on."""
    here = suite.Suite(build, directory, ["intake"], ["--map-size", "2M"])
    here.start()
    client = bus.Client(here.endpoint("intake"))
    acknowledged, hints = fill(client)
    assert all(hint > 0 for hint in hints) and here.services["intake"].deaths == 0
    check_kept(here.endpoint("intake"), acknowledged)
    assert client.status().percent_used >= 80
    here.services["intake"].kill()
    client.reconnect()
    until("intake after the kill", lambda: client.hello(0.5))
    check_kept(here.endpoint("intake"), acknowledged)
    here.stop()
    here = suite.Suite(build, directory, ["intake"], ["--map-size", "16M"])
    here.start()
    client.reconnect()
    until("intake with more room", lambda: client.hello(0.5))
    accept(client, [event("more")])
    check_kept(here.endpoint("intake"), acknowledged)
    here.stop()
    return f"{len(acknowledged)} acknowledged before it was full"


def a_full_disk_refuses_until_there_is_room(build, directory):
    """A tmpfs that other files fill up: refused, then accepted again once they are gone."""
    mount = os.path.join(directory, "disk")
    os.mkdir(mount)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", mount],
                          capture_output=True, check=False)
    if done.returncode != 0:
        return "left out: no right to mount a tmpfs"
    try:
        return full_disk(build, directory, mount)
    finally:
        subprocess.run(["umount", "-l", mount], check=False)


def full_disk(build, directory, mount):
    here = suite.Suite(build, directory, ["intake", "router"], ["--map-size", "64M"])
    for service in here.services.values():
        service.command[2] = service.command[2].replace(directory, mount)
    here.start()
    client = bus.Client(here.endpoint("intake"))
    accept(client, [event("first")])
    ballast = os.path.join(mount, "ballast")
    out = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(out, bytes(4096)) == 4096:
            pass
    except OSError:
        pass # it is full; a little room, so that it gets full while intake works
    os.truncate(out, os.fstat(out).st_size - (1 << 19))
    os.close(out)
    acknowledged, hints = fill(client)
    assert all(hint > 0 for hint in hints)
    assert here.services["intake"].deaths == 0, here.services["intake"].codes
    check_kept(here.endpoint("intake"), acknowledged)
    os.unlink(ballast)
    accepted = until("acceptance with room again", lambda: client.publish([event("last")], 5)[0]
                     .status == bus.pb.Outcome.ACCEPTED)
    until("router at the head", lambda: at_head(here))
    check_kept(here.endpoint("intake"), acknowledged)
    violations = []
    for name in ("intake", "router"):
        follower = bus.fetch_all(here.endpoint(name))
        checker.check_log(checker.Log(name, follower.log_id, follower.records),
                          lambda *words: violations.append(words))
    assert accepted and not violations, violations
    deaths = here.services["router"].deaths
    here.stop()
    return f"{len(acknowledged)} acknowledged on the way to full, router deaths {deaths}"


CASES = [
    every_malformed_frame_is_answered_by_a_refuse,
    bad_frames_are_refused_and_the_intake_goes_on,
    an_oversized_frame_closes_only_its_own_connection,
    bad_events_are_refused_one_by_one,
    two_upstreams_of_one_log_stop_the_follower,
    a_second_process_on_the_same_data_leaves_the_first_alone,
    a_restored_older_log_stops_its_consumer,
    a_full_map_refuses_with_a_hint_and_goes_on,
    a_full_disk_refuses_until_there_is_room,
]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("names", nargs="*", help="only these cases")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    bus.use_build(args.build)
    failed = 0
    for case in CASES:
        if args.names and case.__name__ not in args.names:
            continue
        directory = tempfile.mkdtemp(prefix="tocsin-bad-")
        try:
            print(f"ok {case.__name__}: {case(args.build, directory)}", flush=True)
            shutil.rmtree(directory)
        except Exception as error: # the next case runs all the same
            failed += 1
            print(f"FAILED {case.__name__}: {type(error).__name__}: {error}\n"
                  f"  data kept in {directory}\n  repeat: /usr/bin/python3 "
                  f"{os.path.relpath(__file__)} --build {os.path.relpath(args.build)} "
                  f"{case.__name__}", flush=True)
        finally:
            suite.stop_all()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
