"""Writes the seeds: tests/fuzz/corpus/TARGET/NAME. Small, and chosen to reach every kind of message.

    /usr/bin/python3 tests/fuzz/seeds.py BUILD     BUILD/gen_py holds protoc's classes
"""
import json
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ZONES = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca",
         "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns"]
# In the order of the types in fuzz_rows.c.
ROWS = ["Issue", "IssueChange", "IssueRefused", "IssueParked", "IssueClocks", "Clock",
        "ClockChange", "Alert", "AlertChange", "Page", "PageOutcome", "EventRefused",
        "CheckpointSigned", "PolicyPart", "PolicyApplied", "Upstream", "Status", "LeafAnswer",
        "TreeAnswer", "PolicyText", "Contact", "Provider", "Mute", "Quiet", "ActionSaid", "SenderWord"]
# Files of one policy, as fuzz_policy.c names them: root.yaml, a.yaml, sub/b.yaml, the dates of h.ics.
ROOT = ("policy: 1\ninclude: [a.yaml, sub/b.yaml]\nlocked: [slas.s, triage.*]\n"
        "calendars: {c: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}, holidays_from: h.ics}}\n"
        "queues: {q: {tier: 1}}\n"
        "slas: {s: {calendar: c, clocks: {resolution: {targets: {default: 4h}, warn: [50]}}}}\n"
        "triage: [{rule: t, set: {priority: P1}}]\n"
        "routes: [included, {rule: all, queue: q, sla: s}]\n")
DATES = "2026-01-01 holiday New Year\n2026-02-14 observance X\n2029-12-31 until\n"
BUNDLES = {
    "bundle-tighter": [ROOT, "paths: {p: {steps: [{page: [x], wait: 5m}]}}\n",
                       "overlay: {owner: o, region: [BR]}\n"
                       "slas: {s: {clocks: {resolution: {targets: {P1: 1h}, warn: [40, 80]}}}}\n"
                       "calendars: {c: {skip: [X, 2026-01-01]}}\n"
                       "routes: [{rule: r, when: {channel: [chat]}, queue: q}]\n", DATES],
    "bundle-looser": [ROOT, "queues: {q: {tier: 2}}\n",
                      "overlay: {owner: o}\nslas: {s: {clocks: {resolution: {targets: {P1: 5h}}}}}\n"
                      "triage: [{rule: t, set: {priority: P2}}]\n", "2026-13-01 holiday\n"],
    "bundle-circle": [ROOT, "include: ../x\n", "include: [../a.yaml, b.yaml, /x]\n", DATES],
}


def fill(message, depth=0):
    """Every field set to something small; a oneof keeps its last member."""
    for field in message.DESCRIPTOR.fields:
        repeated = field.label == field.LABEL_REPEATED
        if field.message_type is not None:
            if depth < 3:
                target = getattr(message, field.name)
                fill(target.add() if repeated else target, depth + 1)
            continue
        kind = field.cpp_type
        value = {field.CPPTYPE_STRING: "text"}.get(kind, 1)
        if field.type == field.TYPE_BYTES:
            value = bytes(range(16))
        if kind == field.CPPTYPE_BOOL:
            value = True
        if repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
    return message


