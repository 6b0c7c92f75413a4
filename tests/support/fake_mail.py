"""A mail server that behaves as badly as it is told, and remembers every mail and every command.

A session takes the next of the behaviours, the last one stays for ever:

    accept             takes the mail
    STAGE CODE         answers with this code there; a stage is greeting, mail, rcpt, data (the
                       command), end (of the message)
    hang STAGE         says nothing from there on
    cut STAGE          closes the connection there
    cut within         closes it in the middle of the message
    hold               takes the mail and never answers QUIT, nor closes

`tls` is a (certificate, key) pair of files; `implicit` speaks TLS from the first byte, otherwise
STARTTLS is offered. `users` maps names to passwords: AUTH is offered and a must. `reports` offers
the parameters of RFC 3461. Mails are kept with the commands of their session and their message.
"""
import base64
import email
import email.policy
import socket
import ssl
import threading


class Mail:
    def __init__(self, commands, raw, encrypted, user):
        self.commands, self.raw, self.encrypted, self.user = commands, raw, encrypted, user
        self.message = email.message_from_bytes(raw, policy=email.policy.default)


class Session:
    def __init__(self, server, connection, behaviour):
        self.server, self.connection, self.behaviour = server, connection, behaviour
        self.file = connection.makefile("rb")
        self.commands, self.user, self.encrypted = [], None, server.implicit
        self.stage = "greeting"

    def say(self, *lines):
        for i, line in enumerate(lines):
            between = "-" if i + 1 < len(lines) else " "
            self.connection.sendall(f"{line[:3]}{between}{line[4:]}\r\n".encode())

    def turn(self, stage, line):
        """Answers at a stage, as it was told. False: the session is over."""
        if self.behaviour == f"cut {stage}":
            return False
        if self.behaviour == f"hang {stage}":
            self.server.closing.wait()
            return False
        words = self.behaviour.split()
        if len(words) == 2 and words[0] == stage:
            self.say(f"{words[1]} as it was told")
        else:
            self.say(line)
        return True

    def offers(self):
        lines = ["250 fake", "250 8BITMIME"]
        if self.server.tls and not self.encrypted:
            lines.append("250 STARTTLS")
        if self.server.users is not None and (self.encrypted or not self.server.tls):
            lines.append("250 AUTH PLAIN")
        if self.server.reports:
            lines.append("250 DSN")
        return lines

    def encrypt(self):
        self.say("220 go ahead")
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.file = self.connection.makefile("rb")
        self.encrypted = True

    def authenticate(self, words):
        if len(words) == 2:
            self.say("334 ")
            words.append(self.file.readline().decode().strip())
        _, user, password = base64.b64decode(words[2]).decode().split("\0")
        if self.server.users.get(user) != password:
            self.say("535 5.7.8 no")
            return
        self.user = user
        self.say("235 welcome")

    def read_message(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                return None
            if line == b".\r\n":
                return b"".join(lines)
            assert line.endswith(b"\r\n"), line
            lines.append(line[1:] if line.startswith(b".") else line)
            if self.behaviour == "cut within":
                return None

    def take(self):
        if not self.turn("data", "354 go on"):
            return False
        raw = self.read_message()
        if raw is None or not self.turn("end", "250 taken"):
            return False
        if self.behaviour in ("accept", "hold"):
            self.server.keep(Mail(self.commands, raw, self.encrypted, self.user))
        return True

    def command(self, verb, line):
        if verb == "EHLO":
            self.say(*self.offers())
        elif verb == "STARTTLS":
            self.encrypt()
        elif verb == "AUTH":
            self.authenticate(line.split())
        elif verb == "MAIL" and self.server.users is not None and self.user is None:
            self.say("530 5.7.0 who are you?")
        elif verb in ("MAIL", "RCPT"):
            return self.turn(verb.lower(), "250 ok")
        elif verb == "DATA":
            return self.take()
        elif verb == "QUIT":
            if self.behaviour == "hold":
                self.server.closing.wait()
            self.say("221 bye")
            return False
        else:
            self.say("502 what?")
        return True

    def run(self):
        if not self.turn("greeting", "220 fake"):
            return
        while True:
            line = self.file.readline().decode().rstrip("\r\n")
            if not line:
                return
            self.commands.append(line)
            if not self.command(line.split()[0].upper(), line):
                return


class MailServer:
    def __init__(self, tls=None, implicit=False, users=None, reports=True):
        self.tls, self.implicit, self.users, self.reports = None, implicit, users, reports
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*tls)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.changed = threading.Condition()
        self.mails, self.behaviours, self.sessions = [], ["accept"], []
        self.closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, host="127.0.0.1"):
        return f"smtp{'s' if self.implicit else ''}://{host}:{self.port}"

    def behave(self, *behaviours):
        with self.changed:
            self.behaviours = list(behaviours)

    def keep(self, mail):
        with self.changed:
            self.mails.append(mail)
            self.changed.notify_all()

    def wait_for(self, count, patience_s=60):
        """The mails, once there are `count` of them."""
        with self.changed:
            enough = self.changed.wait_for(lambda: len(self.mails) >= count, patience_s)
        assert enough, f"{len(self.mails)} of {count} mails came"
        return self.mails

    def close(self):
        self.closing.set()
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self.changed:
            behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        try:
            if self.implicit:
                connection = self.tls.wrap_socket(connection, server_side=True)
            session = Session(self, connection, behaviour)
            with self.changed:
                self.sessions.append(session)
            session.run()
        except (OSError, ValueError):
            pass
        finally:
            try:
                session.connection.shutdown(socket.SHUT_RDWR)
            except (OSError, UnboundLocalError):
                pass
