"""Compares what publishers were told with what the logs say. Shares no code with the services.

Every check appends sentences to a list of violations; an empty list is a pass. `prove` damages a
copy of a real history in every way that a check is for, and fails unless each is noticed.
"""
import base64
import copy
import hashlib
import subprocess
import tempfile

import bus

NAMES = {  # violation -> the invariant of the design that it breaks
    "chain": 4, "dense": 3, "prefix": 3, "lost": 1, "changed": 1, "twice": 2, "invented": 2,
    "conflict": 2, "cause": 7, "order": 5, "time": 5, "missing": 6, "leaf": 14, "root": 14,
    "signature": 14, "page": 11, "sealed": 1,
}


class Ledger:
    """What the publishers wrote down."""

    def __init__(self, paths):
        self.sent = {}       # (source, id) -> bytes
        self.conflicts = {}  # (source, id) -> set of bytes that must not enter
        self.receipts = []   # (source, id, log, seq)
        self.repeats = self.refused = 0
        for path in paths:
            with open(path, encoding="ascii") as ledger:
                for line in ledger:
                    self.read(line.split())

    def read(self, words):
        kind, key = words[1], (words[2], words[3])
        if words[0] == "S" and kind == "fresh":
            self.sent[key] = bytes.fromhex(words[4])
        elif words[0] == "S":
            self.conflicts.setdefault(key, set()).add(bytes.fromhex(words[4]))
        elif words[4] in ("ACCEPTED", "DUPLICATE"):
            self.receipts.append((*key, int(words[5]), int(words[6])))
            self.repeats += words[4] == "DUPLICATE"
        else:
            self.refused += 1


class Log:
    """A fetched log, parsed once."""

    def __init__(self, name, log_id, packed):
        self.name, self.log_id, self.packed = name, log_id, packed
        self.records = [bus.rec.Record.FromString(data) for data in packed]


class History:
    def __init__(self, ledger):
        self.ledger = ledger
        self.logs = {}               # name -> Log
        self.seen = {}               # name -> chain hashes that a follower saw during the run
        self.final = {}              # name -> chain hash at the end, as the service gives it
        self.leaves = []             # audit's entries
        self.tree = None             # TreeAnswer
        self.pager = None            # pager.Receiver: what the paged contact saw
        self.texts = {}              # (source, id) -> what was sealed of it, as it was read again


def check_log(log, say):
    """Dense, causes unique and in order, time never back."""
    causes, last_cause, last_log_ms = set(), {}, None
    at_ms = {}
    for index, record in enumerate(log.records):
        if record.seq != index + 1:
            say("dense", f"{log.name}: record {index + 1} says it is {record.seq}")
        if last_log_ms is not None and record.log_ms < last_log_ms:
            say("time", f"{log.name}: log time goes back at {record.seq}")
        last_log_ms = record.log_ms
        # A parked event is only announced: it counts, in its place, once the issue is there.
        if (record.issue and log.name in ("intake", "router") and
                record.type != bus.rec.ISSUE_PARKED):
            if record.at_ms < at_ms.get(record.issue, record.at_ms):
                say("time", f"{log.name}: time goes back within an issue at {record.seq}")
            at_ms[record.issue] = record.at_ms
        if record.cause_log == 0:
            continue
        cause = (record.cause_log, record.cause_seq, record.cause_index)
        if cause in causes:
            say("cause", f"{log.name}: {record.seq} repeats the cause {cause}")
        causes.add(cause)
        if cause[1:] < last_cause.get(cause[0], (0, 0)):
            say("order", f"{log.name}: {record.seq} comes after a later cause")
        last_cause[cause[0]] = cause[1:]


def check_chain(history, log, say):
    value = bytes(32)
    hashes = []
    for packed in log.packed:
        value = hashlib.sha256(value + packed).digest()
        hashes.append(value)
    if log.name in history.final and history.final[log.name] != value:
        say("chain", f"{log.name}: the chain ends in another hash")
    seen = history.seen.get(log.name, [])
    if len(seen) > len(hashes):
        say("prefix", f"{log.name}: {len(seen)} records were shown, {len(hashes)} are left")
    for index, (ours, theirs) in enumerate(zip(hashes, seen)):
        if ours != theirs:
            say("prefix", f"{log.name}: record {index + 1} is not the one shown before")
            break


def is_same(sent, logged):
    """Whether a body is the event that was sent, in whose texts' place intake has its own fields."""
    if sent == logged:
        return True
    before, after = bus.ev.Event.FromString(sent), bus.ev.Event.FromString(logged)
    if not before.private.person or not after.content:
        return False
    if after.issue_opened.requester == after.pseudonym and not before.issue_opened.requester:
        after.issue_opened.requester = ""
    before.ClearField("private")
    for field in "content", "pseudonym":
        after.ClearField(field)
    return before == after


