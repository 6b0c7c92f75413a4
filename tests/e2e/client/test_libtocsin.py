"""libtocsin as others get it: installed, found by pkg-config, with the example of its README."""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

SOURCE = pathlib.Path(os.environ["TOCSIN_SOURCE"])
BIN = pathlib.Path(os.environ["TOCSIN_BIN"])
EVENTS = 20000
PATIENCE_S = 60  # nobody waits that long when things work


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Where `cmake --install` put it, moved once more: nothing may name the place."""
    first, second = tmp_path_factory.mktemp("install") / "a", tmp_path_factory.mktemp("moved") / "b"
    subprocess.run(["cmake", "--install", BIN.parent, "--component", "client", "--prefix", first],
                   check=True, stdout=subprocess.DEVNULL)
    shutil.move(first, second)
    return second


@pytest.fixture(scope="module")
def flags(prefix):
    path = [str(file.parent) for file in prefix.rglob("tocsin.pc")]
    done = subprocess.run(["pkg-config", "--cflags", "--libs", "tocsin"], check=True, text=True,
                          stdout=subprocess.PIPE,
                          env={**os.environ, "PKG_CONFIG_PATH": ":".join(path)})
    return done.stdout.split()


@pytest.fixture(scope="module")
def library(prefix):
    return next(prefix.rglob("libtocsin.so"))


@pytest.fixture(scope="module")
def example(flags, library, tmp_path_factory):
    """The README's program, compiled with what pkg-config says and nothing else."""
    directory = tmp_path_factory.mktemp("example")
    text = (SOURCE / "common/client/README.md").read_text(encoding="utf-8")
    [program] = re.findall(r"^```c\n(/\* example\.c .*?)^```$", text, re.M | re.S)
    assert len(program.splitlines()) <= 45, "a short example"
    (directory / "example.c").write_text(program, encoding="utf-8")
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-o", directory / "example",
                    directory / "example.c", *flags], check=True)
    return directory / "example", {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}


class Suite:
    def __init__(self, directory):
        self.data = directory / "data"
        self.said = directory / "up.out"
        with open(self.said, "wb") as out:
            self.up = subprocess.Popen([BIN / "tocsin", "up", "--data", self.data], stdout=out,
                                       stderr=out)
        end = time.monotonic() + PATIENCE_S
        while b"ready: " not in self.said.read_bytes():
            assert self.up.poll() is None and time.monotonic() < end, self.said.read_text()
            time.sleep(0.05)
        self.endpoint = "ipc://%s/run/intake.sock" % self.data

    def tocsin(self, *words):
        return subprocess.run([BIN / "tocsin", *words, "--data", self.data], check=True, text=True,
                              stdout=subprocess.PIPE, timeout=PATIENCE_S).stdout

    def kill_intake(self):
        """As a crash would; `tocsin up` starts it again."""
        end = time.monotonic() + PATIENCE_S
        while (pid := self.pid_of_intake()) is None:
            assert time.monotonic() < end, self.said.read_text()
        os.kill(pid, signal.SIGKILL)

    def pid_of_intake(self):
        """None while it starts; `tocsin status` then ends with 1."""
        done = subprocess.run([BIN / "tocsin", "status", "--json", "--data", self.data], text=True,
                              stdout=subprocess.PIPE, timeout=PATIENCE_S)
        rows = {row["service"]: row for row in map(json.loads, done.stdout.splitlines())}
        return int(rows["intake"]["pid"]) if "pid" in rows["intake"] else None

    def starts(self):
        """How long intake's log was at each of its starts."""
        log = (self.data / "run/intake.log").read_text(encoding="utf-8")
        return [int(seq) for seq in re.findall(r"event=started .*seq=(\d+)", log)]

    def stop(self):
        self.up.terminate()
        assert self.up.wait(PATIENCE_S) == 0


@pytest.fixture
def suite(tmp_path):
    suite = Suite(tmp_path)
    yield suite
    suite.stop()


def places(suite):
    """The log's own word: event id -> how often, of the example's."""
    count = collections.Counter()
    for line in suite.tocsin("tail", "intake", "--from", "1", "--json").splitlines():
        if '"example/c"' in line:
            count[re.search(r'"id": ?"(T-\d+)"', line).group(1)] += 1
    return count


def test_every_event_has_one_place_though_intake_is_killed(example, suite):
    program, environment = example
    with subprocess.Popen([program, suite.endpoint, str(EVENTS)], stdout=subprocess.PIPE, text=True,
                          env=environment) as process:
        receipts = []
        for line in process.stdout:
            receipts.append(line.split())
            if len(receipts) in (EVENTS // 10, EVENTS // 2):
                suite.kill_intake()
        assert process.wait(PATIENCE_S) == 0
    assert [row[0] for row in receipts] == ["T-%d" % i for i in range(1, EVENTS + 1)]
    seqs = [int(row[1]) for row in receipts]
    assert seqs == sorted(set(seqs)), "in order, no place twice"
    starts = suite.starts()
    assert len(starts) == 3 and 0 < starts[1] < starts[2] < seqs[-1], "killed in the middle"
    assert places(suite) == {"T-%d" % i: 1 for i in range(1, EVENTS + 1)}


def test_what_was_published_before_is_told_apart(example, suite):
    program, environment = example
    first, second = (subprocess.run([program, suite.endpoint, "300"], stdout=subprocess.PIPE,
                                    check=True, text=True, env=environment,
                                    timeout=PATIENCE_S).stdout for _ in range(2))
    assert first == second
    assert sum(places(suite).values()) == 300


def test_a_wrong_endpoint_is_told(example):
    program, environment = example
    done = subprocess.run([program, "nowhere", "1"], stderr=subprocess.PIPE, text=True,
                          env=environment, timeout=PATIENCE_S)
    assert done.returncode == 1
    assert "an endpoint is ipc://PATH or tcp://HOST:PORT" in done.stderr


def test_it_shows_nothing_but_its_own_names(library):
    done = subprocess.run(["nm", "-D", "--defined-only", library], check=True, text=True,
                          stdout=subprocess.PIPE)
    names = {line.split()[-1] for line in done.stdout.splitlines()}
    header = (SOURCE / "common/client/tocsin.h").read_text(encoding="utf-8")
    declared = set(re.findall(r"^TOCSIN_EXPORT .*?(tocsin_\w+)\(", header, re.M))
    assert names == declared


def test_its_header_is_for_c_and_cplusplus_alone(prefix, tmp_path):
    for compiler, name, standard in (("cc", "a.c", "-std=c99"), ("c++", "a.cc", "-std=c++11")):
        if shutil.which(compiler) is None:
            pytest.skip("no " + compiler)
        (tmp_path / name).write_text("#include <tocsin.h>\n")
        subprocess.run([compiler, standard, "-pedantic", "-Wall", "-Wextra", "-Werror",
                        "-fsyntax-only", "-I", prefix / "include", tmp_path / name], check=True)
