"""The shelf, the region, mail and what every node has."""

from fosse.federation.v1 import federation_pb2 as federation
from fosse.notification.v1 import notification_pb2 as notification
from fosse.resource.v1 import facts_pb2
from services.common.errors import Conflict, Invalid, TooMany
from tests.browser import world
from tests.browser.county import County
from tests.browser.standins import OPERATOR
from tests.browser.states.state import Prepare, State

DRINKS = world.id_of("drinks")


def _shelf(county: County) -> None:
    county.shelf.put(*world.some_resources())


def _drinks(county: County) -> None:
    county.shelf.put(world.a_resource())
    county.shelf.adoptions = [
        world.an_adoption("drinks", node_id=world.id_of("derbys"), organisation="Amber Lodge", stage="embedded"),
        world.an_adoption("mine", mine=True, stage="trialling"),
    ]


def _from_derbyshire(valid: bool = True) -> Prepare:
    def prepare(county: County) -> None:
        item = world.a_resource(origin_node_id=world.id_of("derbys"), may_change=False, may_publish_widely=False)
        item.words.review_due = "2026-03-01"
        item.editions[-1].parts[1].here = False
        county.shelf.put(item)
        county.shelf.provenance = world.a_provenance(item, valid=valid)

    return prepare


def _without_federation(county: County) -> None:
    _from_derbyshire()(county)
    county.node.stop("federation")


def _withdrawn(county: County) -> None:
    because = "The dose in table 2 was wrong. Please use the new edition from 1 September."
    county.shelf.put(world.a_resource(state=facts_pb2.RESOURCE_STATE_WITHDRAWN, withdrawn_because=because))


def _draft(county: County) -> None:
    county.shelf.put(world.a_draft("drinks", parts=[world.a_file(), world.a_link()]))


def _empty_draft(county: County) -> None:
    county.shelf.put(world.a_draft("drinks"))


def _home(county: County) -> None:
    _shelf(county)
    county.shelf.drafts = [world.a_draft(), world.a_resource()]
    county.shelf.status = world.a_status(
        alarms=["The certificate of this node runs out in 12 days. Ask the hub for a new one."]
    )


def _refusing(name: str, refusal: Exception) -> Prepare:
    def prepare(county: County) -> None:
        _draft(county)
        county.shelf.refuse[name] = refusal  # type: ignore[assignment]  # all of these are refusals

    return prepare


def _status(**changed: object) -> Prepare:
    def prepare(county: County) -> None:
        county.shelf.status = world.a_status(**changed)
        county.shelf.people["priya"] = OPERATOR

    return prepare


def _quarantine(county: County) -> None:
    one = federation.Quarantined(
        node_id=world.id_of("derbys"),
        stream="region",
        seq=41,
        item_id=DRINKS,
        reason="It changes an item of another county.",
        at=world.days(1),
    )
    county.shelf.quarantined = [one]


def _mail(county: County) -> None:
    waiting = world.a_mail(
        "waiting", state=1, attempts=3, problem="The mail server did not answer. We try again at 14:05."
    )
    waiting.delivery.ClearField("sent_at")
    county.shelf.mails = [world.a_mail(), notification.GetMailResponse(delivery=waiting.delivery)]


def _paged(county: County) -> None:
    _shelf(county)
    county.shelf.next_page = "abc"


def _busy(county: County) -> None:
    county.shelf.refuse["SearchResources"] = TooMany(
        "Very many people are here. Please try again in a moment.", retry_after_s=5
    )


_WRONG = Invalid(
    "Some of this cannot be saved. Nothing was changed; please look at the marked fields.",
    {
        "title": "between 3 and 200 characters",
        "topics": "choose one to 6 from the list",
        "evidence_level": "choose one from the list",
    },
)
_HUB = {
    "hub": True,
    "hub_address": "",
    "newcomers": [
        federation.Newcomer(
            enrolment_id=world.id_of("lincs"),
            slug="lincs",
            name="Lincolnshire",
            fingerprint_words=world.WORDS_OF_KEY,
            asked_at=world.days(0),
        )
    ],
}
_ALONE = {"enrolment": federation.ENROLMENT_STATE_ALONE, "held": [], "hub_address": "", "registry_version": 0}
_ASKED = {**_ALONE, "enrolment": federation.ENROLMENT_STATE_ASKED, "hub_address": "https://hub.example"}
_AWAY = {
    "problem": "The hub does not answer since 09:14. Local work goes on.",
    "unsent": 3,
    "signing": False,
}