def check_sealed(history, say):
    """What was acknowledged with texts has them, as they were sent."""
    for key, texts in history.texts.items():
        event = bus.ev.Event.FromString(history.ledger.sent[key])
        if texts != [text.text for text in event.private.texts]:
            say("sealed", f"{key}: {len(texts)} texts of {len(event.private.texts)} are as sent")


def check_intake(history, say):
    """The ledger against intake's log."""
    log, ledger = history.logs["intake"], history.ledger
    accepted = bus.rec.EVENT_ACCEPTED
    bodies, keys = {}, set()
    for record in log.records:
        if record.type != accepted:
            continue
        event = bus.ev.Event.FromString(record.body)
        key = (event.source, event.id)
        if key in keys:
            say("twice", f"{key} is in the log twice, again at {record.seq}")
        keys.add(key)
        bodies[record.seq] = record.body
        if not event.source.startswith("//crash/"):
            continue
        if record.body in ledger.conflicts.get(key, ()):
            say("conflict", f"{key}: the conflicting body entered at {record.seq}")
        elif key not in ledger.sent:
            say("invented", f"{key} at {record.seq} was never sent")
        elif not is_same(ledger.sent[key], record.body):
            say("changed", f"{key} at {record.seq} is not what was sent")
    for source, event_id, log_id, seq in ledger.receipts:
        if log_id != log.log_id or bodies.get(seq) is None:
            say("lost", f"{(source, event_id)} was acknowledged as {seq} and is not there")
        elif not is_same(ledger.sent[source, event_id], bodies[seq]):
            say("changed", f"{(source, event_id)}: {seq} holds another event")


def check_router(history, say):
    intake, router = history.logs["intake"], history.logs["router"]
    caused = {r.cause_seq for r in router.records if r.cause_log == intake.log_id}
    for record in intake.records:
        if (record.type == bus.rec.EVENT_ACCEPTED and getattr(record, "class") == bus.ISSUE_CLASS
                and record.seq not in caused):
            say("missing", f"intake's {record.seq} has no record in the router's log")
    last = {}
    for record in router.records:
        if record.issue and record.cause_log == intake.log_id:
            if record.cause_seq < last.get(record.issue, 0):
                say("order", f"router: {record.seq} applies its issue's events out of order")
            last[record.issue] = record.cause_seq


# --- audit: RFC 6962 from the RFC ------------------------------------------------------------


def merkle_root(leaves):
    """RFC 6962 2.1, bottom up: a stack of complete subtrees, joined from the right at the end."""
    stack = []  # (height, hash)
    for leaf in leaves:
        node = (0, hashlib.sha256(b"\0" + leaf).digest())
        while stack and stack[-1][0] == node[0]:
            left = stack.pop()
            node = (node[0] + 1, hashlib.sha256(b"\1" + left[1] + node[1]).digest())
        stack.append(node)
    if not stack:
        return hashlib.sha256(b"").digest()
    value = stack.pop()[1]
    while stack:
        value = hashlib.sha256(b"\1" + stack.pop()[1] + value).digest()
    return value


def leaf_fields(entry):
    """at_ms, type, issue, log, seq, record hash; offsets as in services/audit/leaf.h."""
    number = lambda a, b, signed=False: int.from_bytes(entry[a:b], "big", signed=signed)
    return (number(1, 9, True), number(9, 13), entry[13:29], number(29, 37), number(37, 45),
            entry[45:77])


def check_leaves(history, say):
    logs = {log.log_id: log for name, log in history.logs.items() if name != "audit"}
    found, last = set(), {}
    for index, entry in enumerate(history.leaves):
        if len(entry) < 94 or entry[0] != 1 or len(entry) != 94 + 33 * entry[93]:
            say("leaf", f"leaf {index} has no known layout")
            continue
        at_ms, kind, issue, log_id, seq, digest = leaf_fields(entry)
        log = logs.get(log_id)
        if log is None or not 1 <= seq <= len(log.records):
            say("leaf", f"leaf {index} stands for {log_id:x}/{seq}, which is no record")
            continue
        record = log.records[seq - 1]
        wanted = (record.at_ms, record.type, record.issue or bytes(16))
        if (at_ms, kind, issue) != wanted or digest != hashlib.sha256(log.packed[seq - 1]).digest():
            say("leaf", f"leaf {index} differs from record {log.name}/{seq}")
        if (log_id, seq) in found:
            say("leaf", f"{log.name}/{seq} has two leaves")
        if seq <= last.get(log_id, 0):
            say("leaf", f"leaf {index}: {log.name}'s records are out of order")
        found.add((log_id, seq))
        last[log_id] = seq
    for log_id, log in logs.items():
        missing = len(log.records) - sum(1 for key in found if key[0] == log_id)
        if missing:
            say("leaf", f"{missing} records of {log.name} have no leaf")


