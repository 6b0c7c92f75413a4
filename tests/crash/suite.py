"""The services as processes: started, restarted at once when they die, killed on request."""
import os
import secrets
import signal
import subprocess
import threading
import time

import bus

CHAIN = {  # service: what it follows
    "intake": [],
    "router": ["intake", "sla"],
    "sla": ["router"],
    "notifier": ["intake", "router", "sla"],
    "outcomes": ["intake", "router", "sla"],
    "audit": ["intake", "router", "sla", "notifier", "outcomes"],
}


def secret(path):
    if not os.path.exists(path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
            out.write(secrets.token_bytes(32))
    return path


running = set() # services that were started and not stopped


def stop_all():
    """After a failure: nothing that was started stays."""
    for service in list(running):
        service.stop()


class Service:
    """One process and its supervisor thread. Thread-safe."""

    def __init__(self, name, command, directory):
        self.name, self.command = name, command
        self.log_path = os.path.join(directory, name + ".log")
        self.process = None
        self.lock = threading.Lock()
        self.next_env = {}          # for the next start only
        self.wanted = False
        self.starts = self.deaths = 0
        self.codes = []             # of every death
        self.thread = None

    def _spawn(self):
        env = dict(os.environ, **self.next_env)
        self.next_env = {}
        with open(self.log_path, "ab") as log:
            log.write(f"--- start {self.starts} {env.get('TOCSIN_EXIT_AT', '')}\n".encode())
            log.flush()
            self.process = subprocess.Popen(self.command, stderr=log, stdout=log, env=env)
        self.starts += 1

    def _supervise(self):
        while True:
            code = self.process.wait()
            with self.lock:
                self.codes.append(code)
                self.deaths += 1
                if not self.wanted:
                    return
                self._spawn()

    def start(self):
        with self.lock:
            self.wanted = True
            self._spawn()
        running.add(self)
        self.thread = threading.Thread(target=self._supervise, daemon=True)
        self.thread.start()

    def kill(self, next_env=None):
        with self.lock:
            self.next_env = next_env or {}
            self.process.kill()

    def die_at(self, point, nth, meanwhile, patience_s):
        """Ends at the nth pass of that named point, which `meanwhile` makes it come to."""
        before = len(self.codes)
        self.kill({"TOCSIN_EXIT_AT": f"{point}:{nth}"})
        until = time.monotonic() + patience_s
        while 137 not in self.codes[before:]:
            assert time.monotonic() < until, f"{point}:{nth} was never reached"
            meanwhile()

    def check_deaths(self):
        bad = [code for code in self.codes if code not in (0, 137, -9)]
        assert not bad, f"{self.name} died by itself: {bad} ({self.log_path})"

    def stop(self):
        """SIGTERM; the exit code."""
        if self.thread is None:
            return 0
        with self.lock:
            self.wanted = False
            self.process.send_signal(signal.SIGTERM)
        self.thread.join(60)
        if self.thread.is_alive():
            self.process.kill()
            self.thread.join()
        self.thread = None
        running.discard(self)
        return self.codes[-1]

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()


class Suite:
    """All services whose binaries the build has, on ipc sockets below `directory`."""

    def __init__(self, build, directory, names=None, options=(), contacts=None):
        self.build, self.directory, self.contacts = build, directory, contacts
        os.makedirs(directory, exist_ok=True)
        names = names or [n for n in CHAIN if os.path.exists(self.binary(n))]
        self.services = {}
        for name in names:
            upstreams = [u for u in CHAIN[name] if u in names]
            self.services[name] = Service(name, self.command(name, upstreams, options), directory)

    def binary(self, name):
        return os.path.join(self.build, "services", "tocsin-" + name)

    def endpoint(self, name):
        return f"ipc://{self.directory}/{name}.sock"

    def command(self, name, upstreams, options):
        command = [self.binary(name), "--data", os.path.join(self.directory, name),
                   "--bind", self.endpoint(name), *options]
        for upstream in upstreams:
            command += ["--upstream", f"{upstream}={self.endpoint(upstream)}"]
        if name == "intake":
            key = secret(os.path.join(self.directory, "issue.key"))
            command += ["--issue-key", key, "--control"]
        if name == "audit":
            command += ["--seed", secret(os.path.join(self.directory, "audit.seed"))]
        if name == "outcomes":
            command += ["--key", secret(os.path.join(self.directory, "outcomes.key")),
                        "--allow", "127.0.0.1"]
        if name == "notifier":
            command += ["--contacts", self.contacts] if self.contacts else []
        return command

    def start(self):
        for service in self.services.values():
            service.start()
        for name in self.services:
            wait_up(self.endpoint(name))

    def stop(self):
        for service in reversed(list(self.services.values())):
            service.stop()


def wait_up(endpoint, timeout_s=120.0):
    until = time.monotonic() + timeout_s
    client = bus.Client(endpoint)
    try:
        while True:
            try:
                return client.hello(0.5)
            except bus.Silent:
                if time.monotonic() > until:
                    raise
                client.reconnect()
    finally:
        client.close()
