"""Ends intake at every point of an erasure and of the renewal that follows, and starts it again; the
same of a raw mail that a hold keeps; and on a disk that is full.

    erase.py --build build/asan [POINT ...]

People write; three are erased with at_once. Intake dies at the point, once. Then, by a client that
shares no code with it: every erasure is done; no file has the sealed bytes of who was erased, nor a
key-encryption key from before; what all others sent is a repeat when it is sent again, which it only
is under the same data key; what the erased sent is not.

Of a mail with two people in it one is held and the other erased: the sealed mail is there until the
hold is released, nobody reads it, and then it is gone. These points are HELD:POINT.
"""
import argparse
import os
import shutil
import smtplib
import struct
import subprocess
import sys
import tempfile
import time

import bus
import suite

PEOPLE, ERASED = 24, 3
FULL_DISK = "full_disk"
POINTS = [
    "ledger_written:1", "erase_in_ledger:2", "erase_listed:1", "after_keys:5", "erase_keys_gone:1",
    "erase_keys_gone:3", "renew_new_kek:1", "kek_written:2", "renew_copy_begun:1",
    "renew_copy_begun:2", "copy_before_rename:1", "copy_before_rename:2", "copy_after_rename:1",
    "copy_after_rename:2", "renew_before_destroy:1", "kek_overwritten:1", "renew_destroyed:1",
    "before_commit:12", "after_commit_before_send:12",
]
HELD = "held:"
HELD_POINTS = [
    "erase_in_ledger:1", "erase_listed:1", "after_keys:7", "erase_keys_gone:1", "renew_destroyed:1",
    "erase_later_gone:1", "renew_before_destroy:2", "before_commit:5", "before_commit:6",
    "before_commit:7",
]


def event_of(number, size=0):
    event = bus.ev.Event(id=f"e{number}", source="//test/shop", type="tocsin.issue.opened",
                         subject=f"t{number}")
    event.issue_opened.channel = "email"
    event.private.person = f"person{number}@example.com"
    text = event.private.texts.add()
    text.name, text.text = "phone", f"+44 20 7946 {number:04}".encode().ljust(size)
    setattr(text, "class", "attachment" if size else "contact")
    return event.SerializeToString()


def erasure_of(number):
    event = bus.ev.Event(id=f"x{number}", source="//test/dpo", type="tocsin.subject.erased")
    event.private.person = f"person{number}@example.com"
    event.subject_erased.by, event.subject_erased.reason = "dpo", "gdpr-17"
    event.subject_erased.at_once = True
    return event.SerializeToString()


class Intake:
    def __init__(self, build, directory, point=None, options=()):
        self.suite = suite.Suite(build, directory, ["intake"], options)
        self.service = self.suite.services["intake"]
        self.directory = os.path.join(directory, "intake")
        self.service.next_env = {"TOCSIN_EXIT_AT": point} if point else {}
        self.suite.start()
        self.client = bus.Client(self.suite.endpoint("intake"))

    def publish(self, event, timeout_s=120):
        """Until there is a receipt; the first one may have been lost with the process."""
        until = time.monotonic() + timeout_s
        while True:
            try:
                return self.client.publish([event], 3)[0]
            except bus.Silent:
                assert time.monotonic() < until, "no receipt"
                self.client.reconnect()

    def ask(self, what, **fields):
        until = time.monotonic() + 120
        while True:
            try:
                return self.client.ask(what, 3, **fields).rows
            except bus.Silent:
                assert time.monotonic() < until, "no answer"
                self.client.reconnect()

    def erasures(self):
        rows = []
        for row in self.ask("ERASURES", all=True):
            erasure = bus.rec.Erasure()
            erasure.ParseFromString(row)
            rows.append(erasure)
        return rows

    def files(self):
        for directory, _, names in os.walk(self.directory):
            for name in names:
                with open(os.path.join(directory, name), "rb") as file:
                    yield os.path.join(directory, name), file.read()

    def sealed(self):
        """By person's number: 32 sealed bytes of theirs, by the instants of the log."""
        with open(os.path.join(self.directory, "vault/env/data.mdb"), "rb") as file:
            image = file.read()
        follower = bus.fetch_all(self.suite.endpoint("intake"))
        found = {}
        for packed in follower.records:
            record, event = bus.rec.Record(), bus.ev.Event()
            record.ParseFromString(packed)
            event.ParseFromString(record.body)
            at = struct.pack(">Q", record.at_ms)
            place = image.find(at)
            while event.id.startswith("e") and event.content and place >= 0:
                found.setdefault(int(event.id[1:]), set()).add(image[place + 8:place + 40])
                place = image.find(at, place + 1)
        return found


