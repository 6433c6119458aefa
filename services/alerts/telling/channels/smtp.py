"""E-mail, by the county's own server."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from services.alerts.telling.channels.letter import Letter, Outcome

Tls = Literal["tls", "starttls", "none"]
PATIENCE = 10.0  # seconds, for each answer of the server
DEADLINE = 40.0  # seconds, for them all: one that drips would never be out of patience's reach


@dataclass(frozen=True)
class Smtp:
    """`none` is for a server that knows no encryption: it is told no password then. `trusted` are whose certificates
    count."""

    host: str
    port: int
    tls: Tls
    sender: str
    trusted: ssl.SSLContext = field(repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    def send(self, letter: Letter, now: datetime) -> Outcome:
        try:
            with self.connected() as server:
                server.send_message(self.written(letter, now), self.sender, [letter.address])
        except smtplib.SMTPRecipientsRefused as refused:
            code = max(code for code, _ in refused.recipients.values())
            return Outcome(False, code, "the server refuses this address", lasting=code >= 500)
        except smtplib.SMTPResponseException as refused:
            return Outcome(False, refused.smtp_code, "the server refuses", lasting=refused.smtp_code >= 500)
        except (smtplib.SMTPException, OSError) as error:
            return Outcome(False, None, type(error).__name__)
        return Outcome(True, 250)

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        """What the server says to the farewell is no matter: the message is taken by then, or is not."""
        server = smtplib.SMTP(timeout=PATIENCE)
        if self.tls == "tls":
            server = smtplib.SMTP_SSL(timeout=PATIENCE, context=self.trusted)
        server._host = self.host  # type: ignore[attr-defined]  # whose certificate it must be; else connect's is not told
        late = threading.Timer(DEADLINE, hang_up, [server])
        late.start()
        try:
            server.connect(self.host, self.port)
            if self.tls == "starttls":
                server.starttls(context=self.trusted)
            if self.user and self.tls != "none":
                server.login(self.user, self.password)
            yield server
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            late.cancel()
            server.close()

    def written(self, letter: Letter, now: datetime) -> EmailMessage:
        """A repeat bears the same Message-ID, by which mail systems put copies away."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, letter.address, letter.message.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{letter.id}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers it
        mail.set_content(letter.message.text)
        return mail


def hang_up(server: smtplib.SMTP) -> None:
    if held := server.sock:
        with suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)
