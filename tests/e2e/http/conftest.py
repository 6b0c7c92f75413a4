"""A suite with its HTTP edge, for tests that speak to it as publishers do."""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests
from urllib.parse import urlsplit

import interface

sys.path.insert(0, str(pathlib.Path(os.environ["TOCSIN_SOURCE"]) / "tests/support"))

from ports import free_port  # noqa: E402

BIN = os.environ["TOCSIN_BIN"]


def node():
    """Node 18 or later, or a reason to skip."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("no Node here")
    version = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    if int(re.match(r"v(\d+)", version).group(1)) < 18:
        pytest.skip("Node %s: 18 is needed" % version.strip())
    return path


class Edge:
    def __init__(self, directory, *words):
        self.words = words
        self.data = os.path.join(directory, "data")
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.said = os.path.join(directory, "up.out")
        self.start()
        self.token = re.search(r"toc_\w+", self.output()).group(0)

    def start(self):
        with open(self.said, "wb") as out:
            self.up = subprocess.Popen(
                [os.path.join(BIN, "tocsin"), "up", "--data", self.data, "--http",
                 ":%d" % self.port, *self.words], stdout=out, stderr=out)
        self.wait("HTTP")
        self.wait_open()

    def wait_open(self, seconds=60):
        """Until it listens, as it does a moment after its first token is there."""
        end = time.monotonic() + seconds
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                assert time.monotonic() < end, self.output()
                time.sleep(0.02)

    def output(self):
        with open(self.said, encoding="utf-8") as text:
            return text.read()

    def wait(self, text, seconds=60):
        end = time.monotonic() + seconds
        while text not in self.output() or not self.output().endswith("\n\n"):
            assert self.up.poll() is None and time.monotonic() < end, self.output()
            time.sleep(0.05)

    def pid(self, service):
        """None while it is away."""
        done = subprocess.run(["pgrep", "-f", "tocsin[- ]%s .*%s" % (service, self.data)],
                              stdout=subprocess.PIPE, text=True)
        return int(done.stdout.split()[0]) if done.returncode == 0 else None

    def kill(self, service):
        """As a crash does; returns when another process is there in its place."""
        old, end = self.pid(service), time.monotonic() + 60
        os.kill(old, signal.SIGKILL)
        while self.pid(service) in (None, old):
            assert self.up.poll() is None and time.monotonic() < end, self.output()
            time.sleep(0.02)
        if service == "intake":
            self.wait_open()

    def wait_settled(self):
        """Until every service has applied what the others wrote; the newest record of each, but of
        audit, which writes as time goes on."""
        heads, before, end = {}, None, time.monotonic() + 60
        while not heads or heads != before:
            before, rows = heads, self.lines("status")
            heads = {row["service"]: row["last_seq"] for row in rows if row["service"] != "audit"}
            if any(up["cursor_seq"] != up["head_seq"] for row in rows for up in row["upstreams"]):
                heads = {}
            assert time.monotonic() < end, rows
            time.sleep(0.05)
        return heads

    def stop(self):
        self.up.terminate()
        assert self.up.wait(60) == 0

    def tocsin(self, *words, code=0, environment=None):
        done = subprocess.run(
            [os.path.join(BIN, "tocsin"), words[0], *words[1:], "--data", self.data],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
            env={**os.environ, "USER": "tester", **(environment or {})})
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def add_token(self, *words):
        return self.tocsin("token", "add", *words).strip()

    def lines(self, *words):
        return [json.loads(line) for line in self.tocsin(*words, "--json").splitlines()]

    def wait_issue(self, name, value, seconds=60):
        """The issue of which this is so, once the router has it."""
        end = time.monotonic() + seconds
        while True:
            for row in self.lines("issues", "--all", "--limit", "0"):
                if row[name] == value:
                    return row
            assert time.monotonic() < end, "no issue with %s %s" % (name, value)
            time.sleep(0.05)


def limited(request, number=40):
    """Answers to so many requests at a time: however slow each is, they come faster than a low rate
    lets in."""
    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return [done.result() for done in [pool.submit(request, at) for at in range(number)]]


@pytest.fixture(autouse=True)
def answers_are_as_described(monkeypatch):
    """Whatever a test is about, each answer that it gets has to fit openapi.json."""
    send = requests.Session.send

    def checked(session, request, **options):
        answer = send(session, request, **options)
        interface.check(request.method, urlsplit(request.url).path, answer.status_code,
                        answer.headers, answer.content)
        return answer

    monkeypatch.setattr(requests.Session, "send", checked)


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    edge = Edge(str(tmp_path_factory.mktemp("edge")))
    yield edge
    if edge.up.poll() is None:
        edge.stop()
