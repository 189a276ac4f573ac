"""Which organisation a row means: by its ODS code, else its CQC location, else its name; or a new one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.membership.domain.importing.identity import folded, made_of
from services.membership.domain.importing.rows import OrganisationWish
from services.membership.domain.places import Organisation

SEVERAL = "Several organisations here have this name. Add the ODS code or the CQC location ID."
TWO = "The ODS code and the CQC location ID belong to two different organisations here."


@dataclass(frozen=True)
class Meant:
    """The organisation that a row means, or why it cannot be told; and what is worth a look in which field."""

    home: Organisation | None
    fault: str = ""
    field: str = ""
    notice: str = ""


class Homes:
    """The organisations that rows name: known ones, and those that the file brings."""

    def __init__(self, community_id: str) -> None:
        self._community_id = community_id
        self._known: dict[str, Organisation] = {}
        self._ods: dict[str, str] = {}
        self._cqc: dict[str, str] = {}
        self._names: dict[str, set[str]] = {}
        self.new: dict[str, Organisation] = {}
        self.filled: dict[str, Organisation] = {}
        self.settled: set[str] = set()

    def know(self, organisations: Iterable[Organisation]) -> None:
        """What the node holds of them; what the file brought or filled before stays."""
        for each in organisations:
            if each.id not in self._known:
                self._remember(each)

    def of(self, wish: OrganisationWish) -> Meant:
        found, fault = self._meant(wish)
        if fault:
            return Meant(None, fault)
        field = notice = ""
        if found is None:
            field, notice = self._namesake(wish)
            found = self._made(wish)
            self.new[found.id] = found
        elif (more := _with_gaps_filled(found, wish)) != found:
            found = more
            (self.new if found.id in self.new else self.filled)[found.id] = found
        self._remember(found)
        return Meant(found, field=field, notice=notice)

    def settle(self) -> None:
        """What the file brought so far is written: from now on it is known."""
        self.settled |= {*self.new, *self.filled}
        self.new, self.filled = {}, {}

    def _meant(self, wish: OrganisationWish) -> tuple[Organisation | None, str]:
        coded = {
            known[code]
            for known, code in ((self._ods, wish.ods_code), (self._cqc, wish.cqc_location_id))
            if code and code in known
        }
        if len(coded) > 1:
            return None, TWO
        if coded:
            return self._known[coded.pop()], ""
        fitting = [each for each in self._called(wish.name) if _may_be(each, wish)]
        return (fitting[0] if fitting else None), SEVERAL if len(fitting) > 1 else ""

    def _called(self, name: str) -> list[Organisation]:
        return [self._known[each] for each in sorted(self._names.get(folded(name), ()))]

    def _namesake(self, wish: OrganisationWish) -> tuple[str, str]:
        """Which code keeps a new organisation apart from the one that has its name, and what will happen."""
        for other in self._called(wish.name):
            for field in ("ods_code", "cqc_location_id"):
                wanted, held = getattr(wish, field), getattr(other, field)
                if wanted and held and wanted != held:
                    return field, (
                        f"“{wanted}” is not known here, where “{wish.name[:60]}” has {held}. A second organisation of "
                        f"this name will be made. If it is the same one, write {held} here or leave this cell empty."
                    )
        return "", ""

    def _made(self, wish: OrganisationWish) -> Organisation:
        if wish.ods_code:
            key = ("ods", wish.ods_code)
        elif wish.cqc_location_id:
            key = ("cqc", wish.cqc_location_id)
        else:
            key = ("name", folded(wish.name))
        return Organisation(
            id=made_of(self._community_id, "organisation", *key),
            name=wish.name,
            type=wish.type,
            ods_code=wish.ods_code,
            cqc_location_id=wish.cqc_location_id,
            locality_ids=wish.locality_ids,
            valid_from=wish.valid_from,
            valid_to=wish.valid_to,
        )

    def _remember(self, each: Organisation) -> None:
        self._known[each.id] = each
        self._names.setdefault(folded(each.name), set()).add(each.id)
        if each.ods_code:
            self._ods[each.ods_code] = each.id
        if each.cqc_location_id:
            self._cqc[each.cqc_location_id] = each.id


def _may_be(each: Organisation, wish: OrganisationWish) -> bool:
    """Two codes of one kind that differ are two organisations, whatever they are called."""
    return (each.ods_code in {"", wish.ods_code} or not wish.ods_code) and (
        each.cqc_location_id in {"", wish.cqc_location_id} or not wish.cqc_location_id
    )


def _with_gaps_filled(found: Organisation, wish: OrganisationWish) -> Organisation:
    """What is written already stays; what is open is taken from the file."""
    more = replace(
        found,
        type=found.type or wish.type,
        ods_code=found.ods_code or wish.ods_code,
        cqc_location_id=found.cqc_location_id or wish.cqc_location_id,
        valid_from=found.valid_from or wish.valid_from,
        valid_to=found.valid_to or wish.valid_to,
    )
    impossible = more.valid_from and more.valid_to and more.valid_to < more.valid_from
    return found if impossible else more
