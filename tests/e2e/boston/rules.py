#!/usr/bin/python3
"""A policy whose targets are read off the rows of Boston's 311 requests.

Usage: rules.py FILE.csv... > policy.yaml

Every type of request has one rule: so many hours, so many days, or so many business days (Monday to
Friday, keeping the time of day; opened from 17:00 on counts from the next business day 08:30). The city
counts hours by its own wall clock, so whole days of them are days that keep the time of day, whatever
summer time does. A type gets the rule that gives the targets of most of its rows; what is equally good
is decided by what the other types have.
"""
import collections
import datetime
import json
import sys
import zoneinfo

SLACK = datetime.timedelta(minutes=10)
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
CUT_OFF, NEXT_START = datetime.time(17), datetime.time(8, 30)
DAYS_MAX = 1000 # of a target

HEAD = """\
policy: 1
calendars:
  every-day: {zone: America/New_York, weekly: {mon-sun: ["00:00-24:00"]}}
  weekdays: {zone: America/New_York, weekly: {mon-fri: ["00:00-24:00"]}}
queues:
  city: {tier: 1}
"""


def instant(text):
    return datetime.datetime.fromisoformat(text)


def boston_ms(text):
    """UTC milliseconds of a wall time in Boston, the first of two in an overlap."""
    local = instant(text).replace(tzinfo=zoneinfo.ZoneInfo("America/New_York"))
    return round(local.timestamp() * 1000)


def next_weekday(at):
    return at + DAY * max(1, 7 - at.weekday() if at.weekday() >= 4 else 1)


def business_days(opened, count):
    at = opened if opened.weekday() < 5 else opened + DAY * (7 - opened.weekday())
    if at.time() >= CUT_OFF:
        at = datetime.datetime.combine(next_weekday(at), NEXT_START)
    for _ in range(count):
        at = next_weekday(at)
    return at


def candidates(opened, target):
    """The rules that give this target, each as (kind, count)."""
    span = target - opened
    hours = round(span / HOUR)
    if 0 < hours <= DAYS_MAX * 24 and abs(span - hours * HOUR) <= SLACK:
        yield ("days", hours // 24) if hours % 24 == 0 else ("hours", hours)
    about = max(0, span.days * 5 // 7)
    for count in range(max(1, about - 2), min(about + 3, DAYS_MAX) + 1):
        if abs(business_days(opened, count) - target) <= SLACK:
            yield ("business", count)


def read_rules(rows):
    """Type to rule, for the types whose rows show one."""
    votes = collections.defaultdict(collections.Counter)
    for row in rows:
        if row["target_dt"]:
            votes[row["type"]].update(
                candidates(instant(row["open_dt"]), instant(row["target_dt"])))
    common = collections.Counter()
    for counter in votes.values():
        common.update(counter)
    return {kind: max(counter, key=lambda rule: (counter[rule], common[rule], rule))
            for kind, counter in votes.items() if counter}


def target_of(rule):
    kind, count = rule
    if kind == "hours":
        return "%dh elapsed" % count
    return "%d business day%s" % (count, "s" if count > 1 else "")


def write(rules):
    """The policy as a text: types with one rule share a route and an SLA."""
    types = collections.defaultdict(list)
    for kind, rule in sorted(rules.items()):
        types[rule].append(kind)
    text = HEAD + "slas:\n"
    for kind, count in sorted(types):
        text += "  %s-%d:\n" % (kind, count)
        text += "    calendar: %s\n" % ("weekdays" if kind == "business" else "every-day")
        days = ', cut_off: "17:00", next_start: "08:30"' if kind == "business" else ""
        text += "    clocks: {resolution: {targets: {default: %s}, stop_on: [closed]%s}}\n" % (
            target_of((kind, count)), days)
    text += "routes:\n"
    for kind, count in sorted(types):
        text += "  - {rule: %s-%d, when: {category: %s}, queue: city, sla: %s-%d}\n" % (
            kind, count, json.dumps(types[kind, count]), kind, count)
    return text + "  - {rule: no-target, queue: city}\n"


if __name__ == "__main__":
    import os
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support"))
    import tocsin_suite
    sys.stdout.write(write(read_rules(
        row for path in sys.argv[1:] for row in tocsin_suite.rows(path))))