def write(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as out:
        out.write(data)


def frames(pb, ev):
    """One frame of every kind, and one event of every body."""
    for field in pb.Frame.DESCRIPTOR.oneofs_by_name["kind"].fields:
        frame = pb.Frame(version=1)
        fill(getattr(frame, field.name))
        if field.name == "publish":
            del frame.publish.events[:]
        yield "frame-" + field.name, frame.SerializeToString()
    for field in ev.Event.DESCRIPTOR.oneofs_by_name["body"].fields:
        event = ev.Event(id="1", source="s", subject="x",
                         type="tocsin." + field.name.replace("_", ".", 1))
        fill(getattr(event, field.name))
        yield "event-" + field.name, event.SerializeToString()


def operations(pb, seeds):
    """Inputs of fuzz_frames: a service, then frames from a client or records from its upstream."""
    def sized(data):
        return bytes([len(data) & 255, len(data) >> 8])

    events = [data for name, data in seeds if name.startswith("event-")]
    client = b"".join(b"\0\0" + sized(d) + d for n, d in seeds if n.startswith("frame-"))
    for service in range(5):
        write("frames", f"client-{service}", bytes([service]) + client + b"\4\xff")
    frame = pb.Frame(version=1)
    frame.publish.tag = 1
    frame.publish.events.extend(events[:12])
    data = frame.SerializeToString()
    write("frames", "publish", b"\0\0\0" + sized(data) + data + b"\4\x10" * 3)
    for service in range(1, 5):
        records = b"".join(b"\3\0\0\1\5\0" + sized(event) + event for event in events)
        write("frames", f"records-{service}", bytes([service]) + records + b"\4\xff" * 4)


def histories():
    """Inputs of fuzz_events: random bytes that favour publishing, with crashes between."""
    for number in range(12):
        rng = random.Random(number)
        out = bytearray([number])
        for _ in range(rng.randint(5, 40)):
            op = rng.choice([0, 0, 1, 2, 3, 3, 4, 5, 6, 7])
            out += bytes([op]) + rng.randbytes({0: 24, 1: 14, 2: 5}.get(op, 3))
        write("events", f"history-{number:02d}", bytes(out))
    # Texts at the limits: an issue whose tags and names grow with every event.
    for number in range(4):
        rng = random.Random(100 + number)
        long = lambda count: bytes(rng.randint(190, 228) for _ in range(count))
        out = bytearray([1])
        out += b"\0\0" + long(6) + b"\1\1" + bytes([number]) + long(number)
        for _ in range(8):
            tags = rng.randint(2, 8)
            out += b"\1\0" + b"\1\1\1\1" + b"\1\1" + bytes([tags, 0]) + long(tags)
            out += b"\2\0\1\5" + long(2) + b"\3\0" + bytes(rng.randbytes(1)) + b"\5\x20"
        write("events", f"long-{number}", bytes(out))


def imports():
    """Inputs of fuzz_import: every shipped map with an export that has its columns."""
    folder = os.path.join(HERE, "../../deploy/import")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".yaml"):
            continue
        with open(os.path.join(folder, name), "rb") as text:
            data = b"".join(line for line in text if not line.lstrip().startswith(b"#"))
        columns = sorted({cell.split(b"|")[0] for cell in re.findall(rb"\$\{([^}]*)\}", data)} |
                         {b"concept:name", b"lifecycle:transition", b"incident_state"})
        rows = [[b"2011-07-0%dT01:32:33+02:00" % day if b"time" in column else
                 b"2011-07-0%d 01:32:33" % day if column.endswith(b"_dt") else
                 b"2011-07-0%dT01:32" % day if column.endswith(b"_at") else
                 [b"New", b"Team 2nd", b"1"][day % 3] for column in columns] for day in (3, 1, 2)]
        export = b"\r\n".join(b",".join(row) for row in [columns, *rows])
        size = len(data)
        write("import", name, bytes([size & 255, size >> 8]) + data + export)


def questions():
    """Inputs of fuzz_calendar: every op with its members, and lines that are nearly questions."""
    calendar = ('{"tz":"Europe/Berlin","weekly":{"mon":[["22:00","06:00:00.5"]],"sun":[["00:00",'
                '"24:00"]]},"holidays":["2026-12-25"],"annual_holidays":["02-29"],"date_hours":'
                '{"2026-03-29":[["01:00","04:00"]]},"breaks":{"2026-10-25":[["02:00","03:00"]]}}')
    members = {"add": '"amount_ms":3600000', "sub": '"amount_ms":0', "between": '"end_ms":1.8e12',
               "is_open": '"pauses_ms":[[1774700000000,1774750000000],[5,2]]', "next_opening": "",
               "next_closing": "", "prev_opening": "", "prev_closing": "",
               "intervals_after": '"count":3', "intervals_before": '"count":3',
               "intervals_between": '"end_ms":1775000000000',
               "resolve_local": '"local":"2026-03-29 02:30:00.25"'}
    for op, more in members.items():
        line = '{"id":"\\u00e9","op":"%s","start_ms":1774742400000,%s"calendar":%s}' % (
            op, more and more + ",", calendar)
        write("calendar", op, line.encode())
    for number, line in enumerate(['{"id":7,"op":[1,{"a":"]"}', '{"id":1,"id":2}', '{"id":null}',
                                   '{"calendar":{"tz":"UTC"},"op":"add"} x']):
        write("calendar", "wrong-%d" % number, line.encode())


