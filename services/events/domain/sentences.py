"""What a person reads about their place: what happened, why, and what they can do now."""

ROOM = "ROOM"
ONLINE = "ONLINE"
WAITING = "WAITING"


def room() -> str:
    return "You have a place in the room."


def online(position: int) -> str:
    if position:
        return f"You have a place online, and you stay number {position} on the waiting list for the room."
    return "You have a place online."


def waiting(room_holds: int, position: int, online_free: int, *, has_online: bool) -> str:
    said = (
        f"{_holds(room_holds)} You are number {position} on the waiting list; the place goes to you by itself when "
        f"{_people(position)} cancelled."
    )
    if has_online:
        return f"{said} You keep your place online until then."
    return f"{said} Meanwhile you can take a place online." if online_free else said


def promoted(gave_online_back: bool) -> str:
    said = "A place in the room came free, and it is yours."
    return f"{said} Your place online was given back." if gave_online_back else said


def given_back(held: bool) -> str:
    if held:
        return "Your place was given back. You can book again; you would then be last in line."
    return "You are no longer on the waiting list. You can book again; you would then be last in line."


def declined(held: bool) -> str:
    said = "Thank you for saying that you cannot come."
    return f"{said} Your place was given back." if held else said


def nothing_to_give_back(declines: bool) -> str:
    if declines:
        return "You have said already that you cannot come."
    return "You have no place at this meeting, so there was nothing to give back."


def stands(decision: str, position: int, room_holds: int, online_free: int) -> str:
    """How it stands already, for who asks again."""
    if decision == ROOM:
        return "You have a place in the room."
    if decision == ONLINE:
        return online(position)
    if decision == WAITING:
        return waiting(room_holds, position, online_free, has_online=False)
    return _NOT_BOOKED.get(decision, "You have not booked a place.")


def online_full(online_holds: int, room_free: int, room_holds: int, position: int) -> str:
    said = f"{_all_taken(online_holds, 'online')} Nobody waits for online places."
    if position:
        return f"{said} You stay number {position} on the waiting list for the room."
    if room_free:
        return f"{said} There is room for you in the room: ask for a place there."
    return f"{said} You can join the waiting list for the room." if room_holds else f"{said} Try again in some days."


def no_room(online_holds: int) -> str:
    if online_holds:
        return "This meeting has no room: everybody takes part online. Nothing was booked; ask for a place online."
    return "No places can be booked for this meeting. Nothing was changed; read on its page how to take part."


def not_online(room_holds: int) -> str:
    if room_holds:
        return "Nobody takes part online at this meeting. Nothing was booked; ask for a place in the room."
    return no_room(0)


def too_few(where: str, holds: int, taken: int) -> str:
    have = "1 person has" if taken == 1 else f"{taken} people have"
    return (
        f"{have} a place {where}, so it cannot hold {holds}. Nothing was changed. Keep at least {taken}, or first ask "
        f"{'somebody' if taken - holds == 1 else f'{taken - holds} people'} to give their place back."
    )


def _holds(room_holds: int) -> str:
    if room_holds == 1:
        return "The room holds 1 and the place is taken."
    return f"The room holds {room_holds} and all places are taken."


def _all_taken(holds: int, where: str) -> str:
    return f"The only place {where} is taken." if holds == 1 else f"All {holds} places {where} are taken."


def _people(number: int) -> str:
    return "1 person has" if number == 1 else f"{number} people have"


_NOT_BOOKED = {
    "GIVEN_BACK": "You gave your place back.",
    "DECLINED": "You said that you cannot come.",
    "REFUSED": "There was no place for you when you asked. You can ask again.",
}
