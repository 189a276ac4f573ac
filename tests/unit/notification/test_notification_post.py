"""Mails at a mail server that takes them, refuses them, puts them off, is silent or away; and in the folder."""

import ssl
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from services.notification.domain.delivery import Delivery, Later, News, Outcome, Refused, Sent
from services.notification.letters import Addressed, Letters
from services.notification.mime import Mail
from services.notification.post import MailFolder, Post, SmtpPost, SmtpServer
from tests.alone import HeldClock
from tests.certificates import certificate_for_this_machine
from tests.mail_server import MailServer, Mood
from tests.unit.membership.people import an_id

NOW = HeldClock()()
WORDS = {
    "who": "Derbyshire",
    "place": "Derbyshire",
    "verb": "uses",
    "title": "Drinking <b>enough</b>, ünbound",
    "resource_id": an_id(50),
}
DELIVERY = Delivery(
    an_id(9), News("resource_adopted", an_id(100), an_id(1), "Derbyshire uses “Drinking énough”", WORDS), NOW
)


def a_letter(email: str = "ann@home.example") -> Mail:
    return Letters("fosse@notts.example", "https://notts.example/").write(DELIVERY, Addressed("Ann", email), NOW)


def a_post(port: int, *, user: str = "", trusted: ssl.SSLContext | None = None) -> SmtpPost:
    return SmtpPost(SmtpServer("127.0.0.1", port, user, "secret", trusted, tls_at_once=False, timeout_s=0.3))


def send_by(post: Post, now: datetime = NOW) -> Outcome:
    (outcomes,) = post.send([(DELIVERY.id, a_letter())], now)
    return outcomes[DELIVERY.id]


def send_many(post: Post, number: int) -> list[Outcome]:
    """On one connection, if the server lets them."""
    told = post.send([(an_id(each), a_letter()) for each in range(number)], NOW)
    outcomes = {each: outcome for group in told for each, outcome in group.items()}
    return [outcomes[an_id(each)] for each in range(number)]


def send(server: MailServer) -> Outcome:
    return send_by(a_post(server.port))


