"""Random questions of every op to the real `tocsin calendar`, and what zoneinfo makes of them.

The oracle has its zones from Python's zoneinfo and its own way there: it cuts a range of UTC into
spans of one offset, lays the windows of each wall date over them, and joins what touches.
"""
import bisect
import json
import os
import random
import resource
import select
import subprocess
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")
SECOND, HOUR, DAY = 1000, 3600000, 86400000
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EPOCH = datetime(1970, 1, 1)
DAYS_AROUND = 25
# Zones with a date near which something happens to the clock.
PLACES = [("America/New_York", date(2026, 3, 8)), ("America/New_York", date(2026, 11, 1)),
          ("Europe/Berlin", date(2026, 3, 29)), ("Europe/Berlin", date(2026, 10, 25)),
          ("Australia/Lord_Howe", date(2026, 4, 5)), ("Australia/Lord_Howe", date(2026, 10, 4)),
          ("Africa/Cairo", date(2026, 4, 24)), ("Asia/Beirut", date(2026, 3, 29)),
          ("America/Santiago", date(2026, 9, 6)), ("America/Havana", date(2026, 3, 8)),
          ("Europe/Dublin", date(2026, 10, 25)), ("America/St_Johns", date(2005, 10, 30)),
          ("Pacific/Apia", date(2011, 12, 30)), ("Antarctica/Troll", date(2026, 3, 29)),
          ("Africa/Casablanca", date(2019, 5, 5)), ("Asia/Kathmandu", date(1986, 1, 1)),
          ("Europe/London", date(1968, 10, 27)), ("Africa/Monrovia", date(1972, 1, 7)),
          ("Asia/Kolkata", date(2026, 8, 15)), ("Pacific/Chatham", date(2026, 9, 27)),
          ("Europe/Amsterdam", date(1937, 7, 1)), ("UTC", date(2024, 2, 29))]
OPS = ["add", "sub", "between", "is_open", "next_opening", "next_closing", "prev_opening",
       "prev_closing", "intervals_after", "intervals_before", "intervals_between", "resolve_local"]


