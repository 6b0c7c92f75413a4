"""Erasing people: what is left of them, in the files of a suite and in the answers it gives."""
import hashlib
import json
import os
import shutil
import smtplib
import struct
import subprocess
import time

from conftest import BIN

WORDS = "the zebra was charged twice on its card"


def kek(suite):
    directory = os.path.join(suite.data, "keys", "kek")
    return {name: open(os.path.join(directory, name), "rb").read() for name in os.listdir(directory)}


def sealed_of(suite, receipt):
    """32 bytes of each text that was sealed with this event: they follow its instant in the row."""
    at = struct.pack(">Q", suite.record(receipt)["at_ms"])
    with open(os.path.join(suite.data, "intake", "vault", "env", "data.mdb"), "rb") as file:
        image = file.read()
    found, start = set(), image.find(at)
    while start >= 0:
        found.add(image[start + 8:start + 40])
        start = image.find(at, start + 1)
    assert found
    return found


def erasures(suite):
    return {row["pseudonym"]: row for row in suite.lines("erasures", "--all")}


def seen_by_audit(suite):
    """Waits until a checkpoint covers what intake has written."""
    last = suite.lines("tail", "intake")[-1]["seq"]
    end = time.monotonic() + 60
    while True:
        try:
            return suite.tocsin("audit", "prove", "intake", last)
        except AssertionError:
            assert time.monotonic() < end
            time.sleep(0.2)


# --- what is left ---------------------------------------------------------------------------------

def test_no_file_of_any_service_has_anything_left(suite):
    """Neither plaintext nor data key ever was in a file; what is looked for is the rest."""
    first = suite.write("ana@example.com", WORDS, name="Ana Zebra", phone="+44 20 7946 0018")
    other = suite.write("ben@example.com", "the giraffe is well")
    name = suite.accepted(first)["pseudonym"]
    for text in (WORDS, "Ana Zebra", "ana@example.com", "7946 0018"):
        assert suite.holders(text.encode()) == []
    old_keks, hers, his = kek(suite), sealed_of(suite, first), sealed_of(suite, other)
    assert all(suite.holders(sealed) for sealed in hers | his)
    suite.erase("ana@example.com", "--now", "--wait")
    row = erasures(suite)[name]
    assert row["step"] == "done" and row["keys"] >= 1 and row["by"] == "dpo"
    assert list(kek(suite)) == ["kek.2"] and kek(suite)["kek.2"] not in old_keks.values()
    for key in old_keks.values():
        assert suite.holders(key) == []
    assert not any(suite.holders(sealed) for sealed in hers)
    assert all(suite.holders(sealed) for sealed in his)
    assert suite.accepted(other)["pseudonym"] not in erasures(suite)
    for text in (WORDS, "Ana Zebra", "ana@example.com"):
        assert suite.holders(text.encode()) == []
    assert WORDS not in suite.output() and "ana@example.com" not in suite.output()


def test_proofs_from_before_still_hold(suite):
    receipt = suite.write("ana@example.com", WORDS)
    seen_by_audit(suite)
    proof = suite.lines("audit", "prove", "intake", receipt["seq"])[0]
    suite.erase("ana@example.com", "--now", "--wait")
    again = suite.lines("audit", "prove", "intake", receipt["seq"])[0]
    assert (again["index"], again["entry"]) == (proof["index"], proof["entry"])
    suite.tocsin("audit", "verify")


# --- who ------------------------------------------------------------------------------------------

def test_somebody_unknown_is_told_and_nothing_is_made(suite):
    suite.write("ana@example.com", WORDS)
    for words in (["nobody@example.com"], ["--pseudonym", "u-17"], ["--pseudonym", "0" * 24]):
        said = suite.tocsin("erase", *words, "--reason", "gdpr-17", code=1)
        assert "known here" in said or "nothing is kept here" in said
    assert erasures(suite) == {}
    assert os.path.getsize(os.path.join(suite.data, "erased.ledger")) == 0