def verify_note(note, verifier):
    """C2SP signed-note with Ed25519, by the openssl program. Returns (size, root) or None."""
    text, _, signatures = note.partition(b"\n\n")
    text += b"\n"
    name, _, rest = verifier.partition("+")
    key_id, _, key = rest.partition("+")
    public = base64.b64decode(key)[1:]
    for line in signatures.decode().splitlines():
        words = line.split(" ")
        blob = base64.b64decode(words[2])
        if words[0] != "\u2014" or words[1] != name or blob[:4].hex() != key_id:
            continue
        with tempfile.NamedTemporaryFile() as der, tempfile.NamedTemporaryFile() as sig, \
                tempfile.NamedTemporaryFile() as data:
            for file, content in ((der, bytes.fromhex("302a300506032b6570032100") + public),
                                  (sig, blob[4:]), (data, text)):
                file.write(content)
                file.flush()
            done = subprocess.run(
                ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
                 "-inkey", der.name, "-sigfile", sig.name, "-in", data.name],
                capture_output=True, check=False)
        if done.returncode == 0:
            lines = text.decode().splitlines()
            return int(lines[1]), base64.b64decode(lines[2])
    return None


def check_tree(history, say):
    tree = history.tree
    root = merkle_root(history.leaves[:tree.size])
    if tree.size != len(history.leaves) or root != tree.root:
        say("root", f"the root of {len(history.leaves)} leaves is not the one of the checkpoint")
    signed = verify_note(tree.note, tree.verifier_key)
    if signed is None:
        say("signature", "the checkpoint's signature does not verify")
    elif signed != (tree.note_size, root):
        say("root", "the signed size or root differs from the tree's")


# --- pages -----------------------------------------------------------------------------------


def page_changes(log, kind):
    for record in log.records:
        if record.type == kind:
            yield record, bus.rec.AlertChange.FromString(record.body)


def going_on(log):
    """Alerts that were escalated and not closed: their last pages may have no end yet."""
    alerts = {change.alert.id for record, change in page_changes(log, bus.rec.ALERT_ESCALATED)}
    return alerts - {change.alert.id for record, change in page_changes(log, bus.rec.ALERT_CLOSED)}


def check_pages(history, say):
    """Intents before sends, one id per intent, one end per intent, accepted means seen."""
    log, seen, accepted = history.logs["notifier"], history.pager.seen, history.pager.accepted
    intents, ends = {}, {}
    for record, change in page_changes(log, bus.rec.ALERT_PAGED):
        if change.page.delivery in intents:
            say("page", f"delivery {change.page.delivery} stands for two intents")
        intents[change.page.delivery] = change.alert.id
    for record, change in page_changes(log, bus.rec.ALERT_SENT):
        if change.page.delivery not in intents:
            say("page", f"notifier's {record.seq} is the outcome of no intent")
    for record, change in page_changes(log, bus.rec.PAGE_ENDED):
        page = change.page
        if page.delivery not in intents:
            say("page", f"notifier's {record.seq} is the end of no intent")
        if page.delivery in ends:
            say("page", f"delivery {page.delivery} ends twice")
        ends[page.delivery] = page.state
        if page.state == bus.rec.PAGE_ACCEPTED and page.contact == "duty-one" and \
                page.delivery not in accepted:
            say("page", f"delivery {page.delivery} counts as accepted and never was")
    for delivery in seen:
        if delivery not in intents:
            say("page", f"delivery {delivery} was sent without an intent on disk")
    goes_on = going_on(log)
    for delivery, alert in intents.items():
        if delivery not in ends and alert not in goes_on:
            say("page", f"delivery {delivery} has no end")
    for text in history.pager.trouble:
        say("page", text)


def check(history):
    """Every invariant; the violations as (name, sentence)."""
    violations = []

    def say(name, text):
        assert name in NAMES
        violations.append((name, text))

    for log in history.logs.values():
        check_log(log, say)
        check_chain(history, log, say)
    check_intake(history, say)
    check_sealed(history, say)
    check_router(history, say)
    if "audit" in history.logs:
        check_leaves(history, say)
        check_tree(history, say)
    if "notifier" in history.logs and history.pager is not None:
        check_pages(history, say)
    return violations


# --- the checker checked ---------------------------------------------------------------------


def damaged(history, name, change):
    """A shallow copy whose log `name` went through `change(packed)`."""
    other = copy.copy(history)
    packed = list(history.logs[name].packed)
    change(packed)
    other.logs = dict(history.logs)
    other.logs[name] = Log(name, history.logs[name].log_id, packed)
    return other


def edit(packed, index, **fields):
    record = bus.rec.Record.FromString(packed[index])
    for field, value in fields.items():
        setattr(record, field, value)
    packed[index] = record.SerializeToString()


