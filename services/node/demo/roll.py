"""The members of a county as the table that somebody keeps in a spreadsheet."""

import csv
import io

from services.node.demo.world import Member, World

COLUMNS = (
    *("name", "email", "job title", "role group", "organisation", "organisation type", "ODS code", "CQC location id"),
    *("localities", "topics", "listed", "joined"),
)


def as_csv(world: World, node: str) -> bytes:
    """Saved as spreadsheets save it, with a mark in front that says UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_row(world, each) for each in world.members_of(node))
    return text.getvalue().encode("utf-8-sig")


def _row(world: World, member: Member) -> tuple[str, ...]:
    home = world.organisation(member.organisation)
    return (
        *(member.name, member.email, member.job_title, member.role_group),
        *(home.name, home.type, home.ods_code, home.cqc_location_id),
        "; ".join(member.localities),
        "; ".join(member.topics),
        "yes" if member.listed else "no",
        member.joined,
    )
