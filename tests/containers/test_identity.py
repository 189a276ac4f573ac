"""The realm of a node's own Keycloak: made once, mended when edited, and people get in as it says."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes

import pytest

from services.common.errors import Conflict, NotFound
from services.common.settings import BadSetting
from services.node.setup import accounts
from services.node.setup.realm import MailServer
from tests.keycloak import PASS_PHRASE, Browser, Keycloak, one_time
from tests.mail_server import MailServer as Post

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(400)]
PUBLIC = "https://notts.example"
OTHER_PHRASE = "another phrase of words"


@pytest.fixture
def realm(keycloak: Keycloak) -> Keycloak:
    keycloak.prepare(PUBLIC)
    return keycloak


@pytest.fixture
def post() -> Iterator[Post]:
    with Post() as server:
        yield server


def test_a_realm_is_made_once_and_starting_again_changes_nothing(keycloak: Keycloak) -> None:
    keycloak.prepare(PUBLIC)
    keycloak.admin().delete_realm("fosse")

    made = keycloak.prepare(PUBLIC)

    assert {"realm fosse", "client fosse-gateway", "flow fosse sign in", "client account shut"} <= set(made)
    assert keycloak.prepare(PUBLIC) == []


def test_a_new_address_is_where_people_are_sent_and_the_old_one_is_not(realm: Keycloak) -> None:
    done = realm.prepare("https://care.notts.example/")

    assert done == ["client fosse-gateway: redirectUris, attributes"]
    (client,) = [each for each in realm.admin().get_clients() if each["clientId"] == "fosse-gateway"]
    assert client["redirectUris"] == ["https://care.notts.example/signin/return"]
    new, old = Browser(realm, "https://care.notts.example"), Browser(realm, PUBLIC)
    new.ask()
    old.ask()
    assert "kc-form-login" in new.page and "This address is not right (redirect_uri)" in old.page
    with pytest.raises(BadSetting, match="not a web address"):
        realm.prepare("care.notts.example")


def test_what_a_hand_changed_in_the_realm_is_set_right(realm: Keycloak) -> None:
    admin = realm.admin()
    admin.update_realm(
        "fosse", {"bruteForceProtected": False, "accessTokenLifespan": 86400, "revokeRefreshToken": False}
    )
    admin.create_client({"clientId": "handy", "redirectUris": ["*"], "implicitFlowEnabled": True})
    admin.add_mapper_to_client(admin.get_client_id("fosse-gateway") or "", _mapper_of_names())
    (code, *_) = [each for each in _steps(realm) if each["displayName"] == "OTP Form"]
    admin.update_authentication_flow_executions({**code, "requirement": "DISABLED"}, "fosse sign in")
    admin.remove_composite_realm_roles_to_role("convenor", [admin.get_realm_role("second-factor")])

    done = realm.prepare(PUBLIC)

    assert done == [
        "role convenor",
        "flow fosse sign in",
        "settings of the realm: accessTokenLifespan, revokeRefreshToken, bruteForceProtected, browserFlow",
        "client fosse-gateway: protocolMappers",
        "client handy shut",
    ]
    assert realm.prepare(PUBLIC) == []


def test_a_convenor_sets_up_a_one_time_code_and_gives_it_at_each_sign_in(realm: Keycloak) -> None:
    realm.add_account("cath", "convenor")
    first, later, without = (Browser(realm, PUBLIC) for _ in range(3))

    first.sign_in("cath")
    assert not first.code
    secret = first.set_up_code()
    assert first.code
    later.sign_in("cath")
    assert not later.code
    later.send(otp=one_time(secret, steps=1))
    assert later.code
    without.sign_in("cath")
    without.send(otp="000000")
    assert not without.code and "This code is not right" in without.page


def test_a_member_signs_in_with_a_password_alone_unless_they_chose_more(realm: Keycloak) -> None:
    account = realm.add_account("mia")
    plain, again, more = (Browser(realm, PUBLIC) for _ in range(3))

    plain.sign_in("mia")
    assert plain.code
    realm.admin().update_user(account, {"requiredActions": ["CONFIGURE_TOTP"]})
    again.sign_in("mia")
    again.set_up_code()
    more.sign_in("mia")

    assert again.code and not more.code and 'id="otp"' in more.page


def test_a_forgotten_password_is_mailed_and_does_not_stand_in_for_the_one_time_code(
    keycloak: Keycloak, post: Post
) -> None:
    keycloak.prepare(PUBLIC, MailServer("127.0.0.1", post.port, "none", "fosse@notts.example"))
    keycloak.add_account("carol", "convenor", email="shared@homes.example")
    first, lost, after = (Browser(keycloak, PUBLIC) for _ in range(3))
    first.sign_in("carol")
    secret = first.set_up_code()

    lost.ask()
    lost.follow_link("Forgotten your password")
    lost.send(username="carol")
    lost.open(_link_in(post.mails[0]))
    lost.send(**{"password-new": OTHER_PHRASE, "password-confirm": OTHER_PHRASE})

    assert not lost.code
    after.sign_in("carol", OTHER_PHRASE)
    assert not after.code
    after.send(otp=one_time(secret, steps=1))
    assert after.code


def test_the_operator_helps_somebody_back_in_who_lost_password_and_telephone(realm: Keycloak) -> None:
    realm.add_account("paul", "operator")
    first, after = Browser(realm, PUBLIC), Browser(realm, PUBLIC)
    first.sign_in("paul")
    first.set_up_code()

    given = accounts.new_password(realm.secrets, realm.address, "Paul")
    assert accounts.forget_codes(realm.secrets, realm.address, "paul") == 1
    after.sign_in("paul", given)
    after.set_up_code()
    after.send(**{"password-new": OTHER_PHRASE, "password-confirm": OTHER_PHRASE})

    assert after.code
    with pytest.raises(NotFound, match="Nobody signs in with the name paula"):
        accounts.new_password(realm.secrets, realm.address, "paula")


def test_without_a_mail_server_nobody_is_offered_a_mail(realm: Keycloak) -> None:
    page = Browser(realm, PUBLIC)

    page.ask()

    assert "Forgotten your password" not in page.page and PASS_PHRASE not in page.page


def test_a_keycloak_that_does_not_let_us_in_is_told_in_a_sentence(realm: Keycloak) -> None:
    away = replace(realm, address="https://localhost:1/id")

    with pytest.raises(Conflict, match="does not do what it is asked"):
        away.prepare(PUBLIC)
    with pytest.raises(BadSetting, match="must be starttls, tls or none"):
        realm.prepare(PUBLIC, MailServer("mail.example", 25, "ssl", "fosse@notts.example"))


def _link_in(mail: bytes) -> str:
    parts = [part.get_payload(decode=True) for part in message_from_bytes(mail).walk() if not part.is_multipart()]
    found = re.search(rb"https://localhost:\d+/id/\S+", b"\n".join(part for part in parts if isinstance(part, bytes)))
    assert found
    return found[0].decode()


def _steps(realm: Keycloak) -> list[dict[str, str]]:
    found: list[dict[str, str]] = realm.admin().get_authentication_flow_executions("fosse sign in")
    return found


def _mapper_of_names() -> dict[str, object]:
    config = {"user.attribute": "username", "claim.name": "name", "access.token.claim": "true"}
    kind = "oidc-usermodel-attribute-mapper"
    return {"name": "names", "protocol": "openid-connect", "protocolMapper": kind, "config": config}
