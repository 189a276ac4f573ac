"""One form per statement: what an origin signs must be the plainest encoding of its message.

Protobuf parsers accept fields twice, in any order, unknown ones, and numbers padded with zero bits; two programs
could then read different things out of the same signed bytes. Here fields must ascend, come once (unless repeated),
be known, be non-empty and have numbers in their shortest form, so that there is only one way to read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.federation.domain.faults import Fault, Forged

VARINT, FIXED64, LENGTH = 0, 1, 2
_LONGEST_VARINT = 10


@dataclass(frozen=True)
class Shape:
    """The fields that a message may have: number → wire type, and which of them are messages or repeated."""

    fields: Mapping[int, int]
    inside: Mapping[int, "Shape"] = field(default_factory=dict)
    repeated: frozenset[int] = frozenset()


# Of one repeated field: an entry of more files than this is an attack.
MOST_REPEATED = 200


TIMESTAMP = Shape({1: VARINT, 2: VARINT})
FILE_REF = Shape({1: LENGTH, 2: VARINT})
HEADER = Shape(
    {
        **dict.fromkeys((1, 2, 3, 4, 7, 8, 10, 12, 13, 14), LENGTH),
        **dict.fromkeys((6, 9, 11), VARINT),
        5: FIXED64,
    },
    inside={8: TIMESTAMP},
)
CONTENT = Shape(dict.fromkeys((1, 2, 3), LENGTH), inside={3: FILE_REF}, repeated=frozenset({3}))
HEAD = Shape(
    {**dict.fromkeys((1, 2, 3, 6, 7, 9), LENGTH), **dict.fromkeys((5, 8), VARINT), 4: FIXED64},
    inside={7: TIMESTAMP},
)
AUDIT_HEAD = Shape({**dict.fromkeys((1, 2, 3, 5, 6, 7), LENGTH), 4: VARINT}, inside={6: TIMESTAMP})


def check_form(data: bytes, shape: Shape) -> None:
    """Raises Forged when `data` is not the one plain encoding of a message of this shape."""
    at = last = times = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if shape.fields.get(number) != wire_type:
            raise _refused(f"field {number} is not known")
        if number < last or (number == last and number not in shape.repeated):
            raise _refused(f"field {number} comes twice or out of order")
        times = times + 1 if number == last else 1
        if times > MOST_REPEATED:
            raise _refused(f"field {number} comes more than {MOST_REPEATED} times")
        last = number
        at = _skip_value(data, at, number, shape)


def _skip_value(data: bytes, at: int, number: int, shape: Shape) -> int:
    wire_type = shape.fields[number]
    if wire_type == FIXED64:
        end = at + 8
    elif wire_type == VARINT:
        value, end = _varint(data, at)
        if value == 0:
            raise _refused(f"field {number} is empty and should be left out")
    else:
        length, at = _varint(data, at)
        end = at + length
        if length == 0:
            raise _refused(f"field {number} is empty and should be left out")
        if number in shape.inside:
            check_form(data[at:end], shape.inside[number])
    if end > len(data):
        raise _refused("it ends too early")
    return end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for end in range(at, min(at + _LONGEST_VARINT, len(data))):
        byte = data[end]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and shift:
                raise _refused("a number is padded")
            return value, end + 1
        shift += 7
    raise _refused("a number does not end")


def _refused(why: str) -> Forged:
    return Forged(Fault.MALFORMED, f"The signed bytes are not in the one form allowed: {why}.")
