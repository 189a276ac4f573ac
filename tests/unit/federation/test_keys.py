"""A node's keys are its own, the hub's authority signs for nodes and nothing else, and newcomers show who they are."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from services.common.errors import Conflict, Invalid
from services.federation import authority, keys
from services.federation.domain.faults import Forged
from services.federation.domain.proof import Asking, check_proof, prove
from services.federation.domain.signing import node_id_of
from services.federation.domain.words import WORDS, fingerprint
from tests.regions import NOW, SLUGS, sealing_of, seed_of, signer_of


def test_keys_are_made_once_and_read_again(tmp_path: Path) -> None:
    first = keys.load_or_create(tmp_path / "keys")
    second = keys.load_or_create(tmp_path / "keys")

    assert first.node_id == second.node_id == node_id_of(first.signer.public_key)
    assert first.sealing_public == second.sealing_public
    assert first.tls_pem == second.tls_pem
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_no_key_is_shown_in_messages(tmp_path: Path) -> None:
    made = keys.load_or_create(tmp_path)

    secret = (tmp_path / keys.SIGNING).read_text().strip()
    assert secret not in repr(made)
    assert "SigningKey" not in repr(made)


@pytest.mark.parametrize("name", [keys.SIGNING, keys.SEALING, keys.TLS])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_could_read_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    keys.load_or_create(tmp_path)
    (tmp_path / name).chmod(mode)

    with pytest.raises(Invalid, match="chmod 600"):
        keys.load(tmp_path)


@pytest.mark.parametrize("name", [keys.SIGNING, keys.SEALING, keys.TLS])
def test_a_lost_key_is_never_replaced_in_silence(tmp_path: Path, name: str) -> None:
    keys.load_or_create(tmp_path)
    (tmp_path / name).unlink()

    with pytest.raises(Conflict, match="backup"):
        keys.load_or_create(tmp_path)


@pytest.mark.parametrize("name", [keys.SIGNING, keys.SEALING, keys.TLS])
@pytest.mark.parametrize("text", ["", "not a key", "ab" * 31])
def test_a_damaged_key_is_refused_with_what_to_do(tmp_path: Path, name: str, text: str) -> None:
    keys.load_or_create(tmp_path)
    (tmp_path / name).write_text(text)

    with pytest.raises(Invalid, match="backup"):
        keys.load(tmp_path)


def test_a_link_to_a_key_elsewhere_is_refused(tmp_path: Path) -> None:
    keys.load_or_create(tmp_path / "keys")
    (tmp_path / "keys" / keys.SIGNING).rename(tmp_path / "elsewhere")
    (tmp_path / "keys" / keys.SIGNING).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Invalid):
        keys.load(tmp_path / "keys")


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("name", [keys.SIGNING, keys.SEALING])
def test_a_sample_key_is_refused(tmp_path: Path, slug: str, name: str) -> None:
    keys.load_or_create(tmp_path)
    (tmp_path / name).write_text(seed_of(slug).hex())

    with pytest.raises(Invalid, match="sample key"):
        keys.load(tmp_path)
    for public in (signer_of(slug).public_key, bytes(sealing_of(slug).public_key)):
        with pytest.raises(Invalid, match="sample key"):
            keys.refuse_sample(public)


def test_a_county_gets_a_certificate_for_a_year_from_two_days_ago(tmp_path: Path) -> None:
    county = keys.load_or_create(tmp_path / "county")
    hub = authority.load_or_create(tmp_path / "hub", NOW)

    der = hub.sign_request(county.certificate_request(), county.node_id, NOW)

    certificate = x509.load_der_x509_certificate(der)
    assert certificate.not_valid_before_utc == NOW - timedelta(hours=48)
    assert authority.expires_at(der) == certificate.not_valid_after_utc == NOW + timedelta(days=365)
    assert verified(der, hub, client=True) == [x509.UniformResourceIdentifier(f"fosse:node:{county.node_id}")]
    request = county.certificate_request()
    assert authority.spki_of_certificate(der) == authority.spki_of_request(request)
    assert authority.spki_of_certificate(authority.pem_of(der)) == authority.spki_of_request(request)


def test_the_door_shows_a_certificate_for_its_names(tmp_path: Path) -> None:
    door = keys.load_or_create(tmp_path / "door")
    hub = authority.load_or_create(tmp_path / "hub", NOW)

    der = hub.server_certificate(door.certificate_request(), ["hub.example", "127.0.0.1"], NOW)

    names = verified(der, hub, client=False)
    assert [str(name.value) for name in names] == ["hub.example", "127.0.0.1"]


def test_the_authority_is_made_once(tmp_path: Path) -> None:
    first = authority.load_or_create(tmp_path, NOW)

    assert authority.load_or_create(tmp_path, NOW + timedelta(days=1)).der == first.der


def test_a_certificate_of_another_authority_opens_nothing(tmp_path: Path) -> None:
    county = keys.load_or_create(tmp_path / "county")
    hub, other = (authority.load_or_create(tmp_path / name, NOW) for name in ("hub", "other"))
    der = other.sign_request(county.certificate_request(), county.node_id, NOW)

    with pytest.raises(x509.verification.VerificationError):
        verified(der, hub, client=True)


def test_of_a_request_only_the_key_counts(tmp_path: Path) -> None:
    hub = authority.load_or_create(tmp_path, NOW)
    key = ec.generate_private_key(ec.SECP256R1())
    greedy = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the hub")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hub.example")]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )

    certificate = x509.load_der_x509_certificate(hub.sign_request(greedy, "ab" * 32, NOW))

    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [f"fosse:node:{'ab' * 32}"]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_request_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    hub = authority.load_or_create(tmp_path, NOW)
    weak = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    small_curve = weak.sign(ec.generate_private_key(ec.SECP192R1()), hashes.SHA256())
    good = keys.load_or_create(tmp_path / "county").certificate_request()

    for request in (
        b"",
        b"noise",
        small_curve.public_bytes(serialization.Encoding.DER),
        good[:-1] + b"\0",
        bytes(9000),
    ):
        with pytest.raises(Invalid):
            hub.sign_request(request, "ab" * 32, NOW)


ASKING = Asking(
    code="K7-THISTLE-9",
    slug="notts",
    name="Nottinghamshire",
    signing_key=signer_of("notts").public_key,
    sealing_key=bytes(sealing_of("notts").public_key),
    certificate_request=b"request",
)


def test_a_county_shows_that_it_holds_the_key_it_sends() -> None:
    check_proof(ASKING, prove(signer_of("notts"), ASKING))


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "other"},
        {"slug": "nott", "name": "sNottinghamshire"},
        {"sealing_key": bytes(32)},
        {"certificate_request": b"other"},
        {"signing_key": signer_of("leics").public_key},
        {"signing_key": b"short"},
    ],
    ids=str,
)
def test_nothing_in_an_enrolment_can_be_changed_on_the_way(changed: dict[str, str | bytes]) -> None:
    proof = prove(signer_of("notts"), ASKING)

    with pytest.raises(Forged):
        check_proof(replace(ASKING, **changed), proof)  # type: ignore[arg-type]  # of any field


def test_a_fingerprint_is_eight_words_that_change_with_every_key() -> None:
    words = fingerprint(b"a" * 32, b"b" * 32, b"c" * 32)

    assert len(words.split()) == 8
    assert set(words.split()) <= set(WORDS)
    others = [fingerprint(*parts) for parts in ((b"x" * 32, b"b" * 32, b"c" * 32), (b"a" * 32, b"x" * 32, b"c" * 32),
                                                (b"a" * 32, b"b" * 32, b"x" * 32))]  # fmt: skip
    assert len({words, *others}) == 4


def test_the_words_are_told_apart_by_their_first_letters() -> None:
    assert len(WORDS) == 256
    assert len({word[:4] for word in WORDS}) == 256
    assert all(word.isascii() and word.isalpha() and word.islower() for word in WORDS)


def verified(der: bytes, hub: authority.Authority, *, client: bool) -> list[x509.GeneralName]:
    """The names in a certificate that a strict verifier accepts."""
    policy = PolicyBuilder().store(Store([hub.certificate])).time(NOW)
    leaf = x509.load_der_x509_certificate(der)
    if client:
        return list(policy.build_client_verifier().verify(leaf, []).subjects or [])
    policy.build_server_verifier(x509.DNSName("hub.example")).verify(leaf, [])
    return list(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
