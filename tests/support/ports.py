"""Ports for what a test starts at an address that it has to know beforehand.

A port that the kernel gave (`:0`) and that was closed again can be any outgoing connection's own
port a moment later, and so can its neighbours. These are of the ports that the kernel gives to
nobody by itself, free when they are taken, and no other test's until this process has ended: each
is a locked byte of a file that all tests share. Where the server can say which port it got, `:0`
is better.
"""
import fcntl
import os
import random
import socket
import tempfile

LOWEST = 10000
LOCKS = os.open(os.path.join(tempfile.gettempdir(), "tocsin-ports-%d" % os.getuid()),
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
own = set()


def given_by_the_kernel():
    """The first and the last port of outgoing connections."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as text:
        return tuple(map(int, text.read().split()))


def choices():
    """The larger of what lies below these and above; all of them where hardly any is left."""
    first, last = given_by_the_kernel()
    found = max(range(LOWEST, first), range(last + 1, 65536), key=len)
    return found if len(found) >= 1000 else range(LOWEST, 65536)


def lock(port):
    """The kernel unlocks it when the process ends, however it does; children do not inherit it."""
    try:
        fcntl.lockf(LOCKS, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def is_unused(port):
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def take(port):
    if port in own or not lock(port):
        return False
    own.add(port)
    return is_unused(port)


def free_port(count=1):
    """The first of so many neighbours."""
    ports = choices()
    for _ in range(10000):
        first = random.randrange(ports.start, ports.stop - count + 1)
        if all(take(port) for port in range(first, first + count)):
            return first
    raise AssertionError("no %d free ports in %s" % (count, ports))