def test_a_mail_address_means_its_person_however_it_is_written(suite):
    name = suite.accepted(suite.write("Ana@Example.com", WORDS))["pseudonym"]
    suite.erase("ana@example.COM")
    assert erasures(suite)[name]["step"] in ("keys_gone", "done")


def test_the_person_may_come_from_standard_input(suite):
    name = suite.accepted(suite.write("ana@example.com", WORDS))["pseudonym"]
    suite.tocsin("erase", "-", "--reason", "gdpr-17", text="ana@example.com\n")
    assert name in erasures(suite)


def test_erasing_twice_finds_nobody_the_second_time(suite):
    suite.write("ana@example.com", WORDS)
    suite.erase("ana@example.com")
    assert "nobody of this name" in suite.tocsin("erase", "ana@example.com", "--reason", "x", code=1)
    assert len(erasures(suite)) == 1


def test_who_writes_again_is_somebody_new(suite):
    first = suite.accepted(suite.write("ana@example.com", WORDS))["pseudonym"]
    suite.erase("ana@example.com", "--now", "--wait")
    second = suite.accepted(suite.write("ana@example.com", "and here she is again"))["pseudonym"]
    assert first != second
    suite.erase("ana@example.com")
    assert set(erasures(suite)) == {first, second}


def test_many_at_once(suite):
    """More than are taken on together."""
    people = ["many%d@example.com" % number for number in range(150)]
    opened = [{"specversion": "1.0", "id": "m%d" % at, "source": "urn:shop", "subject": "M-%d" % at,
               "type": "tocsin.issue.opened",
               "data": {"channel": "email", "content": {"person": person, "body": WORDS}}}
              for at, person in enumerate(people)]
    suite.publish(opened)
    records = {record["seq"]: record for record in suite.lines("tail", "intake")}
    names = {record["body"]["pseudonym"] for record in records.values()
             if record["body"].get("id", "").startswith("m")}
    assert len(names) == len(people)
    suite.publish([{"specversion": "1.0", "id": "x" + name, "source": "urn:dpo",
                    "type": "tocsin.subject.erased",
                    "data": {"by": "dpo", "reason": "gdpr-17", "pseudonym": name}}
                   for name in names])
    end = time.monotonic() + 60
    while not all(erasures(suite)[name]["step"] == "keys_gone" for name in names):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert all(erasures(suite)[name]["keys"] == 1 for name in names)
    with open(os.path.join(suite.data, "erased.ledger"), encoding="utf-8") as lines:
        assert names <= {line.split()[3] for line in lines}


def test_a_pseudonym_is_as_good_as_a_name(suite):
    name = suite.accepted(suite.write("ana@example.com", WORDS))["pseudonym"]
    suite.erase("--pseudonym", name)
    assert name in erasures(suite)


# --- mail -----------------------------------------------------------------------------------------

MAIL = b"""From: Ana <ana@example.org>\r
To: support@example.com\r
Cc: Ben <ben@example.org>\r
Message-ID: <m1@example.org>\r
Date: Thu, 26 Nov 2026 01:00:00 +0000\r
Subject: The zebra\r
\r
""" + WORDS.encode() + b"\r\n"


def hand_over(suite):
    end = time.monotonic() + 60
    while True:
        try:
            server = smtplib.LMTP("127.0.0.1", suite.port, timeout=60)
            return server.sendmail("ana@example.org", ["support@example.com"], MAIL)
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_raw_mail_goes_with_anyone_in_it_and_the_words_of_others_stay(mailed):
    assert hand_over(mailed) == {}
    records = [row for row in mailed.lines("tail", "intake") if row["body"].get("pseudonym")]
    words = ("content", "get", records[-1]["issue"], "--purpose", "to look", "--json")

    def states():
        return {row["class"]: row["state"] for row in mailed.lines(*words)}
    mailed.read(records[-1]["issue"])
    assert set(states().values()) == {"there"} and "raw" in states()
    mailed.erase("ben@example.org")
    assert {name for name, state in states().items() if state == "erased"} == {"raw"}
    mailed.erase("ana@example.org", "--now", "--wait")
    assert "all of it was erased" in mailed.tocsin(*words, code=1)
    for text in (WORDS, "ana@example.org", "ben@example.org"):
        assert mailed.holders(text.encode()) == []


