"""A receiver of webhooks that answers each after a while, and tells what came to it.

Usage: provider.py MILLISECONDS; prints its port. GET / answers with {path: [requests, deliveries,
first, last]}, the instants in milliseconds.
"""
import asyncio
import json
import sys
import time

AFTER_S = int(sys.argv[1]) / 1000
came = {}


class Exchange(asyncio.Protocol):
    def __init__(self):
        self.seen = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.seen += data
        while True:
            head, found, rest = self.seen.partition(b"\r\n\r\n")
            if not found:
                return
            line, *fields = head.decode("latin-1").split("\r\n")
            fields = dict(field.lower().split(": ", 1) for field in fields)
            size = int(fields.get("content-length", 0))
            if len(rest) < size:
                return
            self.seen = rest[size:]
            self.answer(*line.split(" ")[:2], fields.get("webhook-id"))

    def answer(self, method, path, delivery):
        if method == "GET":
            text = json.dumps({at: [count, len(ids), first, last]
                               for at, (count, ids, first, last) in came.items()}).encode()
            self.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
            return
        now = time.time() * 1000
        row = came.setdefault(path, [0, set(), now, now])
        row[0] += 1
        row[1].add(delivery)
        row[3] = now
        asyncio.get_running_loop().call_later(
            AFTER_S, self.write, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def write(self, text):
        if not self.transport.is_closing():
            self.transport.write(text)


async def main():
    server = await asyncio.get_running_loop().create_server(Exchange, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
