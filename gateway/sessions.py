"""What the gateway remembers: sessions, sign-ins under way, and which sessions the provider has ended.

The browser holds a random number; the database holds its hash, and the provider's tokens sealed with a key made from
the number itself: whoever reads the database can neither use a session nor read a token.
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta

from nacl.secret import SecretBox
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from services.common import privacy
from services.common.database import Database, UtcDateTime

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(hours=24)
SIGN_IN = timedelta(minutes=10)
# `seen_at` is written this seldom, so that reading pages does not mean writing to the database.
_TOUCH = timedelta(minutes=5)
_RENEWAL = timedelta(seconds=5)

METADATA = MetaData()
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("hash", String(64), primary_key=True, info=privacy.SECRET),
    Column("created_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("seen_at", UtcDateTime, nullable=False, index=True, info=privacy.TIMES),
    Column("renewing_until", UtcDateTime, info=privacy.TIMES),
    # Hashes of the provider's number of its own session, and of the person's.
    Column("theirs", String(64), index=True, info=privacy.PERSONAL),
    Column("subject", String(64), index=True, info=privacy.PERSONAL),
    Column("tokens", LargeBinary, nullable=False, info=privacy.SECRET),
)
SIGN_INS = Table(
    "sign_ins",
    METADATA,
    Column("hash", String(64), primary_key=True, info=privacy.SECRET),
    Column("browser", String(64), nullable=False, info=privacy.SECRET),
    Column("nonce", String(64), nullable=False, info=privacy.SECRET),
    Column("verifier", String(128), nullable=False, info=privacy.SECRET),
    Column("return_to", String(2048), nullable=False, info=privacy.STATE),
    Column("begun_at", UtcDateTime, nullable=False, index=True, info=privacy.TIMES),
)
# What the provider said once is not heard twice.
ENDINGS = Table(
    "endings",
    METADATA,
    Column("hash", String(64), primary_key=True, info=privacy.SECRET),
    Column("said_at", UtcDateTime, nullable=False, index=True, info=privacy.TIMES),
)


@dataclass(frozen=True)
class Tokens:
    """What the provider and membership gave for one person; never leaves this process but sealed."""

    access: str = field(repr=False)
    access_until: float
    # The provider is asked again then, though the token still holds: what ended there bites here within a minute.
    ask_again_at: float = 0.0
    refresh: str = field(default="", repr=False)
    pass_: str = field(default="", repr=False)
    pass_until: float = 0.0
    name: str = field(default="", repr=False)


@dataclass(frozen=True)
class AtProvider:
    """Whom the provider proved, and in which of its own sessions; that is empty where it does not say."""

    subject: str = field(default="", repr=False)
    session: str = field(default="", repr=False)
    # What they type to sign in there; empty where the provider does not say it.
    name: str = field(default="", repr=False)


NOWHERE = AtProvider()


@dataclass(frozen=True)
class Session:
    hash: str
    key: bytes = field(repr=False)
    tokens: Tokens
    created_at: datetime
    seen_at: datetime
    # Of the person, the same in all their sessions; empty in sessions that began before it was kept.
    subject: str = field(default="", repr=False)

    def is_over(self, now: datetime) -> bool:
        return now - self.seen_at > IDLE or now - self.created_at > ABSOLUTE


@dataclass(frozen=True)
class SignIn:
    """A sign-in under way: what we must find again when the provider sends the person back."""

    state: str = field(repr=False)
    browser: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_to: str
    begun_at: datetime


def _hash(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()


def _seal(key: bytes, tokens: Tokens) -> bytes:
    return bytes(SecretBox(key).encrypt(json.dumps(asdict(tokens)).encode()))


def _unseal(key: bytes, sealed: bytes) -> Tokens:
    # A newer version may have kept more; after a roll-back people stay signed in.
    known = {each.name for each in fields(Tokens)}
    kept = json.loads(SecretBox(key).decrypt(sealed))
    return Tokens(**{name: value for name, value in kept.items() if name in known})


class Sessions:
    """Sessions and sign-ins under way; safe from many threads and from several worker processes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def begin_sign_in(self, return_to: str, browser: str | None, now: datetime) -> SignIn:
        made = SignIn(
            state=secrets.token_urlsafe(32),
            browser=browser or secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            return_to=return_to,
            begun_at=now,
        )
        row = {
            "hash": _hash("state", made.state), "browser": _hash("browser", made.browser), "nonce": made.nonce,
            "verifier": made.verifier, "return_to": return_to, "begun_at": now,
        }  # fmt: skip
        with self._db.write() as conn:
            conn.execute(insert(SIGN_INS).values(row))
        return made

    def take_sign_in(self, state: str, browser: str, now: datetime) -> SignIn | None:
        """The sign-in that began in this browser; it can be taken once."""
        with self._db.write() as conn:
            row = conn.execute(
                delete(SIGN_INS).where(SIGN_INS.c.hash == _hash("state", state)).returning(*SIGN_INS.c)
            ).one_or_none()
        if row is None or now - row.begun_at > SIGN_IN or row.browser != _hash("browser", browser):
            return None
        return SignIn(state, browser, row.nonce, row.verifier, row.return_to, row.begun_at)

    def create(self, tokens: Tokens, now: datetime, at_provider: AtProvider = NOWHERE) -> tuple[str, Session]:
        """A new session and the number for the cookie; every sign-in gets a new one."""
        number = secrets.token_urlsafe(32)
        session = Session(_hash("session", number), self._key(number), tokens, now, now)
        with self._db.write() as conn:
            conn.execute(
                insert(SESSIONS).values(
                    hash=session.hash,
                    created_at=now,
                    seen_at=now,
                    tokens=_seal(session.key, tokens),
                    theirs=_hash("theirs", at_provider.session) if at_provider.session else None,
                    subject=_hash("subject", at_provider.subject) if at_provider.subject else None,
                )
            )
        return number, session

    def find(self, number: str, now: datetime) -> Session | None:
        key, name = self._key(number), _hash("session", number)
        with self._db.read() as conn:
            row = conn.execute(select(SESSIONS).where(SESSIONS.c.hash == name)).one_or_none()
        if row is None:
            return None
        session = Session(name, key, _unseal(key, row.tokens), row.created_at, row.seen_at, row.subject or "")
        if session.is_over(now):
            self.end(number)
            return None
        return self._touched(session, now)

    def claim_renewal(self, session: Session, now: datetime) -> bool:
        """True for the one request, of all workers, that may renew this session's tokens now."""
        free = or_(SESSIONS.c.renewing_until.is_(None), SESSIONS.c.renewing_until < now)
        with self._db.write() as conn:
            claimed = conn.execute(
                update(SESSIONS).where(SESSIONS.c.hash == session.hash, free).values(renewing_until=now + _RENEWAL)
            )
        return claimed.rowcount == 1

    def keep(self, session: Session, tokens: Tokens) -> Session:
        with self._db.write() as conn:
            conn.execute(
                update(SESSIONS).where(SESSIONS.c.hash == session.hash).values(tokens=_seal(session.key, tokens))
            )
        return replace(session, tokens=tokens)

    def release(self, session: Session) -> None:
        """Lets the next renewal in."""
        with self._db.write() as conn:
            conn.execute(update(SESSIONS).where(SESSIONS.c.hash == session.hash).values(renewing_until=None))

    def end(self, number: str) -> None:
        with self._db.write() as conn:
            conn.execute(delete(SESSIONS).where(SESSIONS.c.hash == _hash("session", number)))

    def end_as_told(self, told: AtProvider, said: str, now: datetime) -> bool:
        """Ends the one session, or all of the person where none is named; False where `said` was heard before."""
        same = SESSIONS.c.theirs == _hash("theirs", told.session)
        if not told.session:
            same = SESSIONS.c.subject == _hash("subject", told.subject)
        try:
            with self._db.write() as conn:
                conn.execute(insert(ENDINGS).values(hash=_hash("said", said), said_at=now))
                conn.execute(delete(SESSIONS).where(same))
        except IntegrityError:
            return False
        return True

    def sweep(self, now: datetime) -> None:
        """Removes what is over: nothing of it could be used any more."""
        with self._db.write() as conn:
            old = or_(SESSIONS.c.seen_at < now - IDLE, SESSIONS.c.created_at < now - ABSOLUTE)
            conn.execute(delete(SESSIONS).where(old))
            conn.execute(delete(SIGN_INS).where(SIGN_INS.c.begun_at < now - SIGN_IN))
            conn.execute(delete(ENDINGS).where(ENDINGS.c.said_at < now - timedelta(days=1)))

    def _touched(self, session: Session, now: datetime) -> Session:
        if now - session.seen_at < _TOUCH:
            return session
        with self._db.write() as conn:
            conn.execute(update(SESSIONS).where(SESSIONS.c.hash == session.hash).values(seen_at=now))
        return replace(session, seen_at=now)

    @staticmethod
    def _key(number: str) -> bytes:
        return hashlib.sha256(f"seal:{number}".encode()).digest()