def test_a_mail_that_is_held_for_one_waits_though_another_is_erased(mailed):
    assert hand_over(mailed) == {}
    record = [row for row in mailed.lines("tail", "intake") if row["body"].get("pseudonym")][-1]
    words = ("content", "get", record["issue"], "--purpose", "to look")
    raw = sealed_of(mailed, record)
    mailed.read(record["issue"])
    mailed.tocsin("hold", "place", "case-7", "ana@example.org", "--owner", "legal")
    assert "case-7" in mailed.erase("ben@example.org", "--now", "--wait")

    def states():
        return {row["class"]: row["state"] for row in mailed.lines(*words)}

    def only():
        return next(iter(erasures(mailed).values()))
    assert only()["held_back"] == 1 and only()["held_by"] == "case-7"
    assert "1 raw mail: case-7" in mailed.tocsin("erasures")
    mailed.stop()
    mailed.start()
    assert states()["raw"] == "erased" and states()["body"] == "there"
    time.sleep(1)  # the renewal that it asked for goes by
    assert only()["step"] == "keys_gone"
    held = [sealed for sealed in raw if mailed.holders(sealed)]
    assert len(held) == len(raw)  # of ana's texts none is gone, nor the raw mail
    mailed.tocsin("hold", "release", "case-7", "--owner", "legal")
    end = time.monotonic() + 60
    while only()["step"] != "done":
        assert time.monotonic() < end, only()
        time.sleep(0.1)
    assert only()["held_back"] == 0
    assert len([sealed for sealed in raw if mailed.holders(sealed)]) == len(raw) - 1
    assert states()["raw"] == "erased" and states()["body"] == "there"


# --- holds ----------------------------------------------------------------------------------------

def test_a_hold_says_no_and_says_whose_it_is(suite):
    name = suite.accepted(suite.write("ana@example.com", WORDS))["pseudonym"]
    suite.tocsin("hold", "place", "case-7", "ana@example.com", "--owner", "legal")
    assert suite.lines("hold", "list")[0]["hold"]["pseudonym"] == name
    for words in (["ana@example.com"], ["--pseudonym", name]):
        said = suite.tocsin("erase", *words, "--reason", "gdpr-17", code=1)
        assert "case-7" in said and "legal" in said
    assert erasures(suite) == {}
    suite.tocsin("hold", "release", "case-7", "--owner", "legal")
    suite.erase("ana@example.com")
    assert name in erasures(suite)


def test_a_hold_on_somebody_unknown_is_refused(suite):
    said = suite.tocsin("hold", "place", "case-7", "nobody@example.com", "--owner", "legal", code=1)
    assert "nobody of this name" in said
    assert suite.lines("hold", "list") == []


# --- crashes and backups --------------------------------------------------------------------------

def test_a_restored_backup_erases_again(suite):
    first = suite.write("ana@example.com", WORDS)
    suite.write("ben@example.com", "the giraffe is well")
    name = suite.accepted(first)["pseudonym"]
    suite.stop()
    backup = suite.data + ".backup"
    shutil.copytree(suite.data, backup, ignore=shutil.ignore_patterns("*.sock"))
    old = kek(suite)
    suite.start()
    suite.erase("ana@example.com", "--now", "--wait")
    ledger = os.path.join(suite.data, "erased.ledger")
    with open(ledger, encoding="utf-8") as lines:
        said = lines.read()
    assert name in said
    suite.stop()
    for part in os.listdir(suite.data):  # everything but the ledger
        if part not in ("erased.ledger", "run"):
            shutil.rmtree(os.path.join(suite.data, part))
            shutil.copytree(os.path.join(backup, part), os.path.join(suite.data, part))
    suite.start()
    row = erasures(suite)[name]
    assert row["again"] and row["by"] == "ledger" and row["step"] == "keys_gone"
    assert "nobody of this name" in suite.tocsin("erase", "ana@example.com", "--reason", "x", code=1)
    suite.erase("ben@example.com", "--now", "--wait")  # renews the vault
    assert erasures(suite)[name]["step"] == "done"
    for key in old.values():
        assert suite.holders(key) == []
    suite.stop()
    suite.start()  # and a third time nothing is left to erase
    assert erasures(suite)[name]["step"] == "done"
    shutil.rmtree(backup)


