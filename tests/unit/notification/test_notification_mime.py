"""Mails put together by hand are read by the library's parser as they were meant, whatever people wrote."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.mime import compose

NAME = "a" * 32
WRITTEN = [
    "Plain words.\n",
    "Ünïcode, “quotes” and emoji 🦊\n",
    ".\n..two dots\nFrom here on\n",
    f"--=_{NAME}_1\n--=_{NAME}_1--\nafter the boundary\n",
    "A very long line " * 200 + "\n",
    "spaces at the end   \n\ttabs\t\n\n\nlines\n",
    "=3D =_ =\n",
]


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, EmailMessage, policy=SMTP)


def body(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("words", WRITTEN)
@pytest.mark.parametrize("ics", ["", "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nSUMMARY:Fälls\r\nEND:VCALENDAR\r\n"])
def test_words_arrive_as_they_were_written(words: str, ics: str) -> None:
    mail = read(compose([("Subject", "Fälle 🦊")], text=words, html=f"<p>{words}</p>\n", ics=ics, name=NAME))

    assert (
        mail["Subject"] == "Fälle 🦊"
        and body(mail, "plain") == f"{words.rstrip()}\n"
        and body(mail, "html") == f"<p>{words}</p>\n"
    )
    assert [part.get_content() for part in mail.iter_attachments()] == ([ics.encode()] if ics else [])
    assert not [defect for part in mail.walk() for defect in part.defects]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_words_arrive_as_they_were_written(words: str) -> None:
    mail = read(compose([], text=f"{words}\n", html="<p></p>\n", ics="", name=NAME))

    assert body(mail, "plain") == f"{words.rstrip()}\n"


@given(st.text(max_size=300))
def test_no_header_brings_another_with_it(value: str) -> None:
    try:
        mail = read(compose([("Subject", value)], text="", html="", ics="", name=NAME))
    except ValueError:
        return

    assert mail.keys() == ["Subject", "MIME-Version", "Content-Type"]


def test_no_line_is_longer_than_mail_servers_take() -> None:
    content = compose([("Subject", "Ü" * 300)], text="word " * 5000, html="ü" * 5000, ics="X" * 5000, name=NAME)

    assert max(len(line) for line in content.split(b"\r\n")) <= 998 and b"\n" not in content.replace(b"\r\n", b"")
