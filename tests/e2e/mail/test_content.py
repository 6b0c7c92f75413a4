"""What was sealed of a mail reads back as it came, and nothing of it is in any log."""
import os
import subprocess

import pytest

BIN = os.environ["TOCSIN_BIN"]
MAIL = ("From: Ana Sentinel <ana.sentinel@example.org>\r\nTo: support@example.com\r\n"
        "Cc: Bo Sentinel <bo.sentinel@example.org>\r\nMessage-ID: <sentinel@example.org>\r\n"
        "Subject: Sentinel subject\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
        "Sentinel body.\r\n-- \r\nSentinel signature\r\n\r\nOn 1 May 2026, Desk wrote:\r\n"
        "> Sentinel quoted\r\n--b\r\nContent-Type: text/csv; name=sentinel.csv\r\n\r\nsentinel;1\r\n"
        "--b--\r\n")


def content(suite, issue, directory):
    words = ["content", "get", issue, "--by", "bo", "--purpose", "test", "--save", str(directory)]
    return suite.call(*words)


def saved(directory):
    out = {}
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as file:
            out[name] = file.read()
    return out


def test_a_mail_reads_back_as_it_came(suite, tmp_path):
    issue = suite.event(suite.send(MAIL)[1])["issue"]
    directory = tmp_path / "made"
    shown = content(suite, issue, directory)
    for text in ("Sentinel subject", "Sentinel body.", "Sentinel signature", "Sentinel quoted",
                 "Ana Sentinel", "ana.sentinel@example.org"):
        assert text in shown, text
    files = saved(directory).values()
    assert MAIL.encode() in files
    assert b"sentinel;1" in files


@pytest.mark.parametrize("people", [110, 1001])
def test_whoever_is_in_a_mail_to_many_may_be_erased(suite, tmp_path, people):
    to = ",\r\n ".join(f"p{i}.{people}@example.org" for i in range(people))
    raw = f"From: a.{people}@example.org\r\nTo: {to}\r\nSubject: s\r\n\r\nTo all.\r\n"
    event = suite.event(suite.send(raw)[1])
    kept = "raw" in {content["class"] for content in event["content"]}
    assert kept == (people < 1000)
    with open(os.path.join(suite.data, "run", "intake.log"), encoding="utf-8") as log:
        told = [line for line in log if "mail_not_kept" in line and event["id"] in line]
    assert len(told) == (0 if kept else 1)
    suite.call("erase", f"p{people - 1}.{people}@example.org", "--by", "bo", "--reason", "gdpr-17",
               check=kept)
    assert "To all." in content(suite, event["issue"], tmp_path / "made")
    assert raw.encode() not in saved(tmp_path / "made").values()


def test_a_large_mail_reads_back_whole(suite, tmp_path):
    raw = b"Subject: large\r\n\r\n" + b"".join(b"%0998d\r\n" % i for i in range(20000))
    issue = suite.event(suite.send(raw)[1])["issue"]
    content(suite, issue, tmp_path)
    pieces = [data for data in saved(tmp_path).values() if len(data) > 1 << 20]
    assert sorted(map(len, pieces), reverse=True) == [15 << 20, len(raw) - (15 << 20)]
    assert sorted(pieces, key=len, reverse=True)[0] + min(pieces, key=len) == raw


@pytest.mark.parametrize("word", [b"entinel body", b"ana.sentinel@", b"Sentinel sub", b"sentinel;1"])
def test_nothing_of_it_is_in_any_file(suite, word):
    done = subprocess.run(["grep", "-rlaF", "--", word, suite.data], stdout=subprocess.PIPE)
    assert done.stdout == b""