def test_a_restored_backup_holds_back_what_was_held_back(mailed):
    assert hand_over(mailed) == {}
    record = [row for row in mailed.lines("tail", "intake") if row["body"].get("pseudonym")][-1]
    mailed.read(record["issue"])
    mailed.tocsin("hold", "place", "case-7", "ana@example.org", "--owner", "legal")
    mailed.stop()
    backup = mailed.data + ".backup"
    shutil.copytree(mailed.data, backup, ignore=shutil.ignore_patterns("*.sock"))
    mailed.start()
    mailed.erase("ben@example.org")
    mailed.stop()
    for part in os.listdir(mailed.data):  # everything but the ledger
        if part not in ("erased.ledger", "run"):
            shutil.rmtree(os.path.join(mailed.data, part))
            shutil.copytree(os.path.join(backup, part), os.path.join(mailed.data, part))
    for _ in range(2):  # a second start finds it as the first one left it
        mailed.start()
        row = next(iter(erasures(mailed).values()))
        assert row["again"] and row["step"] == "keys_gone"
        assert (row["held_back"], row["held_by"]) == (1, "case-7")
        states = {row["class"]: row["state"] for row in
                  mailed.lines("content", "get", record["issue"], "--purpose", "to look")}
        assert states["raw"] == "erased" and states["body"] == "there"
        mailed.stop()
    mailed.start()
    mailed.tocsin("hold", "release", "case-7", "--owner", "legal")
    mailed.erase("ana@example.org", "--now", "--wait")  # renews the vault
    assert {row["step"] for row in mailed.lines("erasures", "--all")} == {"done"}
    shutil.rmtree(backup)


# --- reading --------------------------------------------------------------------------------------

def test_what_was_erased_is_told_as_such_before_and_after_the_renewal(suite):
    suite.write("ana@example.com", WORDS)
    suite.write("ben@example.com", "the giraffe is well")
    words = ("content", "get", "urn:shop#T-1", "--purpose", "to look", "--json")
    assert {row["state"] for row in suite.read("urn:shop#T-1")} == {"there"}
    suite.erase("ana@example.com")
    assert "all of it was erased" in suite.tocsin(*words, code=1)
    suite.erase("ben@example.com", "--now", "--wait")
    assert "all of it was erased" in suite.tocsin(*words, code=1)


