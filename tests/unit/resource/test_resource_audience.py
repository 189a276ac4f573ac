"""Who may see, change and publish what, decided without any database."""

import pytest

from services.common.access import Person
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.resource.domain import resource as rules
from services.resource.domain.audience import Audience
from services.resource.domain.resource import Edition, Publishing, State
from services.resource.domain.rights import may_change, may_see, require_change
from tests.unit.resource.shelves import (
    CARE_HOMES,
    DERBYSHIRE,
    NOW,
    SOCIAL_CARE,
    VOCABULARY,
    a_convenor,
    a_draft,
    a_member,
    a_part,
    a_published,
    some_words,
)

AUTHOR, COLLEAGUE, CONVENOR = a_member(1), a_member(2), a_convenor()
OTHER_COMMUNITY = a_member(3, community=SOCIAL_CARE)
STRANGER = Person("9" * 32)


@pytest.mark.parametrize(
    ("audience", "seen_by", "hidden_from"),
    [
        (Audience.COMMUNITY, [AUTHOR, COLLEAGUE, CONVENOR], [OTHER_COMMUNITY, STRANGER, None]),
        (Audience.NODE, [COLLEAGUE, OTHER_COMMUNITY], [STRANGER, None]),
        (Audience.NAMED_NODES, [COLLEAGUE, OTHER_COMMUNITY], [STRANGER, None]),
        (Audience.REGION, [COLLEAGUE, OTHER_COMMUNITY], [STRANGER, None]),
        (Audience.NATION, [COLLEAGUE, OTHER_COMMUNITY], [STRANGER, None]),
        (Audience.PUBLIC, [COLLEAGUE, OTHER_COMMUNITY, STRANGER, None], []),
    ],
)
def test_each_audience_is_seen_by_its_own_and_nobody_else(
    audience: Audience, seen_by: list[Person | None], hidden_from: list[Person | None]
) -> None:
    resource = a_published(audience=audience)

    assert all(may_see(resource, person) for person in seen_by)
    assert not any(may_see(resource, person) for person in hidden_from)


def test_what_another_node_shared_is_seen_by_every_member_here_and_changed_by_none() -> None:
    resource = a_published(audience=Audience.NAMED_NODES, origin_node_id=DERBYSHIRE, author_id="")

    assert may_see(resource, OTHER_COMMUNITY)
    assert not may_see(resource, None)
    assert not may_change(resource, CONVENOR)
    with pytest.raises(NotAllowed, match="another node"):
        require_change(resource, CONVENOR)


def test_a_draft_is_seen_by_its_author_and_a_convenor_only() -> None:
    draft = a_draft()

    assert may_see(draft, AUTHOR) and may_see(draft, CONVENOR)
    assert not may_see(draft, COLLEAGUE)
    with pytest.raises(NotFound):
        require_change(draft, COLLEAGUE)


def test_an_author_who_left_the_community_changes_nothing_any_more() -> None:
    gone = Person(AUTHOR.member_id, roles={SOCIAL_CARE: frozenset({1})})

    assert not may_change(a_draft(), gone)


def test_a_convenor_of_another_community_changes_nothing_here() -> None:
    assert not may_change(a_draft(), a_convenor(community=SOCIAL_CARE))


@pytest.mark.parametrize("audience", [Audience.NAMED_NODES, Audience.REGION, Audience.NATION, Audience.PUBLIC])
def test_only_a_convenor_publishes_beyond_the_node(audience: Audience) -> None:
    wish = Publishing(audience, (DERBYSHIRE,))

    with pytest.raises(NotAllowed, match="ask a convenor"):
        rules.publish(a_draft(), wish, person=AUTHOR, vocabulary=VOCABULARY, now=NOW)

    published = rules.publish(a_draft(), wish, person=CONVENOR, vocabulary=VOCABULARY, now=NOW)
    assert (published.state, published.audience, published.travelled) == (State.PUBLISHED, audience, True)


def test_a_member_publishes_an_own_draft_to_the_community_or_the_node() -> None:
    for audience in (Audience.COMMUNITY, Audience.NODE):
        wish = Publishing(audience)
        published = rules.publish(a_draft(), wish, person=AUTHOR, vocabulary=VOCABULARY, now=NOW)

        assert (published.audience, published.travelled, published.version) == (audience, False, 2)


def test_named_nodes_must_be_named() -> None:
    with pytest.raises(Invalid, match="Name at least one node"):
        rules.publish(a_draft(), Publishing(Audience.NAMED_NODES), person=CONVENOR, vocabulary=VOCABULARY, now=NOW)


