"""Clients that cost more than they bring: slow ones, silent ones, enormous ones, and many of them.

Whatever they do, another publisher, from another address, is served meanwhile, and the intake's
memory stays bounded. Nothing here measures time: patience is what a test that fails waits for.
"""
import contextlib
import json
import os
import re
import resource
import signal
import socket
import time

import pytest

from conftest import Edge

PATIENCE = 60           # seconds
ANON_MAX = 64 << 20     # bytes
CONNECTIONS = 1024      # unless configured


@pytest.fixture(scope="module", params=["as it is", "a share for each address"])
def edge(request, tmp_path_factory):
    if request.param != "as it is":
        os.environ["TOCSIN_HTTP_PER_ADDRESS"] = "200"
    edge = Edge(str(tmp_path_factory.mktemp("edge")))
    os.environ.pop("TOCSIN_HTTP_PER_ADDRESS", None)
    edge.first = edge.pid("intake")
    yield edge
    edge.stop()


def anonymous(edge):
    """Bytes of memory that the intake has made dirty, without the mapped store."""
    with open("/proc/%d/status" % edge.first, encoding="utf-8") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) * 1024


@contextlib.contextmanager
def many():
    """Sockets that are closed at the end, whatever became of them."""
    peers = []
    try:
        yield peers
    finally:
        for peer in peers:
            peer.close()


def attacker(edge):
    peer = socket.socket()
    peer.settimeout(PATIENCE)
    peer.connect(("127.0.0.1", edge.port))
    return peer


count = [0]


