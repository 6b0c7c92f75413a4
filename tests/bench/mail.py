"""The load of the row `mail`: mails as customers send them, over LMTP on several connections.

mail.py PORT SECONDS CONNECTIONS: prints {"mails", "per_second", "p50_ms", "p99_ms"}.
"""
import base64
import json
import socket
import sys
import threading
import time

TEXT = ("Hello,\r\n\r\nmy order 4471-%d has not arrived, and the tracking page shows nothing since"
        " Monday. I wrote to you twice and nobody answered; please tell me where it is or give me"
        " my money back.\r\n\r\nBest regards\r\nAna\r\n\r\nOn Mon, 2 Mar 2026 at 10:00, Desk"
        " <desk@example.com> wrote:\r\n> Thank you for your order.\r\n> It leaves today.\r\n")
IMAGE = base64.encodebytes(bytes(range(256)) * 8).decode().replace("\n", "\r\n")


def mail(name, number):
    """Of some 5 kB: both ways of the text, and every fourth has an image with it."""
    text = TEXT % number
    html = "<html><body><p>" + text.replace("\r\n", "<br>\r\n") + "</p></body></html>"
    parts = (f"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
             f"--c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}"
             f"--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}--c--\r\n")
    if number % 4 == 0:
        parts += ("--b\r\nContent-Type: image/png; name=photo.png\r\n"
                  f"Content-Transfer-Encoding: base64\r\n\r\n{IMAGE}")
    received = "".join(f"Received: from mx{i}.example.org by mx{i + 1}.example.com with ESMTPS\r\n"
                       "\tfor <support@example.com>; Mon, 2 Mar 2026 10:00:00 +0100\r\n"
                       for i in range(4))
    return (f"{received}Message-ID: <{name}-{number}@example.org>\r\n"
            f"Date: Mon, 02 Mar 2026 10:00:00 +0100\r\nFrom: Ana <ana{number % 5000}@example.org>\r\n"
            "To: Support <support@example.com>\r\nSubject: =?utf-8?q?Where_is_my_order=3F?=\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"
            ".\r\n").encode()


def expect(reader, code):
    line = reader.readline()
    while line[3:4] == b"-":
        line = reader.readline()
    if not line.startswith(code):
        sys.exit("answered: " + line.decode())


def connect(port):
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.05)  # intake has just been started
    sys.exit("nobody takes mail at port %d" % port)


def send(port, end, name, took):
    one = connect(port)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reader = one.makefile("rb")
    expect(reader, b"220")
    one.sendall(b"LHLO bench\r\n")
    expect(reader, b"250")
    number = 0
    while time.time() < end:
        data, begun = mail(name, number), time.time()
        one.sendall(b"MAIL FROM:<ana@example.org>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n")
        for code in (b"250", b"250", b"354"):
            expect(reader, code)
        one.sendall(data)
        expect(reader, b"250")
        took.append(time.time() - begun)
        number += 1


def main():
    port, seconds, connections = map(int, sys.argv[1:])
    took, start = [], time.time()
    threads = [threading.Thread(target=send, args=(port, start + seconds, f"{start}-{i}", took))
               for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent, took = time.time() - start, sorted(took)
    print(json.dumps({"mails": len(took), "per_second": len(took) / spent,
                      "p50_ms": took[len(took) // 2] * 1000,
                      "p99_ms": took[len(took) * 99 // 100] * 1000}))


main()
