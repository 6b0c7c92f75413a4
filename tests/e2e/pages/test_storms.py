"""Many alerts of one group are few pages, and one answer."""
import json
import subprocess

import pytest

from paging import desk, paging_chain
from tocsin_chain import BIN


@pytest.fixture
def chain(tmp_path, provider, request):
    span = getattr(request, "param", "2s")
    policy = desk("{page: [ana], wait: 1h}", more=f"coalesce: {span}, ")
    with paging_chain(tmp_path, policy, {"ana": provider.url("/ana")}) as chain:
        yield chain


def tocsin(chain, *words):
    return subprocess.run([BIN / "tocsin", *words, "--at", f"notifier={chain.notifier.endpoint}",
                           "--at", f"intake={chain.intake.endpoint}"],
                          capture_output=True, text=True)


def groups(chain, *words):
    done = tocsin(chain, "alerts", "--groups", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def open_many(chain, count):
    """Their alerts, the first one first."""
    issues = [o.issue for o in chain.publisher.publish(*(chain.opened("any") for _ in range(count)))]
    return [chain.alert_of(issue) for issue in issues]


def test_the_first_page_leaves_at_once_and_the_rest_as_one(chain, provider):
    alerts = open_many(chain, 12)
    requests = provider.wait_for("/ana", 2)
    bodies = [json.loads(request.body) for request in requests]
    assert [body["more"] for body in bodies] == [0, 10]
    pages = [chain.pages(alert.id)[0] for alert in alerts]
    told = [page for page in pages if page.delivery in [request.id for request in requests]]
    assert len(told) == 2
    for alert, page in zip(alerts, pages):
        if page in told:
            ended, = chain.pages_in(alert.id, "ACCEPTED")
            waited_ms = ended.done_ms - min(page.planned_ms for page in pages)
            assert ended.delivery == requests[0].id or waited_ms >= 2000
        else:
            assert chain.pages_in(alert.id, "SUPERSEDED")[0].carrier == requests[1].id
    done = tocsin(chain, "obligations")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(provider.of("/ana")) == 2


def test_what_rings_says_so_in_its_history(chain, provider):
    first, second = open_many(chain, 2)
    provider.wait_for("/ana", 2)
    told = [(what, reason) for what, _, reason in chain.history(second.id)]
    assert ("ALERT_NOTED", "rings") in told
    assert ("ALERT_NOTED", "rings") not in [(w, r) for w, _, r in chain.history(first.id)]


@pytest.mark.parametrize("chain", ["30m"], indirect=True)
def test_one_acknowledgement_is_for_the_whole_group(chain, provider):
    alerts = open_many(chain, 30)
    row, = groups(chain)
    assert row["open"] == row["alerts"] == 30 and row["storm"]
    assert tocsin(chain, "page", "list").stdout.count("waits to ring with its group") == 29
    done = tocsin(chain, "ack", alerts[7].id.hex(), "--group", "--by", "ana")
    assert done.returncode == 0, done.stderr
    chain.wait_until("nothing waits", lambda: not groups(chain))
    assert {alert.acked_by for alert in chain.alerts()} == {"ana"}
    assert groups(chain, "--all")[0]["open"] == 0
    done = tocsin(chain, "obligations")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(provider.of("/ana")) == 1


def test_a_storm_survives_the_notifier(chain, provider):
    """It is killed while pages wait, and tells of each of them for all that."""
    provider.behave("/ana", "200", "hang", "200")
    alerts = open_many(chain, 9)
    provider.wait_for("/ana", 2)  # the second hangs, which is the one that stands for seven more
    chain.notifier.kill()
    chain.notifier.start()
    requests = provider.wait_for("/ana", 3)
    assert requests[1].id == requests[2].id and requests[1].body == requests[2].body
    for alert in alerts:
        chain.wait_until("its page has ended", lambda alert=alert: chain.pages(alert.id)[0].state in (2, 6))
    done = tocsin(chain, "obligations")
    assert done.returncode == 0, done.stdout + done.stderr