def test_the_mail_server_takes_text_and_html_with_one_lasting_name() -> None:
    with MailServer() as server:
        assert send(server) == Sent() and send(server) == Sent()

        mails = [message_from_bytes(raw) for raw in server.mails]

    assert {mail["Message-ID"] for mail in mails} == {f"<{DELIVERY.id}@notts.example>"}
    assert [part.get_content_type() for part in mails[0].walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_what_the_server_refuses_for_good_bounces_and_nothing_of_the_address_is_kept() -> None:
    with MailServer(Mood.REFUSES) as server:
        assert send(server) == Refused("The mail server refused this mail for good (550).")


def test_what_the_server_puts_off_is_tried_later() -> None:
    with MailServer(Mood.PUTS_OFF) as server:
        assert send(server) == Later("The mail server could not take this mail just now (451).")


def test_a_server_that_is_silent_costs_the_waiting_mails_one_time_out_not_one_each() -> None:
    with MailServer(Mood.HANGS) as server:
        post = a_post(server.port)
        outcomes = [send_by(post) for _ in range(20)]

        assert {type(each) for each in outcomes} == {Later} and server.connections == 1

        server.mood = Mood.TAKES
        assert send_by(post, NOW + timedelta(seconds=30)) == Sent()


def test_the_mails_of_a_batch_go_over_one_connection() -> None:
    with MailServer() as server:
        assert send_many(a_post(server.port), 50) == [Sent()] * 50
        assert (server.connections, len(server.mails)) == (1, 50)


def test_one_address_that_is_refused_does_not_end_the_connection_for_the_others() -> None:
    with MailServer(Mood.REFUSES) as server:
        assert {type(each) for each in send_many(a_post(server.port), 5)} == {Refused}
        assert server.connections == 1


def test_a_server_that_takes_only_so_many_at_once_gets_the_others_on_new_connections() -> None:
    with MailServer(at_once=20) as server:
        assert send_many(a_post(server.port), 50) == [Sent()] * 50
        assert (server.connections, len(server.mails)) == (3, 50)


@pytest.mark.parametrize(("then", "connections"), [(Mood.DROPS, 2), (Mood.HANGS, 1)])
def test_a_server_that_takes_half_keeps_that_half_and_the_rest_is_put_off(then: Mood, connections: int) -> None:
    with MailServer(takes=25, then=then) as server:
        outcomes = send_many(a_post(server.port), 50)

        assert outcomes[:25] == [Sent()] * 25 and {type(each) for each in outcomes[25:]} == {Later}
        assert (server.connections, len(server.mails)) == (connections, 25)


def test_a_server_that_is_away_is_tried_later() -> None:
    with MailServer() as server:
        port = server.port

    assert isinstance(send_by(a_post(port)), Later)


@pytest.mark.parametrize("tls_at_once", [False, True])
def test_an_encrypted_mail_goes_to_a_server_whose_certificate_is_trusted(tmp_path: Path, tls_at_once: bool) -> None:
    certificate = certificate_for_this_machine(tmp_path)
    trusted = ssl.create_default_context(cafile=certificate.file)

    with MailServer(certificate=certificate.server, tls_at_once=tls_at_once) as server:
        post = SmtpPost(SmtpServer("127.0.0.1", server.port, "", "", trusted, tls_at_once, timeout_s=2))

        assert send_by(post) == Sent()
        assert (server.encrypted, len(server.mails)) == (1, 1)


def test_a_server_whose_certificate_is_not_trusted_gets_nothing(tmp_path: Path) -> None:
    with MailServer(certificate=certificate_for_this_machine(tmp_path).server) as server:
        outcome = send_by(a_post(server.port, trusted=ssl.create_default_context()))

        assert outcome == Later("The mail server's certificate is not trusted. Please check the settings.")
        assert server.mails == []


def test_without_the_encryption_that_was_asked_for_nothing_is_sent() -> None:
    with MailServer() as server:
        outcome = send_by(a_post(server.port, trusted=ssl.create_default_context()))

        assert isinstance(outcome, Later) and server.mails == []


def test_the_password_is_not_told_to_a_server_that_cannot_ask_for_it() -> None:
    with MailServer() as server:
        outcome = send_by(a_post(server.port, user="fosse"))

        assert isinstance(outcome, Later) and server.mails == []


def test_what_people_wrote_is_shown_in_the_html_as_they_wrote_it() -> None:
    html = message_from_bytes(a_letter().content, EmailMessage, policy=SMTP).get_body(("html",))

    assert html is not None and "Drinking &lt;b&gt;enough&lt;/b&gt;" in html.get_content()


@pytest.mark.parametrize(
    "email", ["ann@home.example\r\nBcc: all@home.example", "ann@home.example\nX: y", "änn@home.example", "ann", ""]
)
def test_an_address_that_would_smuggle_a_line_in_is_not_written_to(email: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        a_letter(email)


def test_the_folder_holds_one_whole_file_per_mail_for_its_owner_alone(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path / "mail")

    assert send_by(folder) == Sent() and send_by(folder) == Sent()

    assert [file.name for file in (tmp_path / "mail").iterdir()] == [f"{DELIVERY.id}.eml"]
    assert next((tmp_path / "mail").iterdir()).stat().st_mode & 0o777 == 0o600
    mail = folder.read(DELIVERY.id)
    assert mail is not None and mail["To"] == "ann@home.example" and folder.read(an_id(8)) is None


def test_a_folder_that_cannot_be_written_to_is_tried_later(tmp_path: Path) -> None:
    (tmp_path / "mail" / f"{DELIVERY.id}.eml" / "in the way").mkdir(parents=True)

    assert isinstance(send_by(MailFolder(tmp_path / "mail")), Later)
    assert [file.name for file in (tmp_path / "mail").iterdir()] == [f"{DELIVERY.id}.eml"]


def test_one_file_in_the_way_does_not_hold_up_the_others(tmp_path: Path) -> None:
    (tmp_path / "mail" / f"{an_id(1)}.eml" / "in the way").mkdir(parents=True)

    outcomes = send_many(MailFolder(tmp_path / "mail"), 3)

    assert [type(each) for each in outcomes] == [Sent, Later, Sent]
    assert sorted(file.name for file in (tmp_path / "mail").iterdir()) == [f"{an_id(each)}.eml" for each in range(3)]


def test_each_outcome_is_known_before_the_next_mail_is_sent() -> None:
    with MailServer() as server:
        told = a_post(server.port).send([(an_id(each), a_letter()) for each in range(3)], NOW)

        assert [next(told) and len(server.mails) for _ in range(3)] == [1, 2, 3]