STATES = (
    State("welcome", "/", _shelf, signed_in=False),
    State("welcome-empty", "/", signed_in=False),
    State("home", "/", _home),
    State("home-shelf-away", "/", lambda county: county.node.stop("resource")),
    State("home-empty", "/", lambda county: county.node.stop("federation")),
    State("shelf", "/shelf", _paged),
    State("shelf-public", "/shelf", _shelf, signed_in=False),
    State("shelf-filtered", "/shelf?q=drinks&type=training_package&evidence=2&page=abc", _shelf),
    State("shelf-nothing", "/shelf?q=zebra&topic=falls", _shelf),
    State("resource", f"/resources/{DRINKS}", _drinks),
    State("resource-public", f"/resources/{DRINKS}", _drinks, signed_in=False),
    State("resource-other-county", f"/resources/{DRINKS}", _from_derbyshire()),
    State("resource-broken-signature", f"/resources/{DRINKS}", _from_derbyshire(valid=False)),
    State("resource-federation-away", f"/resources/{DRINKS}", _without_federation),
    State("resource-withdrawn", f"/resources/{DRINKS}", _withdrawn),
    State("resource-draft", f"/resources/{DRINKS}", _draft),
    State("new", "/resources/new"),
    State(
        "new-refused",
        "/resources/new",
        _refusing("CreateResource", _WRONG),
        fill=(("title", "A"),),
        press="Save and go on to files",
    ),
    State("edit", f"/resources/{DRINKS}/edit", _drinks),
    State(
        "edit-conflict",
        f"/resources/{DRINKS}/edit",
        _refusing("UpdateResource", Conflict("Somebody else changed it.")),
        fill=(("title", "Sore skin: a card for the linen room"),),
        press="Save changes",
    ),
    State("drafts", "/resources/drafts", _home),
    State("parts", f"/resources/{DRINKS}/parts", _draft),
    State("parts-empty", f"/resources/{DRINKS}/parts", _empty_draft),
    State("add-file", f"/resources/{DRINKS}/files/new", _draft),
    State("add-file-refused", f"/resources/{DRINKS}/files/new", _draft, press="Add the file"),
    State("add-link", f"/resources/{DRINKS}/links/new", _draft),
    State("publish", f"/resources/{DRINKS}/publish", _draft),
    State("publish-refused", f"/resources/{DRINKS}/publish/preview?audience=named_nodes", _draft),
    State("preview-region", f"/resources/{DRINKS}/publish/preview?audience=region", _draft),
    State("preview-community", f"/resources/{DRINKS}/publish/preview?audience=community", _draft),
    State("withdraw", f"/resources/{DRINKS}/withdraw", _drinks),
    State("region", "/federation"),
    State("region-hub-away", "/federation", _status(**_AWAY)),
    State("region-hub", "/federation", _status(**_HUB)),
    State("region-alone", "/federation", _status(**_ALONE)),
    State("region-asked", "/federation", _status(**_ASKED)),
    State("region-code", "/federation", _status(**_HUB), press="Make a code"),
    State("quarantine", "/federation/quarantine", _quarantine),
    State("quarantine-empty", "/federation/quarantine"),
    State("mail", "/mail", _mail),
    State("mail-empty", "/mail"),
    State("one-mail", f"/mail/{world.id_of('mail')}", _mail),
    State("one-mail-on-its-way", f"/mail/{world.id_of('waiting')}", _mail),
    State("about", "/about", signed_in=False),
    State("accessibility", "/about/accessibility", signed_in=False),
    State("cookies", "/about/cookies", signed_in=False),
    State("sign-in", "/signin", signed_in=False),
    State("invitation", "/invitation/lark-7214", signed_in=False),
    State("invitation-signed-in", "/invitation/lark-7214"),
    State("not-found", "/nowhere", signed_in=False),
    State("no-such-resource", "/resources/00000000000000000000000000000000"),
    State("busy", "/shelf", _busy),
    State("away", "/shelf", lambda county: county.node.stop("resource")),
)
