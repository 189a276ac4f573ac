"""A mail server on a real port of this machine that takes mail, refuses it, puts it off, hangs up, or says nothing."""

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
    DROPS = 1


_MUTE = (Mood.HANGS, Mood.DROPS)


class MailServer:
    """`mails` are those it took, as they came. With a certificate it offers STARTTLS, or TLS from the first byte.

    After `takes` mails its mood becomes `then`; after `at_once` mails on one connection it hangs up.
    """

    def __init__(
        self,
        mood: Mood = Mood.TAKES,
        certificate: ssl.SSLContext | None = None,
        *,
        tls_at_once: bool = False,
        takes: int = 0,
        then: Mood = Mood.DROPS,
        at_once: int = 0,
    ) -> None:
        self.mood = mood
        self.certificate = certificate
        self.tls_at_once = tls_at_once
        self.takes = takes
        self.then = then
        self.at_once = at_once
        self.mails: list[bytes] = []
        self.connections = 0
        self.encrypted = 0
        self.ending = threading.Event()
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def took(self, mail: bytes) -> None:
        self.mails.append(mail)
        if len(self.mails) == self.takes:
            self.mood = self.then

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
        self.taken = 0
        try:
            if not self._silent():
                self._talk()
        except (ssl.SSLError, ConnectionError):
            """The other side would not go on: that is what the test is about."""
        finally:
            self.request.close()

    def _silent(self) -> bool:
        if self.mail_server.mood is Mood.HANGS:
            self.mail_server.ending.wait()
        had_enough = self.mail_server.at_once and self.taken >= self.mail_server.at_once
        return bool(had_enough) or self.mail_server.mood in _MUTE

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
            elif verb == b"MAIL" and self._silent():
                return
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
        self.taken += 1
        self.mail_server.took(b"".join(lines))
        self._say("250 taken")

    def _say(self, line: str) -> None:
        self.request.sendall(line.encode() + b"\r\n")


def _handler(server: MailServer) -> type[Conversation]:
    return type("Conversation", (Conversation,), {"mail_server": server})
