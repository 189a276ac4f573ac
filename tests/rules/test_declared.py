"""Everything that must be declared is, and each omission is found out."""

import importlib
import pkgutil
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

import gateway
import services
from fosse.evaluation.v1 import evaluation_pb2
from fosse.events.v1 import events_pb2
from fosse.resource.v1.resource_pb2 import Words
from gateway import guards
from gateway.app import MIGRATIONS, create_app
from gateway.settings import Settings as GatewaySettings
from services.common import access, topics
from services.membership.domain.links import RPC_OF, Purpose
from tests.databases import SqliteDatabases
from tests.rules import declared, protos, settings_table
from tests.rules.tree import ROOT

# Services whose descriptors are known because they were imported.
OPENED = {
    events_pb2.DESCRIPTOR.services_by_name["Meetings"].full_name,
    evaluation_pb2.DESCRIPTOR.services_by_name["Evaluation"].full_name,
}
COMMENTED = "// Does it.\nrpc Close(CloseRequest) returns (CloseResponse)"


def all_tables() -> Iterator[Table]:
    """Every table of every service, the floor and the gateway."""
    for package in (services, gateway):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", ".env", ".wsgi")) and ".migrations" not in module.name:
                found = vars(importlib.import_module(module.name)).values()
                yield from (each for each in found if isinstance(each, Table))


def planted_protos(folder: Path, body: str) -> Path:
    """The protos as they are, and one more package."""
    shutil.copytree(ROOT / "protos", folder, ignore=shutil.ignore_patterns("*.py", "*.pyi", "__pycache__"))
    path = folder / "fosse" / "doors" / "v1" / "doors.proto"
    path.parent.mkdir(parents=True)
    asked = "message CloseRequest { string door_id = 1; int64 number = 2; repeated string door_ids = 3; }\n"
    head = 'syntax = "proto3";\npackage fosse.doors.v1;\nimport "fosse/common/v1/access.proto";\n'
    path.write_text(f"{head}{asked}message CloseResponse {{}}\n// Doors.\nservice Doors {{{body}}}\n")
    return folder


def test_every_rpc_says_who_may_call_it() -> None:
    assert declared.rpcs_without_access(ROOT / "protos") == []


@pytest.mark.parametrize(
    "option",
    [
        ";",
        "{ option (fosse.common.v1.access) = {}; }",
        "{ option (fosse.common.v1.access) = {roles: [ROLE_UNSPECIFIED]}; }",
        '{ option (fosse.common.v1.access) = {services: ["stranger"]}; }',
    ],
)
def test_an_rpc_that_does_not_say_who_may_call_it_is_found_out(option: str, tmp_path: Path) -> None:
    folder = planted_protos(tmp_path / "protos", COMMENTED + option)

    assert len(declared.rpcs_without_access(folder)) == 1


def test_every_rpc_that_a_link_opens_names_the_links_object() -> None:
    assert declared.links_to_everything(ROOT / "protos") == []


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('link: true, link_object: "door_id"', False),
        ("link: true", True),
        ('link: true, link_object: "number"', True),
        ('link: true, link_object: "door_ids"', True),
        ('link: true, link_object: "window_id"', True),
        ('roles: [ROLE_MEMBER], link_object: "door_id"', True),
    ],
)
def test_an_rpc_that_a_link_would_open_for_every_object_is_found_out(said: str, found: bool, tmp_path: Path) -> None:
    folder = planted_protos(tmp_path / "protos", f"{COMMENTED} {{ option (fosse.common.v1.access) = {{{said}}}; }}")

    assert bool(declared.links_to_everything(folder)) == found


def test_every_purpose_of_a_link_opens_an_rpc_that_lets_links_in() -> None:
    rules = {purpose: access.rule_for(path) for purpose, path in RPC_OF.items()}

    assert set(rules) == set(Purpose)
    assert {path.split("/")[1] for path in RPC_OF.values()} == OPENED
    assert all(rule and rule.link and rule.link_object == "meeting_id" for rule in rules.values())


