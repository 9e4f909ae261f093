"""`frozen`: a frozen dataclass that costs a tenth of one at import.

`@dataclass(frozen=True)` compiles six methods for every class, 0.7 ms each on the machine of
docs/performance.md; a hundred of them are most of the start of a command. Here all classes share
the same six functions. What comes out is a dataclass: `fields`, `replace`, `asdict`, `match` work.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field
from typing import Any, NoReturn, TypeVar, dataclass_transform

Kind = TypeVar("Kind")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[Kind]) -> type[Kind]:
    """Make a class with annotated attributes a frozen dataclass, without compiling anything."""
    made: Any = dataclass(init=False, repr=False, eq=False)(kind)
    for name, function in _SHARED.items():
        if name not in vars(kind):
            setattr(made, name, function)
    return kind


def _init(self: Any, *values: Any, **named: Any) -> None:
    names = self.__match_args__
    own = self.__dict__
    own.update(zip(names, values, strict=False))
    own.update(named)
    if len(own) != len(names) or len(values) + len(named) != len(names):
        _complete(self, values, named)


def _complete(self: Any, values: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Fill in defaults; complain as a compiled `__init__` would."""
    names = self.__match_args__
    called = type(self).__qualname__
    if len(values) > len(names):
        raise TypeError(f"{called}() takes {len(names)} values, {len(values)} were given")
    wrong = [name for name in named if name not in names or name in names[: len(values)]]
    if wrong:
        raise TypeError(f"{called}() got an unexpected or second value for {wrong[0]!r}")
    own = self.__dict__
    for name, about in self.__dataclass_fields__.items():
        if name in own:
            continue
        if about.default_factory is not MISSING:
            own[name] = about.default_factory()
        elif about.default is not MISSING:
            own[name] = about.default
        else:
            raise TypeError(f"{called}() needs a value for {name!r}")


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({shown})"


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in self.__match_args__)


def _eq(self: Any, other: object) -> bool:
    return other.__class__ is self.__class__ and _values(self) == _values(other)


def _hash(self: Any) -> int:
    return hash(_values(self))


def _refuse_to_set(self: Any, name: str, value: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


_SHARED = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
}
