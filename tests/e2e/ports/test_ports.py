"""The ports that tests take: nobody else's, neither now nor later."""
import os
import pathlib
import socket
import subprocess
import sys

SUPPORT = pathlib.Path(os.environ["TOCSIN_SOURCE"]) / "tests/support"
sys.path.insert(0, str(SUPPORT))

import ports  # noqa: E402


def locked_elsewhere(taken):
    """How many of them another process gets."""
    program = f"import ports; print(sum(map(ports.lock, {sorted(taken)})))"
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE,
                          env={**os.environ, "PYTHONPATH": str(SUPPORT)})
    return int(done.stdout)


def test_no_port_is_taken_twice_here_or_elsewhere():
    taken = [ports.free_port() for _ in range(50)]
    taken += [first + at for first in (ports.free_port(6) for _ in range(20)) for at in range(6)]
    assert len(set(taken)) == len(taken)
    assert locked_elsewhere(taken) == 0


def test_no_connection_gets_one_by_itself():
    first, last = ports.given_by_the_kernel()
    assert not any(first <= ports.free_port() <= last for _ in range(50))


def test_whatever_somebody_listens_at_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ports.take(server.getsockname()[1])