def wait_done(intake):
    until = time.monotonic() + 120
    while True:
        rows = intake.erasures()
        if len(rows) == ERASED and all(row.step == bus.rec.ERASURE_DONE for row in rows):
            return
        assert time.monotonic() < until, f"not done: {rows}"
        time.sleep(0.1)


def check_files(intake, sealed, keks):
    for path, content in intake.files():
        for number in range(ERASED):
            assert not any(text in content for text in sealed[number]), f"{number} is in {path}"
        for kek in keks:
            assert kek not in content, f"an old key-encryption key is in {path}"


def keks_of(intake):
    directory = os.path.join(intake.directory, "kek")
    return [open(os.path.join(directory, name), "rb").read() for name in os.listdir(directory)]


def try_point(build, directory, point):
    intake = Intake(build, directory, point)
    for number in range(PEOPLE):
        outcome = intake.publish(event_of(number))
        assert outcome.status in (bus.pb.Outcome.ACCEPTED, bus.pb.Outcome.DUPLICATE), outcome
        time.sleep(0.002)  # so that their instants differ
    sealed, keks = intake.sealed(), keks_of(intake)
    for number in range(ERASED):
        intake.publish(erasure_of(number))  # refused when it is repeated after its effect
    wait_done(intake)
    deaths = intake.service.deaths
    for number in range(PEOPLE):
        status = intake.publish(event_of(number)).status
        wanted = bus.pb.Outcome.REFUSED if number < ERASED else bus.pb.Outcome.DUPLICATE
        assert status == wanted, f"person {number}: {status}"
    assert intake.service.codes in ([], [137]), intake.service.codes
    intake.suite.stop()
    check_files(intake, sealed, keks)
    assert os.listdir(os.path.join(intake.directory, "kek")) != []
    return deaths


# --- a mail that is held --------------------------------------------------------------------------

MAIL = b"""From: Ana <ana@example.org>\r
To: support@example.com\r
Cc: Ben <ben@example.org>\r
Message-ID: <m1@example.org>\r
Date: Thu, 26 Nov 2026 01:00:00 +0000\r
Subject: both of us\r
\r
Ben and I were charged twice.\r
"""


def about(kind, number, person):
    event = bus.ev.Event(id=f"{kind}{number}", source="//test/dpo", type=f"tocsin.{kind}")
    event.private.person = person
    if kind == "subject.erased":
        event.subject_erased.by, event.subject_erased.reason = "dpo", "gdpr-17"
        event.subject_erased.at_once = True
    else:
        event.hold.hold, event.hold.owner = "case-7", "legal"
    return event.SerializeToString()


def hand_over(path):
    until = time.monotonic() + 120
    while True:
        try:
            return smtplib.LMTP(path).sendmail("ana@example.org", ["support@example.com"], MAIL)
        except (OSError, smtplib.SMTPException):
            assert time.monotonic() < until, "the mail is not taken"
            time.sleep(0.1)


def sealed_texts(intake):
    """32 sealed bytes of every text of the mail."""
    with open(os.path.join(intake.directory, "vault/env/data.mdb"), "rb") as file:
        image = file.read()
    found = set()
    for packed in bus.fetch_all(intake.suite.endpoint("intake")).records:
        record, event = bus.rec.Record(), bus.ev.Event()
        record.ParseFromString(packed)
        if record.type != bus.rec.EVENT_ACCEPTED:
            continue
        event.ParseFromString(record.body)
        at = struct.pack(">Q", record.at_ms)
        place = image.find(at) if event.content else -1
        while place >= 0:
            found.add(image[place + 8:place + 40])
            place = image.find(at, place + 1)
    return found


def left_of(intake, texts):
    return sum(any(text in content for _, content in intake.files()) for text in texts)


def wait_for(intake, what, wanted):
    until = time.monotonic() + 120
    while True:
        rows = intake.erasures()
        if len(rows) == 1 and wanted(rows[0]):
            return rows[0]
        assert time.monotonic() < until, f"not {what}: {rows}"
        time.sleep(0.1)


