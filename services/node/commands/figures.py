"""The figures of a running node, counted anew from the facts that are kept of each month."""

from pathlib import Path

import click

from fosse.evaluation.v1 import evaluation_pb2 as pb
from services.common.text import plural
from services.node.calling import running
from services.node.commands.options import data_option


@click.group()
def figures() -> None:
    """Look after the figures of a node."""


@figures.command()
@data_option
def recount(data: Path) -> None:
    """Count all figures anew from the kept facts, and mend those that differ.

    Safe at any time, while people work; what is right already is left as it is.
    """
    with running(data) as node:
        found = node.evaluation.RecomputeIndicators(pb.RecomputeIndicatorsRequest())
    click.echo(f"{plural(found.figures, 'figure')} counted anew from {plural(found.facts, 'kept fact')}.")
    click.echo(_mended(found.differences))


def _mended(differences: int) -> str:
    if not differences:
        return "All were as they should be. Nothing was changed."
    return f"{plural(differences, 'figure')} differed and {'is' if differences == 1 else 'are'} mended."
