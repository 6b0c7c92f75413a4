"""Audit's data is put back from a backup, and only who kept a checkpoint sees it."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")


class Suite:
    """`tocsin up` on one directory."""

    def __init__(self, directory):
        self.data = str(directory / "data")
        self.log = directory / "up.log"
        self.up = None

    def start(self, *words):
        with open(self.log, "wb") as log:
            self.up = subprocess.Popen([TOCSIN, "up", "--data", self.data, *words],
                                       stdout=log, stderr=log)

    def stop(self):
        if self.up is not None:
            self.up.send_signal(signal.SIGTERM)
            self.up.wait(timeout=60)
            self.up = None

    def run(self, *words, **more):
        return subprocess.run([TOCSIN, *words, "--data", self.data], capture_output=True, text=True,
                              timeout=60, check=False, **more)

    def verify(self, *words):
        done = self.run("audit", "verify", "--json", *words)
        return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr

    def has_leaves(self, events):
        """Audit has a leaf of every record, those of so many events among them."""
        done = self.run("audit", "verify", "--json")
        rows = {row.get("service"): row for row in map(json.loads, done.stdout.splitlines())}
        return done.returncode == 0 and int(rows["intake"]["records"]) >= events and all(
            row["records"] == row["leaves"] for name, row in rows.items() if name)

    def open_issues(self, first, last):
        until("the suite", lambda: self.run("status").returncode == 0)
        events = [{"specversion": "1.0", "id": str(n), "source": "urn:test", "subject": f"T-{n}",
                   "type": "tocsin.issue.opened", "data": {"channel": "mail"}}
                  for n in range(first, last)]
        done = self.run("publish", input="\n".join(map(json.dumps, events)) + "\n")
        assert done.returncode == 0, done.stderr
        until("leaves", lambda: self.has_leaves(last))


def until(what, check, seconds=60):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"in vain for {what}"
        time.sleep(0.1)


@pytest.fixture
def suite(tmp_path):
    one = Suite(tmp_path)
    one.start()
    yield one
    one.stop()


def test_a_backup_that_is_put_back_is_seen_by_an_older_checkpoint_alone(suite, tmp_path):
    ours, backup, note = os.path.join(suite.data, "audit"), tmp_path / "backup", tmp_path / "note"
    suite.open_issues(0, 10)
    suite.stop()
    shutil.copytree(ours, backup)
    suite.start()
    for n in range(10, 15):  # one by one: what is read again comes log by log, in another order
        suite.open_issues(n, n + 1)
    suite.open_issues(15, 30)
    note.write_text(suite.run("audit", "checkpoint").stdout)
    code, result, _ = suite.verify("--since", str(note))
    assert code == 0 and result["differences"] == "0" and int(result["since"]) > 0
    covered = suite.run("audit", "verify").stdout
    assert "Checked are the logs that audit follows, no others: intake, router, sla" in covered

    suite.stop()
    shutil.rmtree(ours)
    shutil.copytree(backup, ours)
    suite.start()
    suite.open_issues(30, 60)
    code, result, _ = suite.verify()
    assert code == 0 and result["differences"] == "0"
    code, result, said = suite.verify("--since", str(note))
    assert code == 1 and "the log was forked" in said and result["differences"] == "1"

    note.write_text(note.read_text().replace("\n", "\n1", 1))
    done = suite.run("audit", "verify", "--since", str(note))
    assert done.returncode == 1 and "is no checkpoint signed by" in done.stderr


def test_another_origin_is_refused_in_words(suite):
    suite.open_issues(0, 1)
    suite.stop()
    suite.start("--origin", "other.example/log")
    log = pathlib.Path(suite.data) / "run" / "audit.log"
    until("a refusal", lambda: "the last checkpoint was signed under another --origin or --seed"
          in log.read_text())
