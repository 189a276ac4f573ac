"""The tables of membership."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
)

from services.common import privacy
from services.common.database import Id, UtcDateTime

METADATA = MetaData()

communities = Table(
    "communities",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("name", String(120), nullable=False, info=privacy.CONTENT),
    Column("hashtag", String(60), nullable=False, info=privacy.CONTENT),
)

localities = Table(
    "localities",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("name", String(120), nullable=False, info=privacy.CONTENT),
)

organisations = Table(
    "organisations",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("name", String(200), nullable=False, info=privacy.CONTENT),
    Column("type", String(40), nullable=False, info=privacy.STATE),
    # NULL where there is none, so that only real codes must be unique.
    Column("ods_code", String(64), unique=True, info=privacy.IDS),
    Column("cqc_location_id", String(64), unique=True, info=privacy.IDS),
    Column("valid_from", Date, info=privacy.TIMES),
    Column("valid_to", Date, info=privacy.TIMES),
    Column("succeeded_by", Id, ForeignKey("organisations.id"), info=privacy.IDS),
)

Index("organisations_by_name", func.lower(organisations.c.name), organisations.c.id)

organisation_localities = Table(
    "organisation_localities",
    METADATA,
    Column("organisation_id", Id, ForeignKey("organisations.id"), primary_key=True, info=privacy.IDS),
    Column("locality_id", Id, ForeignKey("localities.id"), primary_key=True, info=privacy.IDS),
)

members = Table(
    "members",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.PERSON),
    Column("name", String(120), nullable=False, info=privacy.PERSONAL),
    Column("email", String(254), nullable=False, info=privacy.PERSONAL),
    Column("job_title", String(120), nullable=False, info=privacy.PERSONAL),
    Column("role_group", String(40), nullable=False, info=privacy.STATE),
    Column("organisation_id", Id, ForeignKey("organisations.id"), index=True, info=privacy.IDS),
    Column("operator", Boolean, nullable=False, info=privacy.STATE),
    Column("name_travels", Boolean, nullable=False, info=privacy.STATE),
    # Found by members in the directory, and with the e-mail address.
    Column("listed", Boolean, nullable=False, info=privacy.STATE),
    Column("email_shown", Boolean, nullable=False, info=privacy.STATE),
    Column("topics_chosen", Boolean, nullable=False, info=privacy.STATE),
    # The convenor who knew them, where they asked to join.
    Column("vouched_by", Id, info=privacy.PERSON),
    Column("vouched_at", UtcDateTime, info=privacy.TIMES),
    Column("left_at", UtcDateTime, info=privacy.TIMES),
    # Since when they belong, where that was before they were added.
    Column("joined_on", Date, info=privacy.TIMES),
    Column("version", Integer, nullable=False, info=privacy.STATE),
    Column("changed_at", UtcDateTime, nullable=False, info=privacy.TIMES),
)
Index("members_by_name", func.lower(members.c.name), members.c.id)
Index("members_by_email", func.lower(members.c.email))

member_localities = Table(
    "member_localities",
    METADATA,
    Column("member_id", Id, ForeignKey("members.id"), primary_key=True, info=privacy.PERSON),
    Column("locality_id", Id, ForeignKey("localities.id"), primary_key=True, info=privacy.IDS),
)

# Codes of resource's vocabulary.
member_topics = Table(
    "member_topics",
    METADATA,
    Column("member_id", Id, ForeignKey("members.id"), primary_key=True, info=privacy.PERSON),
    Column("topic", String(64), primary_key=True, info=privacy.STATE),
)

# A member is in each community in which they have the role of member; the door gives one, the tables do not mind more.
community_roles = Table(
    "community_roles",
    METADATA,
    Column("member_id", Id, ForeignKey("members.id"), primary_key=True, info=privacy.PERSON),
    Column("community_id", Id, ForeignKey("communities.id"), primary_key=True, index=True, info=privacy.IDS),
    Column("role", Integer, primary_key=True, info=privacy.STATE),
)

# One sign-in is one member and the other way round; the e-mail address plays no part.
sign_ins = Table(
    "sign_ins",
    METADATA,
    Column("issuer", String(255), primary_key=True, info=privacy.PERSONAL),
    Column("subject", String(255), primary_key=True, info=privacy.PERSONAL),
    Column("member_id", Id, ForeignKey("members.id"), nullable=False, unique=True, info=privacy.PERSON),
    Column("bound_at", UtcDateTime, nullable=False, info=privacy.TIMES),
)

invitations = Table(
    "invitations",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("member_id", Id, ForeignKey("members.id"), nullable=False, index=True, info=privacy.PERSON),
    Column("code_hash", String(64), nullable=False, unique=True, info=privacy.SECRET),
    Column("expires_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("used_at", UtcDateTime, info=privacy.TIMES),
)

# One act on one object for one member. A code lies in somebody's mail; here is only its hash.
links = Table(
    "links",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("member_id", Id, ForeignKey("members.id"), nullable=False, index=True, info=privacy.PERSON),
    Column("purpose", String(20), nullable=False, info=privacy.STATE),
    Column("object_id", Id, nullable=False, info=privacy.IDS),
    Column("code_hash", String(64), nullable=False, unique=True, info=privacy.SECRET),
    Column("expires_at", UtcDateTime, nullable=False, index=True, info=privacy.TIMES),
    Column("revoked_at", UtcDateTime, info=privacy.TIMES),
    Column("first_used_at", UtcDateTime, info=privacy.TIMES),
)

# The file and what was found in it; all of it is forgotten after a week.
imports = Table(
    "imports",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("community_id", Id, ForeignKey("communities.id"), nullable=False, info=privacy.IDS),
    # A member id, or the name of a workload: the rows are applied by what they may do.
    Column("asked_by", Id, nullable=False, info=privacy.PERSON),
    Column("state", Integer, nullable=False, index=True, info=privacy.STATE),
    Column("file", LargeBinary, info=privacy.PERSONAL),
    Column("rows", Integer, nullable=False, info=privacy.COUNTS),
    Column("done", Integer, nullable=False, info=privacy.COUNTS),
    Column("new_members", Integer, nullable=False, info=privacy.COUNTS),
    Column("changed_members", Integer, nullable=False, info=privacy.COUNTS),
    Column("unchanged_members", Integer, nullable=False, info=privacy.COUNTS),
    Column("new_organisations", Integer, nullable=False, info=privacy.COUNTS),
    Column("changed_organisations", Integer, nullable=False, info=privacy.COUNTS),
    Column("bad_rows", Integer, nullable=False, info=privacy.COUNTS),
    Column("problem", String(500), nullable=False, info=privacy.STATE),
    Column("read_as", String(200), nullable=False, info=privacy.STATE),
    Column("began_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("faults", Integer, nullable=False, info=privacy.COUNTS),
    Column("not_before", UtcDateTime, info=privacy.TIMES),
)

import_findings = Table(
    "import_findings",
    METADATA,
    Column("import_id", Id, ForeignKey("imports.id"), primary_key=True, info=privacy.IDS),
    Column("number", Integer, primary_key=True, info=privacy.COUNTS),
    Column("line", Integer, nullable=False, info=privacy.COUNTS),
    Column("column", String(80), nullable=False, info=privacy.PERSONAL),
    # May repeat what stands in a cell.
    Column("reason", String(400), nullable=False, info=privacy.PERSONAL),
    # A bad cell, or only worth a look.
    Column("bad", Boolean, nullable=False, info=privacy.STATE),
)

# Once somebody vouched, only the id and the member remain, so that the same form sent again answers the same.
join_requests = Table(
    "join_requests",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("community_id", Id, ForeignKey("communities.id"), nullable=False, index=True, info=privacy.IDS),
    Column("issuer", String(255), info=privacy.PERSONAL),
    Column("subject", String(255), info=privacy.PERSONAL),
    Column("name", String(120), nullable=False, info=privacy.PERSONAL),
    Column("organisation", String(200), nullable=False, info=privacy.PERSONAL),
    Column("about", String(500), nullable=False, info=privacy.PERSONAL),
    Column("asked_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("member_id", Id, info=privacy.PERSON),
    UniqueConstraint("issuer", "subject"),
)
