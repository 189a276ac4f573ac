"""Promise 10: at three times what a node can answer, those who are let in are answered as ever, the rest are told when
to come again, and soon after the rush all are let in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.admission import Congestion
from gateway.settings import Settings
from tests.composed import Compose, a_county
from tests.machine import ROOT
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.promises.rush import best_of_three, careless
from tests.whole_nodes import a_whole_node

pytestmark = pytest.mark.alone
SEED = 10
NAME = "three times too much"
THREADS = Settings.threads
STACKS_THREADS = Settings.workers * Settings.threads
LETS_EVERYBODY_IN = """
services:
  gateway:
    entrypoint: [python, -c]
    command:
      - |
        from gateway.__main__ import main
        from gateway.admission import Congestion
        Congestion.refuses = lambda congestion, waited_s: False
        main()
"""


def everybody_in(congestion: Congestion, waited_s: float) -> bool:
    """A queue without an end."""
    return False


@pytest.mark.timeout(300)
def test_of_three_times_too_many_those_let_in_are_answered_as_ever(tmp_path: Path) -> None:
    with a_whole_node(tmp_path, searches_a_minute=10_000_000) as node:
        seen = best_of_three(node.url, THREADS)
        with planted((Congestion, "refuses", everybody_in)):
            caught = careless(node.url, THREADS).times_slower

    promise(10, "embedded", NAME, seen.kept and caught > 2, f"{seen} planted[no admission]={caught:.1f}x", SEED)


@pytest.fixture
def county() -> Iterator[Compose]:
    with a_county("notts", "Nottinghamshire", FOSSE_SEARCHES_A_MINUTE="10000000") as running:
        yield running


@pytest.mark.timeout(600)
def test_of_three_times_too_many_those_let_in_on_the_stack_are_answered_as_ever(
    county: Compose, tmp_path: Path
) -> None:
    seen = best_of_three(county.address, STACKS_THREADS)
    (tmp_path / "careless.yml").write_text(LETS_EVERYBODY_IN)
    county.settings["COMPOSE_FILE"] = f"{ROOT / 'docker-compose.yml'}:{tmp_path / 'careless.yml'}"
    done = county("up", "-d", "--wait", "--no-build", "--no-deps", "gateway")
    assert done.returncode == 0, done.stderr
    caught = careless(county.address, STACKS_THREADS).times_slower

    promise(10, "stack", NAME, seen.kept and caught > 2, f"{seen} planted[no admission]={caught:.1f}x", SEED)
