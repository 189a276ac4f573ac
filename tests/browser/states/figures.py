"""Indicators, pulses, the region."""

from typing import Any

from services.common.errors import Invalid
from tests.browser import world
from tests.browser.county import County
from tests.browser.standins.figures import STAR, a_figure, a_pulse, a_region, new_series
from tests.browser.states.state import Prepare, State

PULSE = f"/meetings/{world.id_of('august')}/pulse"
_FEW: dict[str, Any] = {
    "asked_of": a_figure(10),
    "answered": a_figure(STAR),
    "worth": [a_figure(number) for number in (0, 0, 0, STAR, STAR)],
    "change": [a_figure(number) for number in (STAR, 0, STAR)],
    "better": [],
    "sentence": "Of 10 people asked fewer than 8 people have answered, so there is nothing to show yet.",
}
_NONE: dict[str, Any] = {"asked": False, "open": False, "sentence": "No pulse was asked after this meeting."}
_UNCHOSEN = Invalid(
    "Your answer is not sent yet; please look at the marked questions.",
    {"worth": "choose 1 to 5", "change": "choose yes, perhaps or no"},
)


def _pulse(refusal: Invalid | None = None, **changed: Any) -> Prepare:
    def prepare(county: County) -> None:
        county.shelf.figures.pulse.CopyFrom(a_pulse(**changed))
        if refusal:
            county.shelf.refuse["AnswerPulse"] = refusal

    return prepare


def _nothing(county: County) -> None:
    county.shelf.figures.series = new_series()


def _hub(county: County) -> None:
    county.shelf.figures.region = a_region()


STATES: tuple[State, ...] = (
    State("figures", "/figures"),
    State("figures-nothing-yet", "/figures", _nothing),
    State("figures-away", "/figures", lambda county: county.node.stop("evaluation")),
    State("figure", "/figures/refused_places"),
    State("figure-exact", "/figures/meetings"),
    State("figure-unknown", "/figures/joy"),
    State("pulse", PULSE, _pulse(open=False)),
    State("pulse-to-answer", PULSE, _pulse(may_answer=True, better=[])),
    State("pulse-refused", PULSE, _pulse(_UNCHOSEN, may_answer=True), press="Send my answer"),
    State("pulse-answered", PULSE, _pulse(may_answer=True), press="Send my answer"),
    State("pulse-few", PULSE, _pulse(**_FEW)),
    State("pulse-not-asked", PULSE, _pulse(**_NONE)),
    State("region-figures", "/region/figures", _hub),
    State("region-figures-at-a-county", "/region/figures"),
)