def run(text):
    return subprocess.run([TOCSIN, "calendar"], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8", timeout=300)


# --- The oracle ----------------------------------------------------------------------------------


def offset_ms(zone, second):
    return int(datetime.fromtimestamp(second, timezone.utc).astimezone(zone).utcoffset()
               / timedelta(milliseconds=1))


def spans(zone, begin, end):
    """[from, until, offset] in milliseconds: each one as long as the offset stays the same."""
    out, at = [], begin // SECOND
    last = offset_ms(zone, at)
    start = at
    while at < end // SECOND:
        step = min(at + 3600, end // SECOND)
        if offset_ms(zone, step) != last:
            low, high = at, step
            while high - low > 1:
                middle = (low + high) // 2
                if offset_ms(zone, middle) == last:
                    low = middle
                else:
                    high = middle
            out.append((start * SECOND, high * SECOND, last))
            start, last = high, offset_ms(zone, high)
            at = high
        else:
            at = step
    out.append((start * SECOND, end, last))
    return out


def time_ms(text):
    hours, minutes, seconds = (text + ":00").split(":")[:3]
    return round((int(hours) * 60 + int(minutes)) * 60000 + float(seconds) * 1000)


def subtract(segments, start, end):
    out = []
    for a, b in segments:
        if end <= start or b <= start or a >= end:
            out.append((a, b))
            continue
        if a < start:
            out.append((a, start))
        if b > end:
            out.append((end, b))
    return out


def merge(segments):
    out = []
    for a, b in sorted(segments):
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        elif a < b:
            out.append((a, b))
    return out


def windows_of(calendar, day):
    """The windows of a wall date, in milliseconds since its midnight."""
    name = day.isoformat()
    if name in calendar["holidays"]:
        return []
    if name in calendar["date_hours"]:
        rows = calendar["date_hours"][name]
    elif name[5:] in calendar["annual_holidays"]:
        rows = []
    else:
        rows = calendar["weekly"][WEEKDAYS[day.weekday()]]
    segments = merge((time_ms(a), time_ms(b)) for a, b in rows)
    for a, b in calendar["breaks"].get(name, []):
        segments = subtract(segments, time_ms(a), time_ms(b))
    return segments


class Oracle:
    def __init__(self, calendar, middle, pauses):
        zone = ZoneInfo(calendar["tz"])
        midnight = (middle - date(1970, 1, 1)).days * DAY
        self.begin, self.end = midnight - DAYS_AROUND * DAY, midnight + DAYS_AROUND * DAY
        self.spans = spans(zone, self.begin, self.end)
        segments = []
        for start, end, offset in self.spans:
            first = (start + offset) // DAY
            for number in range(first, (end + offset) // DAY + 1):
                day = date(1970, 1, 1) + timedelta(days=number)
                for a, b in windows_of(calendar, day):
                    a, b = a + number * DAY - offset, b + number * DAY - offset
                    segments.append((max(a, start), min(b, end)))
        segments = merge(s for s in segments if s[0] < s[1])
        for a, b in pauses:
            segments = subtract(segments, a, b)
        self.segments = [s for s in segments if s[0] < s[1]]

    def around(self, edge):
        """An edge, unless it may be the range's own."""
        return None if edge is None or edge in (self.begin, self.end) else edge

    def add(self, start, amount):
        for a, b in self.segments:
            a = max(a, start)
            if a < b:
                if amount <= b - a:
                    return a + amount
                amount -= b - a
        return None

    def sub(self, start, amount):
        for a, b in reversed(self.segments):
            b = min(b, start)
            if a < b:
                if amount <= b - a:
                    return b - amount
                amount -= b - a
        return None

    def between(self, start, end):
        return sum(max(0, min(b, end) - max(a, start)) for a, b in self.segments)

    def resolve(self, wall):
        for start, end, offset in self.spans:
            if start <= wall - offset < end:
                return wall - offset
        for (_, end, before), (_, _, after) in zip(self.spans, self.spans[1:]):
            if end + before <= wall < end + after:
                return wall - before
        return None

    def intervals(self, question):
        start, count, op = question["start_ms"], question["count"], question["op"]
        if op == "intervals_before":
            found = [[a, min(b, start)] for a, b in reversed(self.segments) if a < start][:count]
        elif op == "intervals_after":
            found = [[max(a, start), b] for a, b in self.segments if b > start][:count]
        else:
            end = question["end_ms"]
            return [[max(a, start), min(b, end)] for a, b in self.segments if b > start and a < end
                    and start < end]
        edges = [edge for interval in found for edge in interval]
        return found if len(found) == count and not {self.begin, self.end} & set(edges) else None

    def answer(self, question):
        op, start = question["op"], question["start_ms"]
        if op in ("add", "sub"):
            instant = getattr(self, op)(start, question["amount_ms"])
            return None if instant is None else {"instant_ms": instant}
        if op == "between":
            return {"duration_ms": self.between(start, question["end_ms"])}
        if op == "is_open":
            return {"open": any(a <= start < b for a, b in self.segments)}
        if op.startswith("intervals"):
            found = self.intervals(question)
            return None if found is None else {"intervals_ms": found}
        if op == "resolve_local":
            whole = datetime.fromisoformat(question["local"])
            instant = self.resolve(round((whole - EPOCH) / timedelta(milliseconds=1)))
        else:
            edges = [s[0 if op.endswith("opening") else 1] for s in self.segments]
            if op.startswith("next"):
                edges = edges[bisect.bisect_right(edges, start):]
                instant = self.around(edges[0] if edges else None)
            else:
                edges = edges[:bisect.bisect_left(edges, start)]
                instant = self.around(edges[-1] if edges else None)
        return None if instant is None else {"instant_ms": instant}


# --- Questions -----------------------------------------------------------------------------------


def clock(ms):
    text = "%02d:%02d" % divmod(ms // 60000, 60)
    if ms % 60000:
        text += ":%02d" % (ms // 1000 % 60)
    if ms % 1000:
        text += ".%03d" % (ms % 1000)
    return text


def window(rng):
    grain = rng.choice([3600000, 3600000, 1800000, 60000, 1000, 1])
    start = rng.randrange(0, DAY // grain)
    return [clock(start * grain), clock(rng.randint(start + 1, DAY // grain) * grain)]


def windows(rng, most):
    return [window(rng) for _ in range(rng.randint(0, most))]


def draw_calendar(rng, zone, middle):
    near = lambda: middle + timedelta(days=rng.randint(-8, 8))
    return {"tz": zone,
            "weekly": {day: windows(rng, 3) for day in WEEKDAYS},
            "holidays": [near().isoformat() for _ in range(rng.randint(0, 2))],
            "annual_holidays": [near().isoformat()[5:] for _ in range(rng.randint(0, 2))],
            "date_hours": {near().isoformat(): windows(rng, 2) for _ in range(rng.randint(0, 4))},
            "breaks": {near().isoformat(): windows(rng, 2) for _ in range(rng.randint(0, 4))}}


def draw_question(rng, number, oracle, calendar, pauses, middle):
    midnight = (middle - date(1970, 1, 1)).days * DAY
    start = midnight + rng.randint(-6 * DAY, 6 * DAY)
    if rng.random() < 0.4 and oracle.segments:
        edge = rng.choice(rng.choice(oracle.segments))
        if abs(edge - midnight) < 12 * DAY:
            start = edge
    local = EPOCH + timedelta(milliseconds=midnight + rng.randint(-3 * HOUR, 27 * HOUR))
    question = {"id": rng.choice([number, str(number)]), "calendar": calendar,
                "op": rng.choice(OPS), "start_ms": start,
                "amount_ms": rng.choice([0, rng.randint(0, 90) * HOUR, rng.randint(0, 3 * DAY)]),
                "end_ms": start + rng.randint(-DAY, 9 * DAY), "count": rng.randint(0, 5),
                "local": local.isoformat(sep=" ", timespec="milliseconds"), "pauses_ms": pauses}
    if not pauses and rng.random() < 0.5:
        del question["pauses_ms"]
    return question


def draw_pauses(rng, middle):
    if rng.random() < 0.5:
        return []
    midnight = (middle - date(1970, 1, 1)).days * DAY
    starts = [midnight + rng.randint(-8 * DAY, 8 * DAY) for _ in range(rng.randint(1, 6))]
    return [[start, start + rng.randint(-2 * HOUR, DAY)] for start in starts]


def draw_all(seed):
    rng = random.Random(seed)
    questions, wanted = [], []
    for zone, middle in PLACES:
        for _ in range(10):
            calendar, pauses = draw_calendar(rng, zone, middle), draw_pauses(rng, middle)
            oracle = Oracle(calendar, middle, pauses)
            if len(oracle.segments) < 2:
                continue
            for _ in range(25):
                question = draw_question(rng, len(questions), oracle, calendar, pauses, middle)
                answer = oracle.answer(question)
                if answer is not None:
                    questions.append(question)
                    wanted.append({"id": question["id"], **answer})
    return questions, wanted


def test_random_questions_agree_with_zoneinfo():
    questions, wanted = draw_all(20260329)
    assert len(questions) > 4000
    done = run("".join(json.dumps(q) + "\n" for q in questions))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions) and done.returncode == 0 and done.stderr == ""
    for question, answer, right in zip(questions, answers, wanted):
        assert answer == right, json.dumps(question)


# --- The command ---------------------------------------------------------------------------------


OFFICE = {"tz": "Europe/Berlin", "weekly": {"mon": [["09:00:00", "17:00:00"]]}}


def test_the_example_of_help_works_when_it_is_pasted():
    text = subprocess.run([TOCSIN, "calendar", "--help"], stdout=subprocess.PIPE, check=True,
                          encoding="utf-8").stdout
    example = text[text.index("  echo "):text.index("tocsin calendar\n\n")] + TOCSIN + " calendar"
    done = subprocess.run(["sh", "-c", example], stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout)["id"] == 1 and "instant_ms" in json.loads(done.stdout)


def test_a_bad_line_is_answered_in_its_place_and_the_exit_status_says_so():
    good = json.dumps({"id": "good", "calendar": OFFICE, "op": "is_open", "start_ms": 0})
    lines = [good, "{\"id\": 7, \"op\": ", "", good, "x" * 2000000, good]
    done = run("\n".join(lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [a["id"] for a in answers] == ["good", 7, "good", None, "good"]
    assert ["error" in a for a in answers] == [False, True, False, True, False]


def test_a_co_process_gets_each_answer_before_it_asks_again():
    child = subprocess.Popen([TOCSIN, "calendar"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for number in range(5):
        question = {"id": number, "calendar": OFFICE, "op": "is_open", "start_ms": number}
        child.stdin.write(json.dumps(question).encode() + b"\n")
        child.stdin.flush()
        assert select.select([child.stdout], [], [], 60)[0], "no answer while the input is open"
        assert json.loads(child.stdout.readline()) == {"id": number, "open": False}
    child.stdin.close()
    assert child.wait(60) == 0


def test_a_hundred_thousand_lines_about_a_few_calendars_are_quick():
    calendars = [{"tz": "America/New_York",
                  "weekly": {day: [["09:00", "17:%02d" % n]] for day in WEEKDAYS[:5]},
                  "holidays": ["20%02d-07-04" % year for year in range(60)]} for n in range(20)]
    lines = [json.dumps({"id": n, "calendar": calendars[n % 20], "op": "add",
                         "start_ms": 1790000000000 + n, "amount_ms": 360000000})
             for n in range(100000)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run("\n".join(lines))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0 and done.stdout.count("\n") == 100000
    assert after.ru_utime - before.ru_utime < 30  # of its own; however busy the machine is
