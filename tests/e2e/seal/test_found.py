"""What is found in texts, behind intake: routes by fact, and issues that may be one."""
import time

import pytest

LOST = ("My parcel with the two cables that I paid for on the third of May was shown as delivered "
        "last Tuesday, but nobody rang and nothing is in the mailbox.")
LURED = "A stranger asked my daughter to send nudes to him over your chat."


def opened(number, body, person="ana@example.com", source="urn:shop"):
    return {"specversion": "1.0", "id": "o%d" % number, "source": source,
            "type": "tocsin.issue.opened", "subject": "T-%d" % number,
            "data": {"channel": "email", "content": {"person": person, "body": body}}}


def written(number, body):
    return {"specversion": "1.0", "id": "m%d" % number, "source": "urn:shop",
            "type": "tocsin.issue.message", "subject": "T-%d" % number,
            "data": {"direction": "inbound", "content": {"person": "ana@example.com",
                                                         "body": body}}}


def issue(suite, number, wanted):
    """The issue, once it is as wanted."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for found in suite.lines("issues"):
            if found["subject"] == "T-%d" % number and wanted(found):
                return found
        time.sleep(0.1)
    raise AssertionError("in vain: %s" % suite.lines("issues"))


def test_a_sign_of_danger_to_a_child_goes_to_the_experts(suite):
    suite.publish([opened(1, LURED)])
    found = issue(suite, 1, lambda found: found.get("queue") == "child-safety")
    assert found["priority"] == "p1" or found["priority"] == "P1", found
    why = suite.tocsin("why", found["id"])
    assert "found in the text: risk.minor_safety is 1" in " ".join(why.split())


def test_so_does_one_that_comes_later(suite):
    suite.publish([opened(2, LOST)])
    first = issue(suite, 2, lambda found: found.get("queue"))
    assert first["queue"] != "child-safety"
    suite.publish([written(2, LURED)])
    issue(suite, 2, lambda found: found["queue"] == "child-safety")


def test_the_same_text_twice_is_suggested_and_a_person_decides(suite):
    suite.publish([opened(11, LOST, "ben@example.com"), opened(12, LOST, "eve@example.com"),
                   opened(13, LOST, "ben@example.com", "urn:app")])
    found = issue(suite, 13, lambda found: found.get("duplicate_of"))
    first = issue(suite, 11, lambda found: True)
    assert found["duplicate_of"] == first["id"]
    assert not issue(suite, 12, lambda found: True).get("duplicate_of")
    assert [line["id"] for line in suite.lines("issues", "--duplicates")] == [found["id"]]
    suite.tocsin("link", "--by", "kim", "--kind", "not_duplicate", found["id"], first["id"])
    assert suite.lines("issues", "--duplicates") == []
    suite.tocsin("link", "--by", "kim", found["id"], first["id"])
    assert [line["id"] for line in suite.lines("issues", "--duplicates")] == [found["id"]]
    why = " ".join(suite.tocsin("why", found["id"]).split())
    assert "perhaps a duplicate of issue" in why and "said to be no duplicate" in why


@pytest.mark.parametrize("words", [("link", "x"), ("link", "--kind", "twin", "x", "y")])
def test_what_cannot_be_linked_is_told(suite, words):
    suite.tocsin(*words, code=2)
