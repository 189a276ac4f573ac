"""Notification among its neighbours: a fact becomes one mail to each author, in the folder or at a mail server."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fosse.notification.v1 import notification_pb2 as pb
from services.common.errors import NotFound
from services.notification.settings import Settings
from tests.databases import SqliteDatabases
from tests.mail_server import MailServer, Mood
from tests.node.notification_world import ANN, BEN, World, notification_among_neighbours
from tests.unit.membership.people import an_id
from tests.waiting import until

SENT = pb.DELIVERY_STATE_SENT


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    settings = Settings(public_url="https://notts.example")
    with notification_among_neighbours(sqlite_databases, tmp_path, settings) as world:
        world.people.know(ANN, "Ann Example", "ann@home.example")
        world.people.know(BEN, "Ben Example", "ben@home.example")
        yield world


def test_the_author_reads_that_derbyshire_uses_the_leaflet_and_where_to_see_it(world: World) -> None:
    world.adopted(organisation="Oak House")
    until(lambda: world.states() == [SENT], "the mail is in the folder")

    delivery = world.deliveries(ANN)[0]
    mail = world.gateway.GetMail(pb.GetMailRequest(delivery_id=delivery.id), metadata=world.as_person(ANN))

    assert delivery.subject == "Derbyshire uses your resource “Drinking enough”"
    assert mail.to == "ann@home.example"
    assert "Hello Ann Example" in mail.text and "Oak House in Derbyshire uses your resource" in mail.text
    assert f"https://notts.example/resources/{an_id(50)}" in mail.text and "https://notts.example" in mail.html
    assert "<img" not in mail.html and "<script" not in mail.html


def test_a_fact_that_is_handled_twice_tells_each_author_once(world: World) -> None:
    adoption = world.adopted(authors=(ANN, BEN))
    world.say(adoption)
    world.say(adoption)
    world.adopted(2)

    until(lambda: world.states() == [SENT] * 3, "three mails for two adoptions")

    assert len(world.deliveries(ANN)) == 2 and len(world.deliveries(BEN)) == 1


def test_nobody_is_told_of_their_own_doing_or_of_resources_that_are_not_theirs(world: World) -> None:
    world.adopted(1, authors=(ANN, BEN), node_id="", locality="Rushcliffe", adopter=ANN)
    world.adopted(2, own=False)
    world.adopted(3, stage="interested")
    world.adopted(4)

    until(lambda: world.states() == [SENT] * 2, "Ben of the first, Ann of the last")

    assert [each.subject for each in world.deliveries(BEN)] == ["Rushcliffe uses your resource “Drinking enough”"]
    assert [each.item_id for each in world.deliveries(ANN)] == [an_id(1004)]


def test_an_adoption_that_is_gone_again_holds_nothing_up(world: World) -> None:
    world.say(an_id(1999))
    world.adopted(1)

    until(lambda: world.states() == [SENT], "the mail that can be written")


def test_a_member_reads_own_mail_only_and_the_operator_all(world: World) -> None:
    world.adopted(authors=(ANN, BEN))
    until(lambda: world.states() == [SENT] * 2, "both mails are in the folder")
    anns = pb.GetMailRequest(delivery_id=world.deliveries(ANN)[0].id)

    assert len(world.deliveries(an_id(99), operator=True)) == 2
    assert world.gateway.GetMail(anns, metadata=world.as_person(an_id(99), operator=True)).to == "ann@home.example"
    with pytest.raises(NotFound):
        world.gateway.GetMail(anns, metadata=world.as_person(BEN))


def test_a_mail_that_is_not_in_the_folder_still_says_how_it_went(world: World, tmp_path: Path) -> None:
    world.adopted()
    until(lambda: world.states() == [SENT], "the mail is in the folder")
    for file in tmp_path.rglob("*.eml"):
        file.unlink()

    asked = pb.GetMailRequest(delivery_id=world.deliveries(ANN)[0].id)
    mail = world.gateway.GetMail(asked, metadata=world.as_person(ANN))

    assert (mail.delivery.state, mail.text, mail.html, mail.to) == (SENT, "", "", "")


def test_a_member_who_left_is_written_to_no_more(world: World) -> None:
    world.adopted(authors=(an_id(7),))

    until(lambda: world.states() == [pb.DELIVERY_STATE_GIVEN_UP], "nobody to write to")

    assert world.deliveries(an_id(7))[0].problem == "This member has left or has no e-mail address."


def test_the_ledger_keeps_no_address(world: World) -> None:
    world.adopted()
    until(lambda: world.states() == [SENT], "the mail is in the folder")

    with world.floor.db.read() as conn:
        rows = conn.exec_driver_sql("select * from deliveries").all()

    assert "example" not in str(rows) and "Ann" not in str(rows)


def test_with_a_mail_server_set_the_mail_goes_there(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with MailServer() as server:
        settings = Settings(smtp_host="127.0.0.1", smtp_port=server.port, smtp_tls="none", sender="fosse@notts.example")
        with notification_among_neighbours(sqlite_databases, tmp_path, settings) as world:
            world.people.know(ANN, "Ann Example", "ann@home.example")
            world.adopted()
            until(lambda: world.states() == [SENT], "the mail server has it")

            assert f"Message-ID: <{world.deliveries(ANN)[0].id}@127.0.0.1>".encode() in server.mails[0]
            assert not (tmp_path / "mail").exists()


def test_a_mail_that_was_put_off_is_sent_when_its_time_comes(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with MailServer(Mood.PUTS_OFF) as server:
        settings = Settings(smtp_host="127.0.0.1", smtp_port=server.port, smtp_tls="none")
        with notification_among_neighbours(sqlite_databases, tmp_path, settings) as world:
            world.people.know(ANN, "Ann Example", "ann@home.example")
            world.adopted()
            until(lambda: [each.attempts for each in world.deliveries(ANN)] == [1], "it was tried and put off")
            assert world.deliveries(ANN)[0].problem == "The mail server could not take this mail just now (451)."

            server.mood = Mood.TAKES
            world.clock.now += timedelta(minutes=1)

            until(lambda: world.states() == [SENT], "the mail server has it")
            assert len(server.mails) == 1 and world.deliveries(ANN)[0].problem == ""