def holidays():
    """Inputs of fuzz_ics: every property that the reader looks at."""
    def event(*lines):
        return ["BEGIN:VEVENT", *lines, "END:VEVENT"]

    files = {
        "days": event("SUMMARY:New Year", "DTSTART;VALUE=DATE:20260101") +
        event("SUMMARY:Carnival", "DTSTART;VALUE=DATE:20260216", "DTEND;VALUE=DATE:20260218",
              "DESCRIPTION:Observance", "CATEGORIES:Local holiday") +
        event("SUMMARY:Nevada Day (Nevada)", "DTSTART;VALUE=DATE:20261030", "STATUS:CANCELLED"),
        "times": event("SUMMARY:Fast", "DTSTART:20260423T220000Z", "DTEND:20260425T220000Z") +
        event("SUMMARY:Half", "DTSTART:20261224T120000", "DURATION:PT12H") +
        event("SUMMARY:There", "DTSTART;TZID=Pacific/Apia:20111230T000000", "DURATION:P2D"),
        "rules": event("UID:1", "SUMMARY:Yearly", "DTSTART;VALUE=DATE:20200229", "RRULE:FREQ=YEARLY",
                       "EXDATE;VALUE=DATE:20260301", "RDATE;VALUE=DATE:20260302,20260303") +
        event("UID:1", "SUMMARY:Moved", "RECURRENCE-ID;VALUE=DATE:20280229",
              "DTSTART;VALUE=DATE:20280301") +
        event("SUMMARY:Thanksgiving", "DTSTART;VALUE=DATE:20261126",
              "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=9") +
        event("SUMMARY:Weeks", "DTSTART:20260101T000000", "DURATION:P1D",
              "RRULE:FREQ=WEEKLY;INTERVAL=3;UNTIL=20261231T000000Z;BYDAY=MO,-1FR;WKST=SU") +
        event("SUMMARY:Set", "DTSTART;VALUE=DATE:20260131",
              "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;BYSETPOS=1;BYYEARDAY=31;BYWEEKNO=5"),
        "zone": ["BEGIN:VTIMEZONE", "TZID:Own", "BEGIN:STANDARD", "DTSTART:19701025T030000",
                 "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
                 "END:STANDARD", "END:VTIMEZONE"] +
        event("SUMMARY:Own", "DTSTART;TZID=Own:20260101T000000", "DTEND;TZID=Own:20260102T000000",
              "RDATE;VALUE=PERIOD:20260601T000000Z/P1D"),
        "folded": event("SUMMARY:A very long", "  name\\, folded\\n twice", "DTSTART;VALUE=",
                        " DATE:20260101"),
    }
    for name, lines in files.items():
        text = ["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]
        write("ics", name + ".ics", "\r\n".join(text).encode())


# Requests at an odd place, beside the samples of the unit tests.
CONNECT = ("connect: 1\nname: n\nsource: urn:n\neach: /l\n"
           "auth: {scheme: standard-webhooks, secret: w.secret}\n"
           "values: {p: {high: P1, \"*\": null}}\n"
           "events:\n  - type: tocsin.issue.due_set\n    id: {hash: [\"${./i~0}\", \"${header:A}\"]}\n"
           "    when: {is: {./k: [a, b]}, not: {/x: c}, known: ./m}\n    subject: a/${./m}/b\n"
           "    time: ${./t}\n    data: {metric: \"${./m}\", due_ms: \"${./t}\", owner: o}\n"
           "  - {type: tocsin.issue.opened, id: \"${./m}/${received}\",\n"
           "     data: {priority: \"${./p|p}\", tags: [x, \"${/g}\"], bot: \"${./b}\"}}\n")
REQUEST = ('{"l": [{"i~": 1.5, "k": "a", "m": "r", "t": "2026-03-01T10:30:00.5+0100", "p": "high"},'
           '{"m": 3, "b": true, "p": []}], "g": ["x", null, false], "x": {}}')


def sized(text):
    return len(text).to_bytes(2, "little") + text


def connectors():
    root = os.path.join(HERE, "../..")
    fields = (b"authorization: Basic dXNlcjowMTIzNDU2Nzg5YWJjZGVm\r\nA: b\r\n"
              b"webhook-id: m\r\nwebhook-timestamp: 1772357400\r\nwebhook-signature: v1,AAAA\r\n")
    write("connect", "odd", sized(CONNECT.encode()) + sized(fields) + REQUEST.encode())
    for name in sorted(os.listdir(os.path.join(root, "tests/unit/connect"))):
        system = name.split("-")[0]
        if not name.endswith(".json"):
            continue
        with open(os.path.join(root, "deploy/connect", system + ".yaml"), "rb") as mapping, \
                open(os.path.join(root, "tests/unit/connect", name), "rb") as body:
            text = re.sub(rb"(?m)^#.*\n", b"", mapping.read())
            text = text.replace(system.encode() + b".secret", b"s.secret")
            write("connect", name, sized(text) + sized(fields) + body.read())


def forms():
    """Inputs of fuzz_form: what browsers send, and names at odd places."""
    def multipart(*parts):
        return b"".join(b"--B\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" +
                        body + b"\r\n" for head, body in parts) + b"--B--\r\n"
    kinds = (b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=B")
    for name, kind, body in (
            ("pairs", 0, b"title=Hi+there&email=a%40b.example&tags=a&tags=b&bot=on&Order=17&_grant=toc1.x"
                         b"&_redirect=https%3A%2F%2Fa.example%2F&_leave_empty=&_charset_=KOI8-R&text=%C4%C1%E9"),
            ("parts", 1, multipart(
                ('name="title"', b"Hi"), ('name="text"', b"a\r\n--B\r\r\nb\r\n--BB"), ("name=_charset_", b"x-sjis"),
                ('name="a%22\\"b"; filename="..\\\\C:\\x.txt"\r\nContent-Type: text/plain; charset="UTF-8"', b"x\0"),
                ("name=f; filename*=UTF-8''%e9%C3%A9.txt\r\nContent-Transfer-Encoding: binary", b""),
                ('name="f"; filename=""', b""), ("name=test", b"yes"))),
            ("end", 1, b"--B--")):
        write("form", name, bytes([len(kinds[kind])]) + kinds[kind] + body)


def texts():
    """Inputs of fuzz_facts: a text of the labelled sample for every fact and language, and lexicons."""
    seen = set()
    with open(os.path.join(HERE, "../e2e/facts/sample.jsonl"), encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            for label in line["labels"]:
                if (label, line["language"]) not in seen:
                    seen.add((label, line["language"]))
                    write("facts", "%s-%s" % (label, line["language"]), line["text"].encode())
    write("facts", "bytes", b"I want\0to \xff\xe0\xa4 die \xed\xa0\x80 4111 1111 1111 1111")
    for number, lexicon in enumerate((
            "fraud en (a|the )?scam*\n!fraud en scam ... test\nnegation en not\nclause en but\n",
            "fraud? hi ठगी?\nnegation_after hi नहीं\nproduct x-1 (x|y) one\nversion en v\n",
            "# remark\nfraud English (\n!negation en no\nfraud en a+|b) ... *\n")):
        write("facts", "lexicon-%d" % number, b"\1" + lexicon.encode())


def doors(alert):
    """Inputs of fuzz_door: links, what forms and tools say, alerts to show, addresses."""
    write("door", "link", b"\0" + bytes(7) + b"\5" + bytes(3) + b"\3" + b"\0\0\x41" + b"A" * 43)
    for name, text in {
            "snooze": "action=snooze&for_s=3600&note=", "escalate": "action=escalate&version=12",
            "note": "action=note&note=INC-7+%C3%BC", "twice": "action=ack&action=ack&note=%00"}.items():
        write("door", "form-" + name, b"\1\0\0" + text.encode())
    for number, body in enumerate((
            {"action": "snooze", "until_ms": 1}, {"by": "ana", "note": "x", "version": "12"},
            {"by": "ana", "version": 3, "group": True}, {"by": "ana", "for_s": 60})):
        write("door", "json-%d" % number, bytes([1, number, 1]) + json.dumps(body).encode())
    for number in range(5):
        write("door", "page-%d" % number, bytes([2, number, number]) + alert)
    write("door", "peer", b"\3\x0a6.6.6.6, 10.0.0.2 ,::1, 1.2.3.4:80")


MAILS = {
    "plain": ("Content-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe\n-- \nAna\n\n"
              "On Mon, 2 Mar 2026, Desk <d@x.example>\nwrote:\n> Hi\n"),
    "words": ("Subject: =?utf-8?B?w7w=?= =?utf-8?Q?=C3=BC?= =?x?Z??=\n"
              "Message-ID: <1@x>\nIn-Reply-To: <2@x>\nReferences: <3@x> <2@x>\n"
              "Date: Mon, 02 Mar 2026 10:00:00 +0100\n\nx\n"),
    "html": ("Content-Type: text/html\n\n<p>One &amp; <b>two</b><br><a href='https://x.example/y'>z</a>"
             "<blockquote>old</blockquote><script>no</script>&#x1F600;<!-- c -->\n"),
    "parts": ("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative;"
              " boundary=c\n\n--c\n\nplain\n--c\nContent-Type: text/html\n\n<p>h\n--c--\n"
              "--b\nContent-Type: image/png; name=\"=?utf-8?Q?=C3=BC?=.png\"\n"
              "Content-Transfer-Encoding: base64\nContent-ID: <i@x>\n\niVBORw==\n"
              "--b\nContent-Disposition: attachment; filename*0*=utf-8''%C3; filename*1*=%BC\n\nf\n"
              "--b\nContent-Type: message/rfc822\n\nSubject: in\n\nin\n--b--\n"),
    "report": ("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nNo.\n"
               "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\n"
               "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <o@x>\n--b--\n"),
    "machine": "Auto-Submitted: auto-replied\nPrecedence: bulk\nList-Unsubscribe: <u>\n\nAway\n",
    "japanese": "Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$^$_\x1b(B\n",
    "encoded": ("Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\na=\n=3D=\n"
                "-----Original Message-----\nFrom: x\n"),
    "uu": "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 f\n#0V%T\n`\nend\n",
    "groups": "From: a:b:c:;, (x(y)z) <q@r>\nTo: a: b@c, d@e;\nCc: \"x\" <f@g>\n\n",
}
DIALOGUES = {
    "usual": ("LHLO x\r\nMAIL FROM:<a@b> SIZE=9 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<c@d>\r\n"
              "RCPT TO:<nobody@d>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n.\r\nRSET\r\nQUIT\r\n"),
    "smuggled": ("LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<\"c\\\" d\"@e>\r\nDATA\r\na\n.\r\nMAIL\r\n.\r\n"
                 "NOOP\r\nVRFY y\r\n"),
    "odd": "NOOP\r\nEHLO x\r\nMAIL FROM:<@r:a@b>\r\nLHLO x\nDATA\r\n",
}


def mails():
    """Inputs of fuzz_mail."""
    for name, text in MAILS.items():
        head = "" if name in ("words", "groups") else "From: Ana <a@b>\nSubject: s\n"
        write("mail", name, (head + text).replace("\n", "\r\n").encode("latin-1"))
    for name, text in DIALOGUES.items():
        write("mail", "lmtp-" + name, b"L" + text.encode())


CONTACTS = {
    "short": "contacts: {ana: {log: true}, duty: {webhook: {url: \"https://p.example/in\", secret_file: key}}}\n",
    "methods": ("contacts:\n  ana:\n    methods:\n"
                "      push: {ntfy: {url: \"https://n.example\", topic_file: word, token_file: word}}\n"
                "      pd: {pagerduty: {key_file: word}, verified: true}\n"
                "      chat: {slack: {url_file: url}}\n      room: {teams: {url_file: url}}\n"
                "      desk: {log: true}\n"
                "    urgent: [push, pd]\n    normal: [desk]\n    zone: Europe/Dublin\n    language: pt\n"),
    "mail": ("allow: [10.0.0.0/8, \"::1\"]\nlink: https://c.example/a/\nsop: https://w.example/\n"
             "mail: {server: \"smtps://m.example:465\", from: a@b.example, user: u, password_file: word,\n"
             "  domain: p.example}\n"
             "contacts: {ana: {email: ana@b.example}, ben: {email: \"<x> y\"}}\n"),
    "plain": ("allow: [127.0.0.1]\nmail: {server: \"smtp://127.0.0.1:25\", from: a@b, plain: true}\n"
              "contacts: {ana: {webhook: {url: \"http://127.0.0.1:1/\", secret_file: key}}}\n"),
    "exec": "contacts: {ana: {exec: {program: /bin/true, arguments: [\"+353\", b]}}}\n",
    "wrong": ("contacts:\n  ana: {methods: {a: {log: true, ntfy: {}}, b: {slack: {url_file: open}}}, urgent: "
              "[c, a, a]}\n  ben: {zone: Nowhere/Land, language: xx}\nallow: [1.2.3]\nlink: ftp://x\n"),
}
MATCHERS = ("queue=support severity=warning,info source!=demo", "severity=*", "cause=breached:*/?/? risk!=none",
            "priority=P1,P? rule=* path!=a,b metric=", "queue!=x", "severity=criti*,info queue=a*b*c")


def on_call():
    """Inputs of fuzz_contacts, fuzz_match, fuzz_schedule and fuzz_on_call, and a policy."""
    for name, text in CONTACTS.items():
        write("contacts", name, text.encode())
    for number, matcher in enumerate(MATCHERS):
        lines = [matcher, "support", "late", "info", "2", "3", "shop/eu", "first_reply",
                 "breached:first_reply/1/0 late", "desk"]
        write("match", "matcher-%d" % number, "\n".join(lines).encode())
    for number in range(8):
        write("schedule", "drawn-%d" % number, random.Random(number).randbytes(40 + 20 * number))
    write("policy", "on-call.yaml", ON_CALL.encode())
    for number in range(12):
        rng = random.Random(number)
        out = bytearray()
        for person in range(4):  # everybody has two methods at first
            out += bytes([7, person, 2, 2, 7])
        for _ in range(rng.randint(10, 80)):
            out += bytes([rng.choice([0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 8, 15])]) + rng.randbytes(4)
        write("on_call", "history-%02d" % number, bytes(out))


ON_CALL = """policy: 1
calendars: {nights: {zone: UTC, weekly: {mon-sun: ["22:00-06:00"]}}}
schedules:
  s:
    zone: Europe/Dublin
    layers:
      - {name: base, rotation: weekly, every: 2, start: 2026-01-05, at: "09:00", people: [ana, ben]}
      - {name: nights, zone: Asia/Kuala_Lumpur, rotation: daily, start: 2026-01-05, at: "21:00",
         people: [dee], hours: {mon-fri: ["21:00-24:00"], tue-sat: ["00:00-09:00"]}}
      - {name: last, rotation: monthly, start: 2026-01-31, at: "02:30", people: [flo], calendar: nights}
    temporary: [{from: "2026-12-24 00:00", until: "2026-12-27 00:00", people: [flo]}]
teams:
  t: {page: [gus, a], schedule: [s]}
  both: {page: b, calendar: nights, answer_within: 4h}
paths:
  p: {steps: [{schedule: [s], page: [gus], wait: 5m}, {page: [a, b], round_robin: yes, wait: 1h},
              {team: [t, both], page: [b], wait: 5m}], repeat: 2,
      ack_expires: 30m}
queues: {q: {tier: 1}}
quiet: {ana: nights}
triage: [{rule: t, set: {priority: P1}}]
routes: [{rule: all, queue: q, path: p}]
alerts: [{rule: a, on: opened, when: {risk: [critical]}, severity: critical}]
"""


def main():
    sys.path.insert(0, os.path.join(sys.argv[1], "gen_py"))
    from tocsin.v1 import event_pb2 as ev, frame_pb2 as pb, record_pb2 as rec
    seeds = list(frames(pb, ev))
    for name, data in seeds:
        write("wire", name, data)
    record = fill(rec.Record())
    write("wire", "record", record.SerializeToString())
    for index, name in enumerate(ROWS):
        kind = next(getattr(m, name) for m in (rec, ev, pb) if hasattr(m, name))
        write("rows", name, bytes([index]) + fill(kind()).SerializeToString())
    operations(pb, seeds)
    histories()
    imports()
    connectors()
    forms()
    questions()
    holidays()
    texts()
    mails()
    on_call()
    doors(fill(rec.Alert()).SerializeToString())
    for path in ("deploy/policy/sample.yaml", "tests/crash/policy.yaml"):
        with open(os.path.join(HERE, "../..", path), "rb") as text:
            write("policy", os.path.basename(os.path.dirname(path)) + ".yaml", text.read())
    for text in ("policy: 1\n", "policy: 2\nroutes: []\n", "a: &x [*x]\n", "- {a: [}\n",
                 "policy: 1\ncalendars: {c: {zone: Nowhere/Land, weekly: {mon: [\"25:00-1\"]}}}\n"):
        write("policy", f"short-{len(text):03d}", text.encode())
    for name, files in BUNDLES.items():
        write("policy", name, "\f".join(files).encode())
    for zone in ZONES:
        with open(os.path.join("/usr/share/zoneinfo", zone), "rb") as tzif:
            write("tz", zone.replace("/", "-"), tzif.read())


if __name__ == "__main__":
    main()