def index_of(log, wanted):
    return next(i for i, record in enumerate(log.records) if wanted(record))


def damages(history):
    """(what was done, violation that has to be found, damaged history)."""
    intake, router = history.logs["intake"], history.logs["router"]
    ours = index_of(intake, lambda r: r.type == bus.rec.EVENT_ACCEPTED and b"//crash/" in r.body)
    sealed = next(iter(history.texts))
    caused = [i for i, r in enumerate(router.records) if r.cause_log == intake.log_id and r.issue]
    by_issue = {}
    for i in caused:
        by_issue.setdefault(router.records[i].issue, []).append(i)
    pair = next(v for v in by_issue.values() if len(v) > 1 and
                router.records[v[0]].cause_seq != router.records[v[-1]].cause_seq)
    # Of an issue whose time is looked at twice: what is only announced counts in its place.
    timed = next(v for v in ([i for i in places if router.records[i].type != bus.rec.ISSUE_PARKED]
                             for places in by_issue.values()) if len(v) > 1)
    yield "record lost", "lost", damaged(history, "intake", lambda p: p.pop(ours))
    yield "record twice", "twice", damaged(history, "intake", lambda p: p.insert(ours, p[ours]))
    yield "gap", "dense", damaged(history, "intake", lambda p: p.pop(ours))
    yield "log shorter", "prefix", damaged(history, "router", lambda p: p.pop())
    yield "byte changed", "chain", damaged(
        history, "router", lambda p: edit(p, 0, policy=77))
    yield "event changed", "changed", damaged(
        history, "intake", lambda p: edit(p, ours, body=intake.records[ours].body + b"\x10\0"))
    yield "event invented", "invented", damaged(
        history, "intake", lambda p: edit(p, ours, body=bus.ev.Event(
            id="never", source="//crash/none").SerializeToString()))
    for what, texts in ("text lost", []), ("text changed", [b"another"]):
        other = copy.copy(history)
        other.texts = {**history.texts, sealed: texts}
        yield what, "sealed", other
    yield "cause repeated", "cause", damaged(
        history, "router", lambda p: p.append(p[caused[0]]))
    yield "order swapped", "order", damaged(
        history, "router", lambda p: p.__setitem__(
            slice(None), [p[pair[-1]] if i == pair[0] else p[pair[0]] if i == pair[-1] else x
                          for i, x in enumerate(p)]))
    yield "time back", "time", damaged(
        history, "router", lambda p: edit(p, timed[-1], at_ms=1))
    skipped = [i for i in caused
               if router.records[i].cause_seq == router.records[caused[0]].cause_seq]
    yield "router skips", "missing", damaged(
        history, "router", lambda p: [edit(p, i, cause_log=0) for i in skipped])
    if history.ledger.conflicts:
        key, bodies = next(iter(history.ledger.conflicts.items()))
        at = index_of(intake, lambda r: r.type == bus.rec.EVENT_ACCEPTED and
                      is_same(history.ledger.sent[key], r.body))
        yield "conflict entered", "conflict", damaged(
            history, "intake", lambda p: edit(p, at, body=next(iter(bodies))))
    if "audit" in history.logs:
        for what, leaves in (("leaf dropped", history.leaves[1:]),
                             ("leaf twice", history.leaves + history.leaves[:1])):
            other = copy.copy(history)
            other.leaves = leaves
            yield what, "leaf", other
            yield what, "root", other
        other = copy.copy(history)
        other.tree = type(history.tree)()
        other.tree.CopyFrom(history.tree)
        other.tree.note = history.tree.note.replace(b"\n", b"0\n", 1)
        yield "note changed", "signature", other
    if "notifier" in history.logs and history.pager.accepted:
        notifier = history.logs["notifier"]
        paged = next(i for i, r in enumerate(notifier.records) if r.type == bus.rec.ALERT_PAGED and
                     bus.rec.AlertChange.FromString(r.body).page.delivery in history.pager.accepted)
        goes_on = going_on(notifier)
        end = index_of(notifier, lambda r: r.type == bus.rec.PAGE_ENDED and bus.rec.AlertChange
                       .FromString(r.body).alert.id not in goes_on)
        yield "sent before the intent", "page", damaged(history, "notifier", lambda p: p.pop(paged))
        yield "ends twice", "page", damaged(history, "notifier", lambda p: p.append(p[end]))
        yield "no end", "page", damaged(history, "notifier", lambda p: p.pop(end))
        other = copy.copy(history)
        other.pager = copy.copy(history.pager)
        other.pager.accepted = {}
        yield "accepted by nobody", "page", other


def prove(history):
    """How many damages were tried; raises when one goes unnoticed."""
    count = 0
    for what, name, other in damages(history):
        if name not in {found for found, _ in check(other)}:
            raise AssertionError(f"the checker did not notice: {what} ({name})")
        count += 1
    return count
