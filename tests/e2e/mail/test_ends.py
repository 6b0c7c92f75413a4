"""Nothing is lost and nothing comes twice: kill -9, a full store, the program for a pipe."""
import contextlib
import os
import signal
import socket
import subprocess
import time

import pytest

from conftest import BIN, MAP
from ports import free_port

INTAKE = os.path.join(BIN, "tocsin-intake")


def mail(name):
    return (f"From: ana@example.org\r\nMessage-ID: <{name}@x>\r\nSubject: {name}\r\n\r\n"
            + f"Text of {name}.\r\n" * 50)


def begin(suite):
    one = socket.create_connection(("127.0.0.1", suite.port))
    reader = one.makefile("rb")
    reader.readline()
    one.sendall(b"LHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<support@example.com>\r\n")
    while not reader.readline().startswith(b"250 2.1.5"):
        pass
    one.sendall(b"DATA\r\n")
    assert reader.readline().startswith(b"354")
    return one


def kill(suite):
    pid = suite.pid()
    os.kill(pid, signal.SIGKILL)


def count(suite, name, before):
    return len(suite.events()) - before


def test_killed_in_the_middle_of_a_mail(suite):
    before = len(suite.events())
    one = begin(suite)
    one.sendall(mail("half").encode()[:300])
    kill(suite)
    with contextlib.suppress(ConnectionResetError):  # where not all of it was read
        assert one.recv(100) == b""
    assert suite.send(mail("half"))[0] == 250
    assert len(suite.events()) == before + 1


@pytest.mark.parametrize("after_ms", [0, 1, 2, 4, 8])
def test_killed_before_the_reply(suite, after_ms):
    suite.send(mail("warm"))
    before = len(suite.events())
    pid = suite.pid()
    one = begin(suite)
    one.sendall(mail(f"kill-{after_ms}").encode() + b".\r\n")
    time.sleep(after_ms / 1000)
    os.kill(pid, signal.SIGKILL)
    assert suite.send(mail(f"kill-{after_ms}"))[0] == 250
    assert len(suite.events()) == before + 1


def pipe(suite, raw, *words):
    return subprocess.run([INTAKE, "--mail-pipe", "--lmtp", f"127.0.0.1:{suite.port}", *words],
                          input=raw, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_pipe_hands_a_mail_over_and_says_what_became_of_it(suite):
    raw = b"From ana Thu Nov 26 2026\nFrom: ana@example.org\nSubject: pipe\n\n.dot\n.\nend\n"
    done = pipe(suite, raw, "--to", "support@example.com", "--from", "ana@example.org")
    assert done.returncode == 0, done.stderr
    event = suite.events()[-1]
    raws = next(content for content in event["content"] if content["class"] == "raw")
    assert raws["bytes"] == len(raw.split(b"\n", 1)[1].replace(b"\n", b"\r\n"))
    assert pipe(suite, raw, "--to", "nobody@example.com").returncode == 65
    assert pipe(suite, raw, "--to", "support@example.com", "--to", "nobody@example.com").returncode == 65
    assert pipe(suite, raw).returncode == 64
    assert pipe(suite, raw, "--to", "x\r\nDATA").returncode == 64
    gone = subprocess.run([INTAKE, "--mail-pipe", "--lmtp", f"127.0.0.1:{free_port()}", "--to",
                           "support@example.com"], input=raw, stderr=subprocess.PIPE)
    assert gone.returncode == 75 and b"keep the mail" in gone.stderr


def test_a_full_store_asks_for_the_mail_again(tmp_path):
    key = tmp_path / "key"
    with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
        out.write(os.urandom(32))
    (tmp_path / "mail.yaml").write_text(MAP)
    path = os.path.join("/tmp", f"tocsin-lmtp-{os.getpid()}")
    intake = subprocess.Popen(
        [INTAKE, "--data", tmp_path / "data", "--bind", f"ipc://{tmp_path}/intake.sock",
         "--issue-key", key, "--control", "--map-size", "1M", "--lmtp", path, "--mail",
         tmp_path / "mail.yaml"], stderr=subprocess.DEVNULL)
    try:
        code, accepted = 250, 0
        while code == 250 and accepted < 3000:
            with smtp(path) as server:
                for _ in range(100):
                    server.ehlo_or_helo_if_needed()
                    server.mail("a@example.org")
                    server.rcpt("support@example.com")
                    code, reply = server.data(mail(f"full-{accepted}").encode())
                    if code != 250:
                        break
                    accepted += 1
        assert code == 452 and b"4.3.1" in reply and accepted > 10
        done = subprocess.run([INTAKE, "--mail-pipe", "--lmtp", path, "--to", "support@example.com"],
                              input=b"Subject: x\n\nx\n", stderr=subprocess.PIPE)
        assert done.returncode == 75
    finally:
        intake.terminate()
        intake.wait(60)
    assert not os.path.exists(path)


def smtp(path):
    import smtplib
    for _ in range(600):
        try:
            return smtplib.LMTP(path)
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(path)