def test_what_is_older_than_the_policy_keeps_it_goes_unless_it_is_held(suite, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("policy: 1\nqueues: {q: {tier: 1}}\nroutes: [{rule: default, queue: q}]\n"
                      "retention: {body: 1s}\n")
    suite.tocsin("policy", "apply", str(policy))
    suite.write("ana@example.com", WORDS)
    suite.write("ben@example.com", "the giraffe is well")
    suite.tocsin("hold", "place", "case-1", "ben@example.com", "--owner", "legal")
    suite.write("cleo@example.com", "nothing of note")
    suite.read("urn:shop#T-2")
    time.sleep(1.5)
    suite.erase("cleo@example.com", "--now", "--wait")  # and what is too old goes along

    def states(issue):
        return {row["class"]: row["state"] for row in suite.read(issue)}
    assert states("urn:shop#T-1") == {"title": "there", "body": "erased"}
    assert states("urn:shop#T-2") == {"title": "there", "body": "there"}


def follows_all(suite, *at):
    """Whether an intake answers and has applied what it follows."""
    done = subprocess.run([os.path.join(BIN, "tocsin"), "status", "--json", "--data", suite.data,
                           *at], stdout=subprocess.PIPE, text=True, timeout=60)
    rows = {row["service"]: row for row in map(json.loads, done.stdout.splitlines())}
    followed = rows["intake"].get("upstreams")
    return followed and all(int(up["cursor_seq"]) == int(up["head_seq"]) > 0 for up in followed)


def test_an_intake_beside_the_control_intake_keeps_texts_as_its_policy_says(suite, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("policy: 1\nqueues: {q: {tier: 1}}\nroutes: [{rule: default, queue: q}]\n"
                      "retention: {body: 1s}\n")
    suite.tocsin("policy", "apply", str(policy))
    at = "ipc://%s/second.sock" % tmp_path
    command = [os.path.join(BIN, "tocsin-intake"), "--data", str(tmp_path / "second"), "--bind", at,
               "--issue-key", os.path.join(suite.data, "keys", "issue.key"),
               "--upstream", "control=ipc://%s/run/intake.sock" % suite.data]
    refused = subprocess.run([*command, "--control"], stderr=subprocess.PIPE, text=True, check=False)
    assert refused.returncode == 2 and "--upstream" in refused.stderr
    with open(tmp_path / "second.log", "wb") as log:
        second = subprocess.Popen(command, stderr=log)
    try:
        beside, end = ("--at", "intake=" + at), time.monotonic() + 60
        while not follows_all(suite, *beside):  # the policy is there then
            assert time.monotonic() < end and second.poll() is None
            time.sleep(0.1)
        for person, words in (("ana@example.com", WORDS), ("cleo@example.com", "nothing of note")):
            event = {"specversion": "1.0", "id": person, "source": "urn:other",
                     "type": "tocsin.issue.opened",
                     "data": {"channel": "email",
                              "content": {"person": person, "title": "hello", "body": words}}}
            suite.tocsin("publish", *beside, "-", text=json.dumps(event) + "\n")
        time.sleep(1.5)
        suite.tocsin("erase", "cleo@example.com", "--reason", "x", "--now", "--wait", *beside)
        rows = [json.loads(line) for line in
                suite.tocsin("tail", "intake", "--json", *beside).splitlines()]
        renewed = [row["body"] for row in rows if row["type"] == "vault_renewed"]
        assert [row["expired"] for row in renewed] == ["1"], rows
    finally:
        second.terminate()
        assert second.wait(60) == 0


def commitment(r, text):
    return hashlib.sha256(b"seg/v1" + r + text).hexdigest()


def test_a_person_gets_what_is_kept_of_them_and_nothing_of_others(suite, tmp_path):
    mine = suite.write("ana@example.com", WORDS, phone="+44 20 7946 0018")
    suite.write("ben@example.com", "the giraffe is well")
    seen_by_audit(suite)
    out = str(tmp_path / "ana")
    suite.tocsin("access", "ana@example.com", "--by", "dpo", "--out", out)
    with open(os.path.join(out, "events.jsonl"), encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    assert [row["seq"] for row in events] == [mine["seq"]]
    texts = {text["class"]: text for text in events[0]["texts"]}
    assert texts["body"]["text"] == WORDS and texts["contact"]["text"] == "+44 20 7946 0018"
    committed = {part["class"]: part["commitment"] for part in events[0]["body"]["content"]}
    assert commitment(bytes.fromhex(texts["body"]["r"]), WORDS.encode()) == committed["body"]
    record = hashlib.sha256(bytes.fromhex(events[0]["record"])).hexdigest()
    assert record in events[0]["leaf"]
    for name in ("checkpoint", "verifier-key", events[0]["proof"]):
        assert os.path.getsize(os.path.join(out, name)) > 0
    for name in os.listdir(out):
        with open(os.path.join(out, name), "rb") as file:
            assert b"giraffe" not in file.read()
    read = suite.lines("tail", "intake")[-1]["body"]["content_read"]
    assert read["by"] == "dpo" and read["pseudonym"] == events[0]["body"]["pseudonym"]
    said = suite.tocsin("access", "nobody@example.com", "--out", out, code=1)
    assert "nobody of this name" in said
