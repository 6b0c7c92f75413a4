"""`tocsin people|presence|assign|escalations` as people at a desk use them."""
import pytest


def held(desk, name):
    """The line of a person in the table of `tocsin people`."""
    return next(line for line in desk.said("people").splitlines() if line.startswith(name))


# --- who is there ---------------------------------------------------------------------------------

def test_everybody_of_the_policy_is_listed_whether_seen_or_not(desk):
    table = desk.said("people").splitlines()
    assert table[0].split() == ["PERSON", "STATE", "SINCE", "LOAD", "EXPOSURE", "HOLDS", "QUEUES"]
    assert [row.split()[0] for row in table[1:]] == ["ana", "ben"]
    assert "severe 0/3" in table[1] and table[1].endswith("support, hurry")
    ana = desk.person("ana")
    assert (ana["capacity"], ana["serves"], ana["exposure_per_day"]) == \
        (2, ["support", "hurry"], {"severe": 3})
    assert [row["id"] for row in desk.lines("people --queue hurry")] == ["ana"]


def test_presence_says_who_is_there_and_for_what(desk):
    assert desk.said("presence ben online") == "ben is online\n"
    assert desk.lines("presence ana online hurry")[0]["online"] is True
    desk.until(lambda: desk.person("ana")["online"] and desk.person("ben")["online"])
    assert desk.person("ana")["queues"] == ["hurry"] and held(desk, "ana").endswith("  hurry")
    assert desk.said("presence ana offline") == "ana is offline\n"
    desk.until(lambda: "offline" in held(desk, "ana"))


@pytest.mark.parametrize("words, code, told", [
    ("presence", 2, "who, and online or offline? (see tocsin presence --help)"),
    ("presence ana", 2, "who, and online or offline? (see tocsin presence --help)"),
    ("presence ana away", 2, "who, and online or offline? (see tocsin presence --help)"),
    ("presence anna online", 1, "the policy in force has no person 'anna' (did you mean 'ana'?)"),
    ("presence ana online suport", 1,
     "the policy in force has no queue 'suport' (did you mean 'support'?)"),
    ("people --queue suport", 1,
     "the policy in force has no queue 'suport' (did you mean 'support'?)"),
    ("people ana", 2, "unexpected 'ana' (see tocsin people --help)"),
    ("issues --state opened", 2, "there is no state 'opened' (see tocsin issues --help)"),
    ("escalations --state asked", 2, "there is no state 'asked' (see tocsin escalations --help)"),
    ("assign", 2, "which issue? (see tocsin assign --help)"),
    ("assign --action take crm#1", 2, "there is no action 'take' (see tocsin assign --help)"),
    ("assign crm#none", 1, "there is no issue crm#none: nothing that opens it was accepted"),
    ("assign one", 1,
     "'one' names no issue: give an id, the beginning of one, or source#subject"),
])
def test_what_is_wrong_is_told(desk, words, code, told):
    assert desk.refused(words, code) == f"tocsin {words.split()[0]}: {told}"


def test_nothing_comes_of_an_issue_that_nobody_opened(desk):
    desk.refused("assign --person ana crm#ghost")
    assert all(row["subject"] != "ghost" for row in desk.lines("issues --all"))


@pytest.mark.parametrize("words, service", [
    ("people", "router"), ("presence ana offline", "intake"), ("presence ana online", "intake"),
    ("assign crm#1", "router"), ("escalations", "router"), ("issues --waiting", "router"),
    ("why crm#1", "router"), ("policy show", "intake"),
])
def test_without_a_suite_each_says_so(desk, tmp_path, words, service):
    done = desk(words, data=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f": no {service} at ipc://{tmp_path}/run/{service}.sock: "
                                "is `tocsin up` running?\n")


# --- who takes it ---------------------------------------------------------------------------------

