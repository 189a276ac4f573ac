"""A mail server on a real port of this machine that takes mail, refuses it, puts it off, or says nothing."""

import socketserver
import ssl
import threading
from enum import Enum
from typing import Self


class Mood(Enum):
    TAKES = 250
    PUTS_OFF = 451
    REFUSES = 550
    HANGS = 0


class MailServer:
    """`mails` are those it took, as they came. With a certificate it offers STARTTLS, or TLS from the first byte."""

    def __init__(
        self, mood: Mood = Mood.TAKES, certificate: ssl.SSLContext | None = None, *, tls_at_once: bool = False
    ) -> None:
        self.mood = mood
        self.certificate = certificate
        self.tls_at_once = tls_at_once
        self.mails: list[bytes] = []
        self.connections = 0
        self.encrypted = 0
        self.ending = threading.Event()
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()


class Conversation(socketserver.BaseRequestHandler):
    """What is said on one connection."""

    mail_server: MailServer

    def handle(self) -> None:
        self.mail_server.connections += 1
        if self.mail_server.mood is Mood.HANGS:
            self.mail_server.ending.wait()
            return
        try:
            self._talk()
        except (ssl.SSLError, ConnectionError):
            """The other side would not go on: that is what the test is about."""
        finally:
            self.request.close()

    def _talk(self) -> None:
        self._open(encrypted=self.mail_server.tls_at_once)
        self._say("220 a test")
        while line := self.lines.readline():
            verb = line[:4].upper()
            if verb == b"STAR":
                self._say("220 go on")
                self._open(encrypted=True)
            elif verb == b"EHLO":
                self._say("250-a test\r\n250 STARTTLS" if self.mail_server.certificate else "250 a test")
            elif verb == b"DATA":
                self._take_mail()
            elif verb == b"RCPT":
                self._say(f"{self.mail_server.mood.value} as it is <{line[8:].decode().strip()}>")
            else:
                self._say("221 bye" if verb == b"QUIT" else "250 yes")

    def _open(self, *, encrypted: bool) -> None:
        if encrypted and self.mail_server.certificate:
            self.request = self.mail_server.certificate.wrap_socket(self.request, server_side=True)
            self.mail_server.encrypted += 1
        self.lines = self.request.makefile("rb")

    def _take_mail(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.lines.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.mail_server.mails.append(b"".join(lines))
        self._say("250 taken")

    def _say(self, line: str) -> None:
        self.request.sendall(line.encode() + b"\r\n")


def _handler(server: MailServer) -> type[Conversation]:
    return type("Conversation", (Conversation,), {"mail_server": server})
