"""Moves, hand-offs and waits of an event log: counted in the file, and in what the services keep.

The two share what they count and nothing of how. A case's figures are a Counter:

    move 1-2          from the first line to the second, and so on
    hand-off          to another team, of whatever line
    waits pending     rows that wait for the user or customer, and how long until the next row
    waits on_hold     rows that wait for anything else, likewise
    queued            how often nobody in a team had it, and how long until someone or others did
    line 1            how long it was in the first line and not solved, and so on

The services' times are milliseconds too: moves, states and spells from the router's log, `queue_wait`
and `line` from sla's clocks.
"""
import collections
import datetime

DESK = "desk" # of policy.yaml
SOLVED = ("In Call", "Resolved", "Closed", "Cancelled")


def line_of(team):
    return {"2nd": 2, "3rd": 3}.get(team[-3:], 1)


def wait_of(status):
    if not status.startswith("Wait"):
        return None
    return "pending" if status in ("Wait - User", "Wait - Customer") else "on_hold"


def file_cases(rows, team):
    """The rows of each case in the order of time, as (ms, team, status, is queued)."""
    cases = collections.defaultdict(list)
    for row in rows:
        at = datetime.datetime.fromisoformat(row["time:timestamp"])
        cases[row["case:concept:name"]].append(
            (round(at.timestamp() * 1000), row[team], row["lifecycle:transition"],
             row["concept:name"] == "Queued"))
    return {case: sorted(steps, key=lambda step: step[0]) for case, steps in cases.items()}


def file_figures(steps):
    out = collections.Counter()
    for (_, one, _, _), (_, other, _, _) in zip(steps, steps[1:]):
        out["hand-off"] += one != other
        if line_of(one) != line_of(other):
            out["move %d-%d" % (line_of(one), line_of(other))] += 1
    for i, (at, _, status, _) in enumerate(steps):
        kind = wait_of(status)
        if kind:
            out["waits " + kind] += 1
            out["waits %s ms" % kind] += (steps[i + 1][0] if i + 1 < len(steps) else at) - at
    since = None
    for i, (at, team, _, queued) in enumerate(steps):
        before = steps[i - 1] if i > 0 else None
        if since is not None and (not queued or before[1] != team):
            out["queued"] += at > since
            out["queued ms"] += at - since
            since = None
        if queued and since is None:
            since = at
    out["queue_wait ms"] = out["queued ms"]
    for (at, team, status, _), (until, _, _, _) in zip(steps, steps[1:]):
        if status not in SOLVED:
            out["line %d ms" % line_of(team)] += until - at
    return +out


def router_cases(records):
    """Every issue's changes in the order of the log."""
    cases = collections.defaultdict(list)
    for record in records:
        if record["type"] == "issue_changed":
            cases[record["body"]["issue"]["subject"]].append(record)
    return cases


def count_moves(changes, out):
    for change in changes:
        body = change["body"]
        if body.get("old_queue", "") in ("", DESK):
            continue # it was on no line yet
        out["hand-off"] += body["old_queue"] != body["issue"]["queue"]
        if "old_tier" in body and body["old_tier"] != body["issue"]["tier"]:
            out["move %d-%d" % (body["old_tier"], body["issue"]["tier"])] += 1


def count_waits(changes, out):
    states = [(int(change["at_ms"]), change["body"]["issue"]["state"]) for change in changes
              if change["body"]["event_type"] == "tocsin.issue.status"]
    for (at, state), (until, _) in zip(states, states[1:] + states[-1:]):
        if state in ("pending", "on_hold"):
            out["waits " + state] += 1
            out["waits %s ms" % state] += until - at


def count_queued(changes, out):
    since, where = None, None
    for change in changes:
        at, issue = int(change["at_ms"]), change["body"]["issue"]
        queue = issue.get("queue", "")
        waits = not issue.get("assignee") and queue not in ("", DESK)
        if since is not None and (not waits or queue != where):
            out["queued"] += at > since
            out["queued ms"] += at - since
            since = None
        if waits and since is None:
            since, where = at, queue


def count_clocks(clocks, last_ms, out):
    for clock in clocks:
        name = {"queue_wait": "queue_wait ms", "tier_time": "line %s ms" % clock["scope"]}
        running = last_ms - int(clock["running_since_ms"]) if clock["state"] == "running" else 0
        out[name[clock["metric"]]] += int(clock["elapsed_ms"]) + running


def service_figures(changes, clocks):
    out = collections.Counter()
    count_moves(changes, out)
    count_waits(changes, out)
    count_queued(changes, out)
    count_clocks(clocks, int(changes[-1]["at_ms"]), out)
    return +out
