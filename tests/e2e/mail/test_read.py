"""Every mail of ../shared/data/mail_fixtures is read, and much as CPython reads it."""
import json
import os
import subprocess

import agree

TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")
AT_LEAST = {"subject": 0.99, "sender": 0.98, "date": 0.96, "attachment": 0.90}


def read_all(mails):
    out = []
    for at in range(0, len(mails), 30):
        paths = [path for _, path in mails[at:at + 30]]
        done = subprocess.run([TOCSIN, "mail", "read", *paths], capture_output=True, check=True)
        out += [json.loads(line) for line in done.stdout.splitlines()]
    return out


def test_every_mail_is_read_and_agrees(tmp_path, capsys):
    mails = agree.unpack(tmp_path)
    read = read_all(mails)
    assert len(read) == len(mails) == 297
    tally = agree.tally((row, mail) for (row, _), mail in zip(mails, read))
    with capsys.disabled():
        for what, (good, all_) in tally.items():
            print(f"\n{what}: {good} of {all_} as CPython reads it", end="")
    for what, share in AT_LEAST.items():
        good, all_ = tally[what]
        assert good >= share * all_, what
