"""A receiver of webhooks that behaves as badly as it is told, and remembers every request.

Each path has a list of behaviours; a request takes the next of them, the last one stays for ever:

    202            answers with this status; so do 200, 400, 410, 429, 500, ...
    429 seconds=3  with Retry-After: 3; `date=3`: as an HTTP date; `text=soon`: as it stands
    200 allow=x    with WebHook-Allowed-Origin: x
    redirect       302 to another path
    hang           reads the request and says nothing
    reset          reads the request and resets the connection
    half           announces a body and closes in the middle of it
    drip           sends its answer a byte at a time, for ever
    large          200 with a body that never ends
    hold           waits until release() is called, then 200
    pagerduty      202 as PagerDuty's Events API answers, and what it keeps: see `incidents`
    teams_hides=429  200, with this status in the text; `teams_hides=error`: with an error in JSON
    login          200 with a page for people, as a network's gateway answers

Slack's "ok" is what is answered where nothing else is said. Requests are kept with their path, headers (lower case), body and the time of arrival.
"""
import datetime
import email.utils
import json
import socket
import ssl
import struct
import threading
import time


class Request:
    def __init__(self, line, headers, body, connection):
        self.method, self.path, _ = line.split(" ", 2)
        self.headers = headers
        self.body = body
        self.at = time.monotonic()
        self.connection = connection

    @property
    def id(self):
        return self.headers["webhook-id"]


class Provider:
    def __init__(self, tls=None):
        """`tls` is a (certificate, key) pair of files."""
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*tls)
        self.changed = threading.Condition()
        self.requests, self.behaviours = [], {}
        self.incidents = {}  # of PagerDuty: dedup_key -> what was done to it, in order
        self.connections = 0
        self.released = threading.Event()
        self.closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path, host="127.0.0.1"):
        return f"http{'s' if self.tls else ''}://{host}:{self.port}{path}"

    def behave(self, path, *behaviours):
        self.behaviours[path] = list(behaviours)

    def of(self, path):
        with self.changed:
            return [request for request in self.requests if request.path == path]

    def wait_for(self, path, count, patience_s=60):
        """The requests to a path, once there are `count` of them."""
        with self.changed:
            enough = self.changed.wait_for(
                lambda: sum(r.path == path for r in self.requests) >= count, patience_s)
        assert enough, f"{len(self.of(path))} of {count} requests came to {path}"
        return self.of(path)

    def release(self):
        self.released.set()

    def close(self):
        self.closing.set()
        self.released.set()
        self.listener.close()

    # --- connections ---

    def _accept(self):
        while not self.closing.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            number = self.connections
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while self._one(connection, stream, number):
                    pass
        except OSError:
            pass

    def _one(self, connection, stream, number):
        line = stream.readline().decode().rstrip("\r\n")
        if not line:
            return False
        headers = {}
        while (header := stream.readline().decode().rstrip("\r\n")):
            name, value = header.split(":", 1)
            assert name.lower() not in headers, f"{name} came twice"
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        request = Request(line, headers, body, number)
        with self.changed:
            self.requests.append(request)
            left = self.behaviours.get(request.path, ["200"])
            behaviour = left.pop(0) if len(left) > 1 else left[0]
            self.changed.notify_all()
        return self._answer(connection, behaviour.split(), request)

    # --- behaviours ---

    def _answer(self, connection, words, request):
        kind, _, value = words[0].partition("=")
        if kind in ("pagerduty", "teams_hides", "login"):
            return self._say(connection, *getattr(self, f"_{kind}")(request, value))
        method = getattr(self, f"_{kind}", None)
        if method:
            return method(connection)
        return self._say(connection, words[0], "ok", "".join(map(self._header, words[1:])))

    @staticmethod
    def _say(connection, status, text, headers=""):
        body = text.encode()
        connection.sendall(f"HTTP/1.1 {status} Because\r\nContent-Length: {len(body)}\r\n"
                           f"{headers}\r\n".encode() + body)
        return True

    def _pagerduty(self, request, _):
        event = json.loads(request.body)
        with self.changed:
            self.incidents.setdefault(event["dedup_key"], []).append(event["event_action"])
            self.changed.notify_all()
        return 202, json.dumps({"status": "success", "message": "Event processed",
                                "dedup_key": event["dedup_key"]})

    @staticmethod
    def _teams_hides(_, value):
        if value == "error":
            return 200, json.dumps({"error": {"code": "DirectApiAuthorizationRequired"}})
        return 200, ("Webhook message delivery failed with error: Microsoft Teams endpoint returned "
                     f"HTTP error {value} with ContextId tcid=0.")

    @staticmethod
    def _login(_, __):
        return 200, "<html><title>Welcome</title>Accept our terms"

    @staticmethod
    def _header(word):
        kind, value = word.split("=", 1)
        if kind == "allow":
            return f"WebHook-Allowed-Origin: {value}\r\n"
        if kind == "date":
            at = datetime.datetime.now(datetime.timezone.utc)
            at += datetime.timedelta(seconds=int(value) + 1)  # a date has no fractions
            value = email.utils.format_datetime(at, usegmt=True)
        return f"Retry-After: {value}\r\n"

    def _redirect(self, connection):
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {self.url('/elsewhere')}\r\n"
                           "Content-Length: 0\r\n\r\n".encode())
        return True

    def _hang(self, connection):
        self.closing.wait()
        return False

    def _hold(self, connection):
        self.released.wait()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True

    def _reset(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        return False

    def _half(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
        return False

    def _drip(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not self.closing.wait(0.05):
            connection.sendall(b".")
        return False

    def _large(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
        while not self.closing.is_set():
            connection.sendall(chunk)
        return False
