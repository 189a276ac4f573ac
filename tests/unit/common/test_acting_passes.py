"""A pass says who acts for its member, or it is no pass."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode

from services.common import passes
from services.common.access import Person
from services.common.errors import NotAllowed
from services.common.passes import PassVerifier
from tests.alone import HeldClock

KEY = OKPKey.generate_key("Ed25519")
CLOCK = HeldClock()


def verified(token: str) -> Person:
    public = urlsafe_b64decode(str(KEY.as_dict()["x"]).encode())
    return PassVerifier(lambda: {"k": public}, CLOCK).verify(token)


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, KEY, algorithms=["Ed25519"]).claims)


def test_who_acts_for_a_member_stands_in_the_pass_and_only_then() -> None:
    alone, acted_for = Person("m" * 32), Person("m" * 32, acting_id="v" * 32)
    tokens = [passes.sign(KEY, "k", person, CLOCK()) for person in (alone, acted_for)]

    assert [verified(token) for token in tokens] == [alone, acted_for]
    assert "act" not in claims_of(tokens[0])
    assert claims_of(tokens[1])["act"] == {"sub": "v" * 32}


@pytest.mark.parametrize("act", [{}, {"sub": ""}, {"sub": 7}, {"sub": None}, "v", ["v"], None, 7])
def test_a_pass_that_does_not_say_clearly_who_acts_is_refused(act: object) -> None:
    claims = claims_of(passes.sign(KEY, "k", Person("m" * 32), CLOCK()))
    header = {"alg": "Ed25519", "kid": "k", "typ": "fosse-pass+jwt"}

    with pytest.raises(NotAllowed):
        verified(jwt.encode(header, {**claims, "act": act}, KEY, algorithms=["Ed25519"]))
