"""A chain that pages people by webhooks of a fake provider: a conftest.py has to import `provider`."""
import contextlib

import pytest

from contacts_file import write_contacts
from fake_provider import Provider
from tocsin_chain import Chain


@pytest.fixture
def provider():
    provider = Provider()
    yield provider
    provider.close()


def desk(steps, more=""):
    """A policy: whatever is critical is an alert on the path desk, of these steps."""
    return f"""policy: 1
paths:
  desk: {{{more}steps: [{steps}]}}
queues:
  desk: {{tier: 1}}
routes:
  - {{rule: all, queue: desk}}
alerts:
  - {{rule: critical, on: opened, when: {{risk: [critical]}}, severity: critical, path: desk}}
"""


@contextlib.contextmanager
def paging_chain(directory, policy, people):
    """`people` as write_contacts() takes them."""
    chain = Chain(directory, policy, f"--contacts={write_contacts(directory, people)}",
                  "--send-timeout=2s")
    yield chain
    chain.close()