def test_an_offer_is_accepted_and_released(desk):
    desk.open("accept")
    desk.until(lambda: "nobody can take it" in desk.said("issues --waiting"))
    desk.said("presence ana online")
    desk.until(lambda: desk.issue("accept")["offered_to"] == "ana")
    assert "crm#accept (offered)" in held(desk, "ana") and "1/2" in held(desk, "ana")
    short = desk.issue("accept")["id"][:10]
    assert desk.said("assign --action accept crm#accept") == \
        f"{short}  crm#accept in support  with ana\n"
    assert desk.lines("people")[0]["held"][0]["assignee"] == "ana"
    assert desk.refused("assign --action accept --person ben crm#accept") == \
        "tocsin assign: refused (state): somebody else has the issue"
    assert desk.refused("assign --action accept crm#accept") == \
        "tocsin assign: refused (state): this person has the issue already"
    given = desk.lines(f"assign --action release {short}")[0]
    assert (given["subject"], given["assignee"]) == ("accept", "")
    assert "with nobody" not in desk.said("why crm#accept")
    assert "released by ana" in desk.said("why crm#accept")


def test_one_who_declines_is_left_out(desk):
    desk.said("presence ana online")
    desk.open("decline")
    desk.until(lambda: desk.issue("decline")["offered_to"] == "ana")
    assert desk.said("assign --action decline crm#decline").endswith("in support  with nobody\n")
    waiting = desk.until(lambda: desk.lines("issues --waiting"))[0]
    assert waiting["issue"]["subject"] == "decline"
    assert waiting["pooled"]["left_out"][0]["person"] == "ana"
    desk.until(lambda: desk.said("issues --waiting").splitlines()[1].split()[-5:] ==
               ["ana", "nobody", "can", "take", "it"])
    desk.said("presence ben online")
    desk.until(lambda: desk.issue("decline")["offered_to"] == "ben")
    told = desk.said("why crm#decline")
    assert "not taken by ana" in told and "not: ana (declined)" in told


def test_an_offer_that_nobody_takes_runs_out(desk):
    desk.said("presence ana online")
    desk.open("late", category="urgent")
    desk.until(lambda: "because: lapsed" in desk.said("why crm#late"))
    assert "offered to ana in hurry until " in desk.said("why crm#late")
    assert desk.issue("late")["offered_to"] == ""
    assert desk.refused("assign --action accept crm#late").startswith(
        "tocsin assign: refused (state): ")


def test_someone_may_be_given_it_and_only_whom_the_policy_knows(desk):
    desk.open("given")
    assert desk.refused("assign --person bem crm#given") == \
        "tocsin assign: the policy in force has no person 'bem' (did you mean 'ben'?)"
    assert desk.refused("assign --person ben --queue hury crm#given") == \
        "tocsin assign: the policy in force has no queue 'hury' (did you mean 'hurry'?)"
    assert desk.said("assign --person ben crm#given").endswith("in support  with ben\n")
    assert desk.said("assign --person ana --queue hurry crm#given").endswith("in hurry  with ana\n")
    assert desk.issue("given")["assignee"] == "ana"


def test_an_offer_by_hand_says_whom_it_cannot_go_to(desk):
    desk.open("offered")
    desk.said("presence ben online")
    desk.until(lambda: desk.issue("offered")["offered_to"] == "ben")
    assert desk.refused("assign --action offer crm#offered") == \
        "tocsin assign: refused (state): the issue is offered to somebody"
    desk.said("assign --action decline --person ben crm#offered")
    for action, why in (("presence ana offline", "they are offline"),
                        ("presence ana online hurry", "they do not serve this queue now")):
        desk.said(action)
        assert desk.refused("assign --action offer crm#offered") == \
            f"tocsin assign: refused (state): {why}"
    assert desk.refused("assign --action offer --person ben crm#offered") == \
        "tocsin assign: refused (state): they have declined it"


# --- other teams ----------------------------------------------------------------------------------

