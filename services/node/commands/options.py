"""Options that several commands share: which node is meant."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from services.node.stack import Stack

_PATH = click.Path(path_type=Path)
data_option = click.option(
    "--data",
    type=_PATH,
    default=Path(".data/node"),
    show_default=True,
    envvar="FOSSE_NODE_DATA",
    help="Folder of the node.",
)
_STACK = (
    click.option("--volumes", type=_PATH, hidden=True, help="Of a deployed node: holds each service's data folder."),
    click.option("--secrets", type=_PATH, hidden=True, help="Of a deployed node: holds each service's password."),
    click.option("--host", default="postgres", hidden=True, help="Where PostgreSQL answers."),
    click.option("--node", default="", envvar="FOSSE_SLUG", hidden=True, help="Its short label."),
)


def stack_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`stack`, of a deployed node, whose compose file says where its parts are; None for one on this machine."""

    @wraps(command)
    def with_stack(
        *given: Any, node: str, host: str, secrets: Path | None, volumes: Path | None, **options: Any
    ) -> Any:
        stack = Stack(node, volumes, secrets, host) if volumes and secrets else None
        return command(*given, stack=stack, **options)

    for option in _STACK:
        with_stack = option(with_stack)
    return with_stack