def test_nothing_is_published_without_a_part() -> None:
    empty = a_draft(editions=(Edition(1),))

    with pytest.raises(Invalid) as refused:
        rules.publish(empty, Publishing(Audience.NODE), person=AUTHOR, vocabulary=VOCABULARY, now=NOW)

    assert "parts" in refused.value.fields


@pytest.mark.parametrize(
    ("field", "missing"),
    [("summary", ""), ("type", ""), ("topics", ()), ("review_due", "2026-11-23"), ("review_due", "2020-01-01")],
)
def test_what_readers_need_must_be_there_when_it_is_published(field: str, missing: object) -> None:
    incomplete = a_draft(words=some_words(**{field: missing}))

    with pytest.raises(Invalid) as refused:
        rules.publish(incomplete, Publishing(Audience.NODE), person=AUTHOR, vocabulary=VOCABULARY, now=NOW)

    assert set(refused.value.fields) == {field}


def test_a_new_edition_stands_beside_the_published_one_until_it_is_published() -> None:
    first = a_published()
    drafting = rules.start_edition(first, NOW)

    assert drafting.state is State.PUBLISHED
    assert [edition.number for edition in drafting.published] == [1]
    assert drafting.draft is not None and drafting.draft.parts == first.published[0].parts

    changed = rules.add_part(drafting, a_part(2), NOW)
    second = rules.publish(
        changed, Publishing(Audience.NODE, note="More"), person=AUTHOR, vocabulary=VOCABULARY, now=NOW
    )
    assert [(e.number, len(e.parts), e.note) for e in second.published] == [(1, 1, ""), (2, 2, "More")]


def test_a_published_edition_keeps_its_parts() -> None:
    with pytest.raises(Conflict, match="Start a new edition"):
        rules.add_part(a_published(), a_part(2), NOW)


def test_a_convenor_corrects_words_of_what_the_region_reads_and_its_author_does_not() -> None:
    published = a_published(audience=Audience.REGION)
    words = some_words(title="Seven drinks a day")

    with pytest.raises(NotAllowed):
        rules.reword(published, words, AUTHOR, NOW)

    corrected = rules.reword(published, words, CONVENOR, NOW)
    assert (corrected.version, corrected.words.title, len(corrected.editions)) == (2, "Seven drinks a day", 1)


def test_words_past_their_review_day_can_still_be_corrected() -> None:
    stale = a_published(words=some_words(review_due="2025-01-01"))

    corrected = rules.reword(stale, some_words(title="New title", review_due="2025-01-01"), AUTHOR, NOW)

    assert corrected.words.title == "New title"


def test_a_resource_stays_of_a_size_that_other_nodes_take() -> None:
    full = a_draft(editions=(Edition(1, parts=tuple(a_part(number) for number in range(30))),))
    with pytest.raises(Invalid, match="30 parts"):
        rules.add_part(full, a_part(31), NOW)

    many = a_published(editions=tuple(
        Edition(number, NOW, parts=tuple(a_part(number * 25 + part) for part in range(25))) for number in range(1, 9)
    ))  # fmt: skip
    with pytest.raises(Invalid, match="200 files"):
        rules.add_part(rules.start_edition(many, NOW), a_part(999), NOW)

    with pytest.raises(Conflict, match="100 editions"):
        rules.start_edition(a_published(editions=(Edition(100, NOW),)), NOW)


def test_two_people_editing_get_both_texts() -> None:
    theirs = a_draft(version=3, words=some_words(title="Their title"))

    with pytest.raises(Conflict) as refused:
        rules.require_version(theirs, 2, some_words(title="My title"))

    assert refused.value.fields["theirs.title"] == "Their title"
    assert refused.value.fields["yours.title"] == "My title"
    assert refused.value.fields["version"] == "3"


def test_withdrawing_needs_a_reason_and_ends_all_change() -> None:
    with pytest.raises(Invalid):
        rules.withdraw(a_published(), " ", NOW)

    gone = rules.withdraw(a_published(), "The dose was wrong.", NOW)

    assert (gone.state, gone.withdrawn_because) == (State.WITHDRAWN, "The dose was wrong.")
    with pytest.raises(Conflict):
        require_change(gone, AUTHOR)


def test_only_members_of_a_community_add_to_its_shelf() -> None:
    with pytest.raises(NotAllowed):
        rules.start("1" * 32, CARE_HOMES, some_words(), OTHER_COMMUNITY, NOW)