def try_held(build, directory, point):
    lmtp, boxes = os.path.join(directory, "lmtp.sock"), os.path.join(directory, "mail.yaml")
    with open(boxes, "w", encoding="utf-8") as file:
        file.write("mail: 1\nboxes: {support@example.com: {source: urn:mail:support}}\n")
    intake = Intake(build, directory, point, ("--lmtp", lmtp, "--mail", boxes))
    hand_over(lmtp)
    texts = sealed_texts(intake)
    intake.publish(about("hold.placed", 1, "ana@example.org"))
    intake.publish(about("subject.erased", 1, "ben@example.org"))
    row = wait_for(intake, "held back", lambda row: row.held_back == 1)
    assert row.held_by == "case-7" and row.step == bus.rec.ERASURE_KEYS_GONE, row
    time.sleep(2)  # the renewal that was asked for
    assert left_of(intake, texts) == len(texts), "what is held is gone"
    intake.publish(about("hold.released", 1, "ana@example.org"))
    wait_for(intake, "done", lambda row: row.step == bus.rec.ERASURE_DONE)
    assert left_of(intake, texts) == len(texts) - 1, "the mail, and it alone, has to be gone"
    deaths = intake.service.deaths
    assert intake.service.codes in ([], [137]), intake.service.codes
    intake.suite.stop()
    return deaths


# --- a full disk ----------------------------------------------------------------------------------

def fill(path, leave):
    """Takes all of a file system but `leave` bytes."""
    about = os.statvfs(os.path.dirname(path))
    with open(path, "wb") as ballast:
        ballast.write(b"x" * max(0, about.f_bavail * about.f_bsize - leave))


def on_full_disk(build, directory, mount):
    intake = Intake(build, directory, options=("--vault", os.path.join(mount, "vault")))
    for number in range(PEOPLE):
        intake.publish(event_of(number, 40000))
    ballast = os.path.join(mount, "ballast")
    fill(ballast, 400 << 10)
    for number in range(ERASED):
        intake.publish(erasure_of(number))
    until = time.monotonic() + 120
    while "erasing_waits" not in intake.service.log_text():
        assert time.monotonic() < until, "the copy found room"
        time.sleep(0.1)
    steps = {row.step for row in intake.erasures()}
    assert steps == {bus.rec.ERASURE_KEYS_GONE}, steps
    os.unlink(ballast)
    wait_done(intake)
    for number in range(PEOPLE):
        status = intake.publish(event_of(number, 40000)).status
        wanted = bus.pb.Outcome.REFUSED if number < ERASED else bus.pb.Outcome.DUPLICATE
        assert status == wanted, f"person {number}: {status}"
    assert intake.service.deaths == 0, intake.service.codes
    intake.suite.stop()


def try_full_disk(build, directory):
    """The copy finds no room: keys are gone all the same, and the rest follows when there is some."""
    mount = os.path.join(directory, "disk")
    os.mkdir(mount)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", mount],
                          stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        return "left out: no right to mount a tmpfs"
    try:
        on_full_disk(build, directory, mount)
        return "keys first, the rest with room"
    finally:
        suite.stop_all()
        subprocess.run(["umount", "-l", mount], check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("points", nargs="*", help="only these, as name:pass, held:name:pass or full_disk")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    bus.use_build(args.build)
    died = failed = 0
    for point in args.points or [*POINTS, *(HELD + point for point in HELD_POINTS), FULL_DISK]:
        directory = tempfile.mkdtemp(prefix="tocsin-erase-")
        try:
            if point == FULL_DISK:
                print(f"ok {point}: {try_full_disk(args.build, directory)}", flush=True)
            else:
                held = point.startswith(HELD)
                deaths = (try_held(args.build, directory, point[len(HELD):]) if held else
                          try_point(args.build, directory, point))
                died += deaths
                print(f"ok {point}: died {deaths} times", flush=True)
            shutil.rmtree(directory)
        except Exception as error:  # the next point runs all the same
            failed += 1
            print(f"FAILED {point}: {type(error).__name__}: {error}\n  data kept in {directory}\n"
                  f"  repeat: /usr/bin/python3 {os.path.relpath(__file__)} --build "
                  f"{os.path.relpath(args.build)} {point}", flush=True)
        finally:
            suite.stop_all()
    if not args.points and died < len(POINTS) + len(HELD_POINTS) - 2:
        print(f"FAILED: intake died {died} times only")
        failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
