"""How what intake reads from the mails of ../shared/data/mail_fixtures agrees with CPython."""
import email.utils
import json
import os
import re
import subprocess

DATA = os.path.join(os.environ["TOCSIN_SOURCE"], "..", "shared", "data", "mail_fixtures")


def unpack(directory):
    """The mails as [(row of the index, path)]."""
    archive = os.path.join(DATA, "mail_dev.tar.zst")
    subprocess.run(["tar", "--zstd", "-xf", archive, "-C", directory], check=True)
    with open(os.path.join(DATA, "index.jsonl"), encoding="utf-8") as index:
        rows = [json.loads(line) for line in index]
    return [(row, os.path.join(directory, row["path"])) for row in rows]


def plain(text):
    """Without what differs for no reason: spaces, quotes, marks for what could not be read."""
    return re.sub(r"[\s\"'\\]+", "", text or "")


def is_clear(text):
    return text is None or "�" not in text and all(c.isprintable() or c.isspace() for c in text)


def instant(text):
    try:
        return int(email.utils.parsedate_to_datetime(text).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        return None


def address(text):
    return email.utils.parseaddr(text or "")[1].lower()


def names_of_parts(row):
    return sorted(plain(part[2]) for part in row["parts"] if part[2])


def compare(row, mail):
    """{what: whether they agree}, of what is unambiguous."""
    out = {}
    if row["subject"] and is_clear(row["subject"]):
        ours, theirs = plain(mail["subject"]), plain(row["subject"])
        long = len(theirs) > 500  # ours has an end
        out["subject"] = ours != "" and theirs.startswith(ours) if long else ours == theirs
    if "@" in address(row["sender"]) and is_clear(row["sender"]):
        out["sender"] = address(row["sender"]) == mail["address"].lower()
    when = instant(row["date"])
    if when is not None and when > 0:
        out["date"] = when == mail["date_ms"]
    names = names_of_parts(row)
    if names and not row["defects"] and all(map(is_clear, names)):
        found = sorted(plain(f["name"]) for f in mail["files"])
        out["attachment"] = all(name in found for name in names)
    return out


def tally(rows):
    """{what: (agreed, compared)} over [(row, mail)]."""
    count = {}
    for row, mail in rows:
        for what, agrees in compare(row, mail).items():
            good, all_ = count.get(what, (0, 0))
            count[what] = (good + agrees, all_ + 1)
    return count
