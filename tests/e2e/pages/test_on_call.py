"""A real notifier pages whoever is on call: schedules, overrides, one in turn."""
import time

import pytest

from tocsin.v1 import event_pb2
from tocsin_chain import Chain, Client

POLICY = """policy: 1
schedules:
  prim: {zone: Europe/Dublin, layers: [{name: base, rotation: daily, start: 2026-01-05, people: [ana]}]}
  none: {zone: UTC, layers: [{name: base, rotation: daily, start: 2199-12-31, people: [ana]}]}
paths:
  desk: {coalesce: 0, steps: [{schedule: [none, prim], wait: 1h}]}
  turns: {coalesce: 0, steps: [{schedule: none, wait: 1h}, {page: [gus, hal], round_robin: yes, wait: 1h}]}
queues: {desk: {tier: 1}}
routes: [{rule: all, queue: desk}]
alerts:
  - {rule: desk, on: opened, when: {category: [desk]}, severity: critical, path: desk}
  - {rule: turns, on: opened, when: {category: [turns]}, severity: critical, path: turns}
"""


@pytest.fixture
def chain(tmp_path):
    chain = Chain(tmp_path, POLICY)
    yield chain
    chain.close()


def say(chain, name, **words):
    """An override, or with an id alone its end."""
    event = event_pb2.Event(id=f"{name}-{words['override']}", source="test",
                            type=f"tocsin.schedule.{name}")
    event.schedule_override.CopyFrom(event_pb2.ScheduleOverride(by="ben", schedule="prim", **words))
    chain.publisher.publish(event)


def overrides(chain):
    rows = Client(chain.notifier.endpoint).ask("OVERRIDES", event_pb2.ScheduleOverride,
                                               queue="prim")
    return [(row.override, row.person) for row in rows]


def paged(chain, category):
    alert = chain.alert_of(chain.open(category))
    return [page.contact for page in chain.pages_in(alert.id, "ACCEPTED")]


def test_an_override_is_paged_until_it_is_taken_back(chain):
    now_ms = int(time.time() * 1000)
    assert paged(chain, "desk") == ["ana"]
    say(chain, "override", override="o1", person="dee", replaces="ana", from_ms=now_ms - 1000,
        until_ms=now_ms + 3_600_000)
    chain.wait_until("it is there", lambda: overrides(chain) == [("o1", "dee")])
    assert paged(chain, "desk") == ["dee"]
    chain.notifier.kill()
    chain.notifier.start()
    assert paged(chain, "desk") == ["dee"]
    say(chain, "override_ended", override="o1")
    chain.wait_until("it is over", lambda: paged(chain, "desk") == ["ana"])


def test_an_empty_step_is_passed_over_and_one_of_two_is_paged_in_turn(chain):
    assert [paged(chain, "turns") for _ in range(3)] == [["gus"], ["hal"], ["gus"]]