def test_an_escalation_is_followed_to_its_end(desk):
    desk.open("court")
    assert desk.said("escalations") == "no escalations are open\n"
    desk.publish("escalation.raised", "court", escalation="q1", team="legal", owner="ana",
                 reason="subpoena")
    row = desk.until(lambda: desk.lines("escalations"))[0]
    assert (row["id"], row["team"], row["state"], row["owner"], row["raised_by"], row["reason"]) \
        == ("q1", "legal", "raised", "legal", "ana", "subpoena")
    heading, line = desk.said("escalations").splitlines()
    assert heading.split() == ["ISSUE", "ESCALATION", "TEAM", "STATE", "NEXT", "ASKED", "BY",
                               "RAISED", "CHANGED"]
    assert line.split()[1:6] == ["q1", "legal", "raised", "legal", "ana"]
    assert "q1 to team legal: raised since" in desk.said("why crm#court")
    for kind, owner, shown in (("accepted", "leo", "leo"), ("answered", "leo", "ana")):
        desk.publish(f"escalation.{kind}", "court", escalation="q1", owner=owner)
        row = desk.until(lambda: desk.lines(f"escalations --state {kind}"))[0]
        assert row["owner"] == shown
    desk.publish("escalation.told", "court", escalation="q1", owner="ana")
    desk.until(lambda: desk.said("escalations") == "no escalations are open\n")
    assert desk.lines("escalations --all --team legal")[0]["state"] == "told"
    assert desk.lines("escalations --all --team fraud") == []


# --- why ------------------------------------------------------------------------------------------

def test_why_in_json_has_what_its_text_has(desk):
    desk.open("why", category="urgent")
    desk.publish("issue.message", "why", direction="outbound")
    desk.publish("issue.status", "why", state="solved")
    desk.until(lambda: (lambda now: now["issue"]["state"] == "solved" and all(
        clock["state"] == "met" for clock in now["clocks"]))(desk.lines("why crm#why")[-1]))
    text, lines = desk.said("why crm#why"), desk.lines("why crm#why")
    records, now = lines[:-1], lines[-1]
    assert all(row["what"] == "record" for row in records) and now["what"] == "now"
    started, met = (next(row for row in records if row["service"] == "sla" and
                         row["body"].get("what") == what) for what in ("started", "met"))
    assert f"policy version 1 ({started['rule']['policy_hash'][:12]}" in text
    assert started["rule"]["warn_percent"] == [50, 80] and "warnings at 50%, 80%" in text
    assert (met["counted"]["by"], met["counted"]["calendar"]) == ("calendar", "always")
    whole, = met["counted"]["intervals"]
    assert whole["open"] == [{"from_ms": whole["from_ms"], "until_ms": whole["until_ms"]}]
    routed = next(row["body"] for row in records if row["service"] == "router" and
                  row["body"].get("what") == "routed")
    assert routed["rule"] == "urgent" and "by route 'urgent' of policy version 1" in text
    waits = next(row["body"] for row in records if row["body"].get("what") == "waiting")
    assert waits["candidates"][0] == {"name": "ana", "why": "offline"}
    assert now["issue"]["state"] == "solved" and now["clocks"][0]["state"] == "met"
    assert now["policy"] == 1 and "none: policy version 1 has no alert rules" in text


# --- as wide as it may be -------------------------------------------------------------------------

@pytest.mark.parametrize("words", ["issues --all", "clocks --all", "alerts --all", "people",
                                   "escalations --all", "status"])
@pytest.mark.parametrize("width", [40, 80])
def test_no_line_of_a_list_is_longer_than_columns_says(desk, monkeypatch, words, width):
    desk.open(f"a-subject-without-an-end-{'x' * 60}-{words[:6]}{width}", category="y" * 40)
    monkeypatch.setitem(desk.user, "COLUMNS", str(width))
    lines = desk.said(words).splitlines()
    assert len(lines) > 0 and max(map(len, lines)) <= width


def test_why_is_80_cells_wide_unless_columns_says_otherwise(desk, monkeypatch):
    subject = f"another-{'x' * 90}"
    desk.open(subject)
    assert max(map(len, desk.said(f"why crm#{subject}").splitlines())) in range(60, 81)
    monkeypatch.setitem(desk.user, "COLUMNS", "120")
    assert max(map(len, desk.said(f"why crm#{subject}").splitlines())) in range(90, 121)
