"""A suite of real services on event time, for end-to-end tests of imports.

A test is a script `run BIN_DIR [FILE...]` with a `main(bin_dir, work, files)` that returns true when
all is well. Its data lies in ../shared/data beside the checkout, or in $TOCSIN_TEST_DATA; without
it the test is skipped.
"""
import csv
import glob
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
DATA = os.environ.get("TOCSIN_TEST_DATA", os.path.join(ROOT, "..", "shared", "data"))
SERVICES = ["intake", "router", "sla", "notifier", "audit"]


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def find(pattern):
    """The files of the shared data that fit, sorted; skips without any."""
    paths = sorted(glob.glob(os.path.join(DATA, pattern)))
    if not paths:
        skip("no " + os.path.normpath(os.path.join(DATA, pattern)))
    return paths


def unpacked(path):
    if not path.endswith(".zst"):
        with open(path, "rb") as file:
            return file.read()
    return subprocess.run(["zstdcat", path], check=True, stdout=subprocess.PIPE).stdout


def unpack(path, directory):
    """A copy that tocsin reads; returns its path."""
    copy = os.path.join(directory, os.path.basename(path).removesuffix(".zst"))
    with open(copy, "wb") as file:
        file.write(unpacked(path))
    return copy


def rows(path):
    return list(csv.DictReader(io.StringIO(unpacked(path).decode())))


class Suite:
    running = []

    def __init__(self, bin_dir, work, name, policy, key=None):
        """`policy` is its path; `key` makes issue ids, which otherwise differ from suite to suite."""
        self.tocsin = os.path.join(bin_dir, "tocsin")
        self.data = os.path.join(work, name)
        os.makedirs(os.path.join(self.data, "keys"), mode=0o700)
        path = os.path.join(self.data, "keys", "issue.key")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
            out.write(key or os.urandom(32))
        self.log = open(os.path.join(work, name + ".log"), "wb")
        self.up = subprocess.Popen(
            [self.tocsin, "up", "--data", self.data, "--clock", "event", "--policy", policy],
            stdout=self.log, stderr=self.log)
        Suite.running.append(self)
        self.wait_ready()

    def wait_ready(self, seconds=180):
        """Until `tocsin up` says so: its policy is applied then."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.up.poll() is None:
            with open(self.log.name, "rb") as said:
                if b"ready: " in said.read():
                    return
            time.sleep(0.05)
        with open(self.log.name) as said:
            raise SystemExit("`tocsin up` is not ready:\n" + said.read())

    def call(self, *words, check=True):
        done = subprocess.run([self.tocsin, words[0], *words[1:], "--data", self.data],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode != 0:
            sys.stderr.write(done.stdout.decode() + done.stderr.decode())
            raise SystemExit("failed: tocsin " + " ".join(words))
        return done.stdout.decode()

    def lines(self, *words):
        return [json.loads(line) for line in self.call(*words, "--json").splitlines()]

    def status(self):
        lines = self.call("status", "--json", check=False).splitlines()
        return {row["service"]: row for row in map(json.loads, lines)}

    def pids(self):
        return {name: int(row["pid"]) for name, row in self.status().items() if row.get("pid")}

    def start_import(self, import_map, *words):
        path = os.path.join(ROOT, "deploy/import", import_map)
        return subprocess.Popen(
            [self.tocsin, "import", "--map", path, "--data", self.data, *words],
            stdout=self.log, stderr=self.log)

    def import_files(self, import_map, *words):
        """The summary of an import that has to succeed."""
        path = os.path.join(ROOT, "deploy/import", import_map)
        return json.loads(self.call("import", "--map", path, "--json", *words))

    def drained(self):
        """True when every service has applied what the ones before it wrote."""
        services = self.status()
        if len(services) < len(SERVICES) or any("last_seq" not in row for row in services.values()):
            return None
        heads = tuple(services[name]["last_seq"] for name in SERVICES)
        lag = sum(int(up["head_seq"]) - int(up["cursor_seq"])
                  for row in services.values() for up in row["upstreams"])
        return heads if lag == 0 and all(row["ready"] for row in services.values()) else None

    def wait_drained(self, seconds=300):
        end, last = time.monotonic() + seconds, None
        while time.monotonic() < end:
            now = self.drained()
            if now is not None and now == last:
                return
            last = now
            time.sleep(0.2)
        raise SystemExit("not drained in time: " + json.dumps(self.status()))

    def clocks(self):
        """What sla says of every clock: the lines of `tocsin clocks`, byte for byte, by subject."""
        lines = self.call("clocks", "--all", "--json", "--limit", "0").splitlines()
        return sorted((json.loads(line)["subject"], line) for line in lines)

    def stop(self):
        Suite.running.remove(self)
        self.up.send_signal(signal.SIGTERM)
        if self.up.wait(timeout=60) != 0:
            raise SystemExit("tocsin up ended with %d" % self.up.returncode)


def run(main):
    """Runs a test's `main` in a directory of its own, which stays when the test fails."""
    work = tempfile.mkdtemp(prefix="tocsin-import-")
    try:
        if not main(os.path.abspath(sys.argv[1]), work, sys.argv[2:]):
            raise SystemExit("failed")
    except BaseException as end:
        if isinstance(end, SystemExit) and end.code == 77:
            os.rmdir(work)
        else:
            print("data kept in " + work)
        for suite in list(Suite.running):
            suite.stop()
        raise
    shutil.rmtree(work)