def test_every_route_says_who_may_call_it(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    url = sqlite_databases.new_url(MIGRATIONS)
    app = create_app(GatewaySettings(database=url, secret_key_file=tmp_path / "key", run_dir=tmp_path))

    assert len(guards.check_routes(app)) > 20
    app.add_url_rule("/planted", "planted", lambda: "")
    with pytest.raises(guards.UnguardedRoute, match="planted"):
        guards.check_routes(app)


def test_every_topic_is_said_and_heard() -> None:
    assert declared.unheard_topics(ROOT, topics.TOPICS.values()) == []


def test_a_topic_that_nobody_says_or_hears_is_found_out() -> None:
    resource = topics.TOPICS["fosse.resource"]
    membership = topics.TOPICS["fosse.membership"]

    assert declared.unheard_topics(ROOT, [replace(resource, listeners=(), heard_from_issue=None)])
    assert declared.unheard_topics(ROOT, [replace(resource, listeners=("membership",))])
    assert declared.unheard_topics(ROOT, [replace(membership, says=resource.says)])


def test_facts_name_nobody_and_quote_nothing() -> None:
    said = [fact for topic in topics.TOPICS.values() for fact in topic.says]

    assert len(said) > 5
    assert declared.telling_facts(said) == []


def test_a_fact_with_words_in_it_is_found_out() -> None:
    assert declared.telling_facts([Words]) == [
        f"Words.{name}" for name in ("title", "summary", "type", "topics", "readers", "review_due", "adapted_from")
    ]


def test_every_column_says_what_kind_of_data_it_holds() -> None:
    tables = list(all_tables())

    assert len({table.name for table in tables}) > 20
    assert declared.unclassed_columns(tables) == []


def test_a_column_without_a_data_class_is_found_out() -> None:
    planted = Table("planted", MetaData(), Column("id", Integer), Column("b", Integer, info={"data": "whatever"}))

    assert declared.unclassed_columns([planted]) == ["planted.id", "planted.b"]


def test_every_setting_is_in_the_table_of_the_readme() -> None:
    assert settings_table.missing(ROOT) == [], "python -m tests.rules.settings_table writes it"


def test_a_setting_that_is_not_in_the_table_is_found_out(tmp_path: Path) -> None:
    shutil.copy(ROOT / "README.md", tmp_path)
    path = tmp_path / "services" / "resource" / "settings.py"
    path.parent.mkdir(parents=True)
    path.write_text("class Settings:\n    # How loud.\n    volume: int = 11\n")

    assert settings_table.missing(tmp_path) == ["| `FOSSE_RESOURCE_VOLUME` | `11` | How loud. |"]


def test_every_setting_says_what_it_means(tmp_path: Path) -> None:
    path = tmp_path / "services" / "resource" / "settings.py"
    path.parent.mkdir(parents=True)
    path.write_text("class Settings:\n    volume: int = 11\n")

    assert settings_table.unexplained(ROOT) == []
    assert settings_table.unexplained(tmp_path) == ["FOSSE_RESOURCE_VOLUME"]


def test_protos_are_in_style_compatible_and_generated_from() -> None:
    assert protos.problems(ROOT / "protos", protos.BASELINE) == []


def test_an_rpc_without_a_comment_is_found_out(tmp_path: Path) -> None:
    folder = planted_protos(tmp_path / "protos", COMMENTED.replace("// Does it.", "") + ";")

    assert "doors.proto" in protos.buf(folder, "lint")


def test_a_change_that_old_readers_cannot_read_is_found_out(tmp_path: Path) -> None:
    folder = planted_protos(tmp_path / "protos", COMMENTED + ";")
    entry = folder / "fosse" / "federation" / "v1" / "entry.proto"
    entry.write_text(entry.read_text().replace("\n  bytes ", "\n  string ", 1))

    assert "entry.proto" in protos.breaking(folder, protos.BASELINE)


def test_generated_code_that_was_edited_is_found_out(tmp_path: Path) -> None:
    folder = tmp_path / "protos"
    shutil.copytree(ROOT / "protos", folder, ignore=shutil.ignore_patterns("__pycache__"))
    edited = folder / "fosse" / "common" / "v1" / "facts_pb2.py"
    edited.write_text(edited.read_text() + "\n")
    (folder / "fosse" / "common" / "v1" / "gone_pb2.py").write_text("")

    assert protos.stale(folder) == ["fosse/common/v1/facts_pb2.py", "fosse/common/v1/gone_pb2.py"]
