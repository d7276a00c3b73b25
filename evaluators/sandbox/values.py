"""Plain values as tagged JSON, the only thing that crosses between candidate and judge.

None, bool, float, str and lists are themselves; small ints too. Everything else is an object with one key that names
its type: ``t`` tuple, ``d`` dict (as pairs), ``s`` set, ``f`` frozenset, ``i`` big int in hexadecimal (decimal would
cost quadratic time), ``b``/``m`` bytes and bytearray, ``c`` complex, ``r`` range, ``q`` Fraction, ``D`` Decimal, ``k``
deque, ``T`` one of the builtin types (a test may pass ``int`` itself), ``z`` a message that was too long, by its digest
(``protocol``), ``x`` anything else. Where a test must hold on to objects of the candidate (``handles``), anything else
is ``h`` instead, a number that stands for it. ``K``/``V``/``I`` are a dict's keys, values and items, and ``n`` is what
an iterator yields: it decodes to one that can be used up once and equals nothing but itself, as in one process.
Subclasses are flattened to their base by the base's own methods, so an ``__eq__``, an ``__iter__`` or an ``__int__`` of
theirs never counts. ``x`` decodes to a value that equals nothing, itself included.

Only the candidate's side needs to be honest for honest programs; the judge's side accepts anything of this grammar.
"""

from __future__ import annotations

import itertools
from collections import deque
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

MAX_DEPTH = 200
MAX_TEXT = 8 << 20
MAX_YIELDED = 100_000
"""Items an iterator may yield; one that goes on has no plain form."""
_SMALL = 1 << 60
_NUMPY = frozenset({"float64", "float32", "int64", "int32", "bool_", "bool", "ndarray", "str_"})


class BadValue(ValueError):
    """Not of the grammar, or deeper than ``MAX_DEPTH``."""


class Opaque:
    """What has no plain form: equal to nothing."""

    __hash__ = None  # type: ignore[assignment]  # a set of these would have no meaning

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{self._kind[:40]} object>"


class Large(Opaque):
    """What was too long to cross: equal to another of the same digest and length, and to nothing else."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Large) and other._kind == self._kind

    def __ne__(self, other: object) -> bool:
        return not self == other


class Table(Protocol):
    """Which object stands behind which handle."""

    def keep(self, value: Any) -> Any:
        """The handle's body in JSON; None for what gets none."""

    def find(self, body: Any) -> Any:
        """The object again. Raises BadValue, TypeError, ValueError or KeyError for a handle that is none."""


def encode(value: Any, depth: int = 0, table: Table | None = None) -> Any:  # noqa: PLR0911 - one a kind
    """``value`` as JSON of the grammar above. Calls no method that the value's own class defines but ``__next__``."""
    kind = type(value)
    if kind is str and len(value) > MAX_TEXT:
        return {"x": "too long"}
    if value is None or kind is bool or kind is str or kind is float:
        return value
    if depth > MAX_DEPTH:
        return {"x": "too deep"}
    if kind is int:
        return value if -_SMALL < value < _SMALL else {"i": hex(value)}
    below = depth + 1
    for base, tag in _SEQUENCES:
        if issubclass(kind, base):
            items = [encode(item, below, table) for item in base.__iter__(value)]
            return {tag: items} if tag else items
    if issubclass(kind, dict):
        return {"d": [[encode(key, below, table), encode(item, below, table)] for key, item in dict.items(value)]}
    return _encode_scalar(value, kind, below, table)


_SEQUENCES: tuple[tuple[Any, str], ...] = (
    (list, ""), (tuple, "t"), (set, "s"), (frozenset, "f"), (deque, "k"), (type({}.keys()), "K"),
    (type({}.values()), "V"), (type({}.items()), "I"))


def _encode_scalar(value: Any, kind: type, depth: int, table: Table | None) -> Any:  # noqa: PLR0911 - one a kind
    if issubclass(kind, int):
        return encode(int.__add__(value, 0), depth)
    if issubclass(kind, float):
        return float.__pos__(value)
    if issubclass(kind, str):
        return "".join(str.__iter__(value))
    if kind is bytes or kind is bytearray:
        return {"b" if kind is bytes else "m": bytes(value).hex()}
    if kind is complex:
        return {"c": [value.real, value.imag]}
    if kind is range:
        return {"r": [encode(part) for part in (value.start, value.stop, value.step)]}
    if kind is Fraction:
        return {"q": [hex(value.numerator), hex(value.denominator)]}
    if kind is Decimal:
        return {"D": str(value)}
    if kind.__name__ in _NUMPY and kind.__module__ == "numpy":
        return encode(value.tolist(), depth)
    return _encode_object(value, kind, depth, table)


def _encode_object(value: Any, kind: type, depth: int, table: Table | None) -> Any:
    if kind is type and value in _TYPES:
        return {"T": value.__name__}
    if table is None and hasattr(kind, "__next__") and hasattr(kind, "__iter__"):
        items = list(itertools.islice(value, MAX_YIELDED + 1))
        return {"n": [encode(item, depth) for item in items]} if len(items) <= MAX_YIELDED else {"x": "endless"}
    handle = table.keep(value) if table is not None else None
    return {"x": str(kind.__name__)[:40]} if handle is None else {"h": handle}


def decode(value: Any, depth: int = 0, table: Table | None = None) -> Any:
    """The value again. Raises BadValue for what ``encode`` cannot have written."""
    kind = type(value)
    if value is None or kind in {bool, str, float, int}:
        return value
    if depth > MAX_DEPTH + 1:
        raise BadValue("too deep")
    if kind is list:
        return [decode(item, depth + 1, table) for item in value]
    if kind is not dict or len(value) != 1:
        raise BadValue(f"not a value: {kind.__name__}")
    (tag, body), = value.items()
    try:
        return _decode_tagged(tag, body, depth + 1, table)
    except BadValue:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise BadValue(f"not a value of kind {tag[:10]!r}: {type(error).__name__}") from None


def _decode_tagged(tag: str, body: Any, depth: int, table: Table | None) -> Any:  # noqa: PLR0911 - one a kind
    if tag in _CONTAINERS and type(body) is list:
        return _CONTAINERS[tag]([decode(item, depth, table) for item in body])
    if tag == "d" and type(body) is list:
        return {decode(key, depth, table): decode(item, depth, table) for key, item in body}
    if tag == "r":
        return range(*[_integer(decode(part)) for part in body])
    if tag == "q":
        return Fraction(int(body[0], 16), int(body[1], 16))
    if tag == "c":
        return complex(float(body[0]), float(body[1]))
    if tag == "h" and table is not None:
        return table.find(body)
    if type(body) is str:
        if tag in {"x", "z"}:
            return Opaque(body) if tag == "x" else Large(body)
        if tag in _FROM_TEXT:
            return _FROM_TEXT[tag](body)
    raise BadValue(f"unknown kind {tag[:10]!r}")


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise BadValue("a range of something else than ints")
    return value


_CONTAINERS: dict[str, Any] = {
    "t": tuple, "s": set, "f": frozenset, "k": deque, "n": iter, "K": lambda items: dict.fromkeys(items).keys(),
    "V": lambda items: dict(enumerate(items)).values(),
    "I": lambda items: {key: item for key, item in items}.items(),  # noqa: C416 - dict() would use up a huge range
}
_TYPES = frozenset({bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, type(None)})
_FROM_TEXT: dict[str, Any] = {
    "T": {kind.__name__: kind for kind in _TYPES}.__getitem__,
    "i": lambda text: int(text, 16), "b": bytes.fromhex, "m": bytearray.fromhex, "D": Decimal,
}
