"""A suite of real services, and what people wrote."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(os.environ["TOCSIN_SOURCE"]) / "tests/support"))

from ports import free_port  # noqa: E402

BIN = os.environ["TOCSIN_BIN"]


class Suite:
    def __init__(self, directory, *words):
        self.words = words
        self.data = os.path.join(directory, "data")
        self.said = os.path.join(directory, "up.out")
        self.port = free_port()
        self.start()
        self.token = re.search(r"toc_\w+", self.output()).group(0)

    def start(self):
        with open(self.said, "ab") as out:
            before = out.tell()
            self.up = subprocess.Popen(
                [os.path.join(BIN, "tocsin"), "up", "--data", self.data, "--http",
                 "127.0.0.1:%d" % self.port, *self.words], stdout=out, stderr=out)
        end = time.monotonic() + 60
        while "ready: " not in self.output()[before:]:
            assert self.up.poll() is None and time.monotonic() < end, self.output()
            time.sleep(0.05)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                assert time.monotonic() < end, self.output()
                time.sleep(0.05)

    def output(self):
        with open(self.said, encoding="utf-8") as text:
            return text.read()

    def stop(self):
        self.up.terminate()
        assert self.up.wait(60) == 0

    def tocsin(self, *words, code=0, text=None):
        done = subprocess.run(
            [os.path.join(BIN, "tocsin"), words[0], *words[1:], "--data", self.data], input=text,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
        assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout if code == 0 else done.stderr

    def lines(self, *words, text=None):
        return [json.loads(line) for line in self.tocsin(*words, "--json", text=text).splitlines()]

    def publish(self, events):
        """Receipts of events, given as CloudEvents."""
        return self.lines("publish", text="".join(json.dumps(event) + "\n" for event in events))

    def read(self, issue):
        return self.lines("content", "get", issue, "--by", "tester", "--purpose", "a test")

    def status(self):
        done = subprocess.run(
            [os.path.join(BIN, "tocsin"), "status", "--json", "--data", self.data],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return {row["service"]: row for row in map(json.loads, done.stdout.splitlines())}

    def kill(self, service):
        """Whether it was there to be killed."""
        pid = self.status().get(service, {}).get("pid")
        if pid is not None:
            os.kill(int(pid), signal.SIGKILL)
        return pid is not None

    def wait_drained(self, seconds=300):
        end, zeros = time.monotonic() + seconds, 0
        while zeros < 2:
            rows = self.status()
            behind = [int(up["head_seq"]) - int(up["cursor_seq"])
                      for row in rows.values() for up in row.get("upstreams", [])]
            ready = "intake" in rows and all(row.get("ready") for row in rows.values())
            zeros = zeros + 1 if ready and not any(behind) else 0
            assert time.monotonic() < end, rows
            time.sleep(0.1)


@pytest.fixture
def suite(tmp_path):
    suite = Suite(str(tmp_path))
    yield suite
    if suite.up.poll() is None:
        suite.stop()
