"""The tables of membership."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, MetaData, String, Table, func

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
    Column("left_at", UtcDateTime, info=privacy.TIMES),
    Column("version", Integer, nullable=False, info=privacy.STATE),
    Column("changed_at", UtcDateTime, nullable=False, info=privacy.TIMES),
)
Index("members_by_name", func.lower(members.c.name), members.c.id)

member_localities = Table(
    "member_localities",
    METADATA,
    Column("member_id", Id, ForeignKey("members.id"), primary_key=True, info=privacy.PERSON),
    Column("locality_id", Id, ForeignKey("localities.id"), primary_key=True, info=privacy.IDS),
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
