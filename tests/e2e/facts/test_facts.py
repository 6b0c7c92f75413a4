"""`tocsin facts` as a user runs it: the labelled samples, real texts, odd lines, another lexicon."""
import csv
import io
import json
import os
import random
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import tocsin_suite

TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")
LEXICON = os.path.join(HERE, "..", "..", "..", "deploy", "policy", "lexicon")
SAMPLE = os.path.join(HERE, "sample.jsonl")
HELD_OUT = os.path.join(HERE, "held_out.jsonl")
RISKS = ["self_harm", "minor_safety", "violence", "harassment", "account_theft", "fraud",
         "legal_threat", "press"]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """The lexicons are compiled once."""
    home = tmp_path_factory.mktemp("cache")
    os.environ["XDG_CACHE_HOME"] = str(home)
    yield home / "tocsin"
    del os.environ["XDG_CACHE_HOME"]


def run(*words, text=None, code=0):
    done = subprocess.run([TOCSIN, "facts", *words], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8", timeout=300)
    assert done.returncode == code, done.stderr
    return done


def answers(lines, *words, code=0):
    out = run(*words, text="\n".join(map(json.dumps, lines)), code=code).stdout
    return [json.loads(line) for line in out.splitlines()]


def facts_of(text, *words):
    answer, = answers([{"id": 1, "text": text}], *words)
    return {fact["name"]: fact for fact in answer["facts"]}


def score(path):
    print(run("--score", path).stdout)
    rows = [json.loads(line) for line in run("--score", "--json", path).stdout.splitlines()]
    return ({row["fact"]: row for row in rows if "fact" in row},
            {row["language"]: row for row in rows if "language" in row})


# The floors are what the samples give today, less two texts of a class: a change of a lexicon that
# costs more than that has to be looked at.
def check(path, precision, recall):
    facts, languages = score(path)
    for risk in RISKS:
        row = facts["risk." + risk]
        assert row["precision"] >= precision and row["recall"] >= recall, row
    for name in ("card", "phone", "email"):
        assert facts[name]["precision"] == 1 and facts[name]["recall"] == 1, facts[name]
    for row in languages.values():
        wrong = row["labelled"] - row["right"] - row["unsure"]
        assert wrong <= 0.06 * row["labelled"], row


def test_the_sample_that_the_lexicons_were_written_with_holds(capsys):
    with capsys.disabled():
        check(SAMPLE, 0.85, 0.85)


def test_the_sample_that_they_were_not_written_with_holds(capsys):
    with capsys.disabled():
        check(HELD_OUT, 0.80, 0.65)


def rows_of(pattern, *columns):
    path = tocsin_suite.find(pattern)[0]
    for row in csv.DictReader(io.StringIO(tocsin_suite.unpacked(path).decode())):
        yield [row[column] for column in columns]


@pytest.mark.parametrize("pattern,columns", [
    ("cfpb_narratives/*.csv*", ("narrative",)), ("itsm_ticket_text/*.csv*", ("title", "body"))])
def test_real_texts_are_survived(capsys, pattern, columns):
    try:
        texts = ["\n\n".join(row) for row in rows_of(pattern, *columns)]
    except SystemExit:
        pytest.skip("no " + pattern)
    got = answers([{"id": n, "text": text} for n, text in enumerate(texts)])
    assert [answer["id"] for answer in got] == list(range(len(texts)))
    counts = {}
    for answer in got:
        for fact in answer["facts"]:
            counts[fact["name"]] = counts.get(fact["name"], 0) + 1
    with capsys.disabled():
        print("\n%s: %d texts; %s" % (pattern, len(texts), ", ".join(
            "%s %d" % item for item in sorted(counts.items()))))
    languages = [answer["facts"][0]["value"] for answer in got]
    assert languages.count("en") > 0.9 * len(texts)


def test_a_line_that_is_none_is_answered_and_the_others_too():
    lines = ["{", "[1]", '{"id": 7}', '{"id": "x", "text": 5}', '{"id": null, "text": "a"}', "",
             '{"id": [1], "text": "b", "locale": 4}', '{"id": 2, "text": "I will sue you", "x": 1}']
    got = [json.loads(line) for line in run(text="\n".join(lines), code=1).stdout.splitlines()]
    assert [answer["id"] for answer in got] == [None, None, 7, "x", None, [1], 2]
    assert ["error" in answer for answer in got] == [True, True, True, True, False, True, False]
    assert any(fact["name"] == "risk.legal_threat" for fact in got[-1]["facts"])


def test_the_subject_is_read_and_the_locale_says_nothing():
    line = {"id": 1, "subject": "I will sue you", "text": "Where is my parcel, it should be here?"}
    plain, other = answers([line, dict(line, locale="pt-BR")])
    assert plain == other
    names = {fact["name"]: fact["value"] for fact in plain["facts"]}
    assert names["risk.legal_threat"] == "1" and names["language"] == "en"


def test_facts_come_line_by_line():
    child = subprocess.Popen([TOCSIN, "facts"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for number in range(3):
        child.stdin.write(json.dumps({"id": number, "text": "hello"}).encode() + b"\n")
        child.stdin.flush()
        assert json.loads(child.stdout.readline())["id"] == number
    child.stdin.close()
    assert child.wait(60) == 0


def test_the_shipped_lexicon_is_the_built_in_one():
    text = "I will sue you, los voy a demandar"
    assert facts_of(text) == facts_of(text, "--lexicon", LEXICON)


def test_what_was_compiled_is_kept(cache):
    def files():
        run(text="")
        return {path.name: path.stat().st_ino for path in cache.iterdir()}

    first = files()
    assert set(first) == {"facts-context.compiled", "facts-terms.compiled", "facts-secrets.compiled"}
    assert files() == first


def test_another_lexicon_takes_its_place(tmp_path):
    (tmp_path / "own.lexicon").write_text("press en moon landing\nproduct rocket-9 rocket\n")
    got = facts_of("The rocket and the moon landing, I will sue you", "--lexicon", str(tmp_path))
    assert got["risk.press"]["detector"].startswith("lexicon-en/1:")
    assert got["product"]["value"] == "rocket-9" and "risk.legal_threat" not in got


def test_a_mistake_in_a_lexicon_is_told_with_file_and_line(tmp_path):
    (tmp_path / "own.lexicon").write_text("# own\nfruad en scam\n")
    said = run("--lexicon", str(tmp_path), text="", code=1).stderr
    assert said == ("%s/own.lexicon:2:1: error: unknown class 'fruad'\n    2 | fruad en scam\n"
                    "      | ^\nhint: did you mean 'fraud'?\n" % tmp_path)


def luhn(digits):
    total = sum(int(d) if i % 2 else sum(divmod(2 * int(d), 10))
                for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def test_cards_of_an_oracle_of_its_own_are_found():
    """Numbers of known issuers with their check digit are cards, and with another one are not."""
    dice = random.Random(7)
    lines, expected = [], []
    for number in range(2000):
        prefix, size = dice.choice([("4", 16), ("51", 16), ("2720", 16), ("37", 15), ("6011", 16),
                                    ("3530", 16), ("6520", 16)])
        card = luhn(prefix + "".join(dice.choice("0123456789") for _ in range(size - 1 - len(prefix))))
        good = number % 2 == 0
        if not good:
            card = card[:-1] + str((int(card[-1]) + dice.randint(1, 9)) % 10)
        if dice.random() < 0.5 and size == 16:
            card = dice.choice(" -").join(card[i:i + 4] for i in range(0, 16, 4))
        lines.append({"id": number, "text": "my card is " + card + ", thanks"})
        expected.append(good)
    got = answers(lines)
    assert [any(f["name"] == "card" for f in answer["facts"]) for answer in got] == expected
