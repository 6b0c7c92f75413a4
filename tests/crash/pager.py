"""A receiver of webhooks, as a paging provider would run it: checks signatures, keeps what it saw."""
import base64
import hashlib
import hmac
import http.server
import os
import random
import secrets
import threading


class Receiver:
    """Answers 200, now and then 503; `seen` counts deliveries, `accepted` those answered 200."""

    def __init__(self, directory, seed):
        self.key = secrets.token_bytes(32)
        self.rng = random.Random(seed)
        self.seen, self.accepted = {}, {}
        self.trouble = []
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.contacts = self.write_contacts(directory)

    def write_contacts(self, directory):
        key = os.path.join(directory, "pager.key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as out:
            out.write("whsec_" + base64.b64encode(self.key).decode() + "\n")
        path = os.path.join(directory, "contacts.yaml")
        url = f"http://127.0.0.1:{self.server.server_address[1]}/in"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as out:
            out.write(f'allow: [127.0.0.1]\ncontacts:\n  duty-one: {{webhook: {{url: "{url}", '
                      'secret_file: pager.key}}\n  duty-two: {log: true}\n')
        return path

    def take(self, headers, body):
        """The status to answer with."""
        delivery = headers.get("webhook-id", "")
        signed = f"{delivery}.{headers.get('webhook-timestamp', '')}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.digest(self.key, signed, hashlib.sha256)).decode()
        with self.lock:
            if wanted not in headers.get("webhook-signature", "").split():
                self.trouble.append(f"{delivery}: the signature does not verify")
                return 401
            self.seen[delivery] = self.seen.get(delivery, 0) + 1
            if self.rng.random() < 0.02:
                return 503
            self.accepted[delivery] = self.accepted.get(delivery, 0) + 1
            return 200

    def handler(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    self.send_response(receiver.take(self.headers, body))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass # the notifier was killed meanwhile

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass

        return Handler

    def close(self):
        self.server.shutdown()