def publication(edge):
    count[0] += 1
    body = json.dumps({"specversion": "1.0", "id": "s%d" % count[0], "source": "demo",
                       "type": "tocsin.issue.opened", "subject": "S-%d" % count[0]}).encode()
    return (b"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
            edge.token.encode() + b"\r\nContent-Type: application/cloudevents+json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body)


def statuses(said):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", said)]


def read_all(peer):
    """To the end of the connection, however it comes."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while more := peer.recv(65536):
            said += more
    return said


def try_publishing(edge, request):
    with socket.create_connection(("127.0.0.1", edge.port), timeout=PATIENCE,
                                  source_address=("127.0.0.2", 0)) as peer:
        peer.sendall(request.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n"))
        return statuses(read_all(peer))


def others_are_served(edge):
    """As a publisher does, that tries again when it is told 503 or nothing."""
    request, end, said = publication(edge), time.monotonic() + PATIENCE, []
    while time.monotonic() < end:
        with contextlib.suppress(ConnectionError):
            said = try_publishing(edge, request)
            if said in ([200], [202]):
                return
        time.sleep(0.2)
    pytest.fail("another publisher is kept out: %s" % said)


def unharmed(edge):
    others_are_served(edge)
    assert edge.pid("intake") == edge.first, "the intake was restarted"
    assert anonymous(edge) < ANON_MAX


def send_on(peers, data):
    for peer in peers:
        with contextlib.suppress(OSError):
            peer.send(data, socket.MSG_DONTWAIT)


def test_headers_that_drip_in_keep_nobody_out(edge):
    with many() as peers:
        for _ in range(CONNECTIONS + 100):
            peers.append(attacker(edge))
            peers[-1].sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\n")
        for byte in b"X-A: bcdefg":
            send_on(peers, bytes([byte]))
            others_are_served(edge)
        unharmed(edge)


def test_bodies_that_trickle_keep_nobody_out(edge):
    head = publication(edge).partition(b"\r\n\r\n")[0]
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: 60000", head)
    with many() as peers:
        for _ in range(CONNECTIONS + 100):
            peers.append(attacker(edge))
            peers[-1].sendall(head + b"\r\n\r\n{")
        for _ in range(10):
            send_on(peers, b" ")
            others_are_served(edge)
        unharmed(edge)


def test_clients_that_never_read_are_held_back(edge):
    """A thousand requests each, pipelined; the kernel's buffers fill, the intake's do not."""
    with many() as peers:
        for _ in range(20):
            peers.append(attacker(edge))
            peers[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peers[-1].setblocking(False)
        requests = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
        for peer in peers:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                peer.send(requests)
        unharmed(edge)


def test_a_thousand_pipelined_requests_are_answered_when_they_are_read(edge):
    requests = [publication(edge) for _ in range(1000)]
    with many() as peers:
        peers.append(attacker(edge))
        peers[0].sendall(b"".join(requests))
        others_are_served(edge)
        peers[0].shutdown(socket.SHUT_WR)
        said = read_all(peers[0])
    assert statuses(said) == [202] * 1000
    ids = re.findall(rb'"id":"(s\d+)"', said)
    assert ids == [re.search(rb'"id": "(s\d+)"', request).group(1) for request in requests]


def test_ten_thousand_idle_connections_keep_nobody_out(edge):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10000
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    room = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    number = min(wanted, room - 200 if room > 0 else wanted)
    if number < wanted:
        print("only %d connections: RLIMIT_NOFILE is %d" % (number, room))
    try:
        with many() as peers:
            for i in range(number):
                peers.append(attacker(edge))
                if i % 2000 == 1999:
                    others_are_served(edge)
            unharmed(edge)
        unharmed(edge)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def send_as_far_as_it_goes(peer, data, times):
    with contextlib.suppress(ConnectionError):
        for _ in range(times):
            peer.sendall(data)
    return statuses(read_all(peer))


def test_a_body_of_100_mb_is_not_taken(edge):
    block, before = b" " * (1 << 20), anonymous(edge)
    head = publication(edge).partition(b"\r\n\r\n")[0]
    for framing, start in ((b"Content-Length: %d" % (100 << 20), b""),
                           (b"Transfer-Encoding: chunked", b"6400000\r\n"),):
        with many() as peers:
            for _ in range(20):
                peers.append(attacker(edge))
                peers[-1].sendall(re.sub(rb"Content-Length: \d+", framing, head) + b"\r\n\r\n" +
                                  start)
            for peer in peers:
                # The refusal may be lost to the reset that ends what the client goes on sending.
                assert send_as_far_as_it_goes(peer, block, 100) in ([413], [])
                others_are_served(edge)
    unharmed(edge)
    assert anonymous(edge) < before + (100 << 20)


def test_bodies_that_share_the_room_leave_some(edge):
    """Sixteen as large as may be, but for a byte each; for more there is no room, which is 503."""
    head = publication(edge).partition(b"\r\n\r\n")[0]
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % (4 << 20), head)
    with many() as peers:
        for _ in range(40):
            peers.append(attacker(edge))
            peers[-1].sendall(head + b"\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                peers[-1].sendall(b" " * ((4 << 20) - 1))
        assert edge.pid("intake") == edge.first and anonymous(edge) < ANON_MAX + 16 * (4 << 20)
    unharmed(edge)


def test_a_header_of_10_mb_is_not_taken(edge):
    for block in (b"a" * 1024, b"A: b\r\n" * 170):
        with many() as peers:
            peers.append(attacker(edge))
            peers[0].sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
            assert send_as_far_as_it_goes(peers[0], block, 10240) in ([431], [])
    unharmed(edge)


def test_json_that_grows_in_memory_is_bounded(edge):
    """4 MB that would be hundreds as values; while they are there, and that they go."""
    for text in (b"[" + b"[]," * 1390000 + b"[]]", b"[" + b"{}," * 1390000 + b"{}]",
                 b"[" + b"0," * 2090000 + b"0]", b"[" * 4190000, b"[[" * 31 + b'"' + b"\\u0001" * 690000):
        request = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(text),
                         publication(edge).partition(b"\r\n\r\n")[0])
        request = request.replace(b"cloudevents+json", b"cloudevents-batch+json")
        with many() as peers:
            peers.append(attacker(edge))
            peers[0].sendall(request.replace(b"Host: x", b"Host: x\r\nConnection: close") +
                             b"\r\n\r\n" + text)
            assert statuses(read_all(peers[0])) in ([400], [413])
        unharmed(edge)
    with open("/proc/%d/status" % edge.first, encoding="utf-8") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))
    assert peak < 160 << 10, "with its files mapped"


def test_connections_that_are_reset_leave_nothing_behind(edge):
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    for part in (b"", b"GET", publication(edge)[:-5], publication(edge),
                 publication(edge) + b"GET / HTTP/1.1\r\n"):
        with many() as peers:
            for _ in range(200):
                peers.append(attacker(edge))
                peers[-1].sendall(part)
                peers[-1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    unharmed(edge)


def test_no_more_are_served_than_there_are_places(tmp_path):
    """However many are refused and stay: requests that nobody answers yet have no place to give."""
    os.environ["TOCSIN_HTTP_CONNECTIONS"] = "2"
    small = Edge(str(tmp_path))
    del os.environ["TOCSIN_HTTP_CONNECTIONS"]
    first, worker = small.pid("intake"), small.pid("rehearse")
    head, body = publication(small).replace(b"/v1/events", b"/v1/events?dry_run=1").split(
        b"\r\n\r\n")
    os.kill(worker, signal.SIGSTOP)
    try:
        with many() as peers:
            for _ in range(8):
                peers.append(attacker(small))
                peers[-1].sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
                if peers[-1].recv(65536).startswith(b"HTTP/1.1 100"):
                    peers[-1].sendall(body)
            told = [statuses(peer.recv(65536)) for peer in peers[:2]]
        assert told == [[503], [503]], "nobody rehearses just now"
        assert small.pid("intake") == first
    finally:
        os.kill(worker, signal.SIGCONT)
        small.stop()
