"""Remote procedures: what a browser *does*. Each takes a struct, returns a struct, and checks its own permissions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from vestnik.core.codes import ErrorCode
from vestnik.core.errors import InvalidParameters, LocalError, PeerError
from vestnik.core.namespaces import Caller
from vestnik.core.values import check_values

Params = TypeVar("Params", bound=msgspec.Struct)
Handler = Callable[[Caller, Params], Any]


class Procedures:
    """A table of methods. Every app has one called ``procedures`` in its ``rpc`` module.

    Example::

        procedures = Procedures()

        @procedures.method("chat.send", SendParams)
        def send(caller: Caller, params: SendParams) -> SendResult: ...

    Handlers run in a thread with database access. What they return is encoded as JSON.
    """

    def __init__(self) -> None:
        self._methods: dict[str, tuple[type[msgspec.Struct], Handler[Any]]] = {}

    def method(self, name: str, params: type[Params]) -> Callable[[Handler[Params]], Handler[Params]]:
        """Register the decorated function as ``name``; the client's data is decoded as ``params``."""

        def register(handler: Handler[Params]) -> Handler[Params]:
            if name in self._methods:
                raise LocalError(f"procedure {name!r} is declared twice")
            self._methods[name] = (params, handler)
            return handler

        return register

    def include(self, other: Procedures) -> None:
        """Add all methods of ``other``."""
        for name, entry in other._methods.items():
            if name in self._methods:
                raise LocalError(f"procedure {name!r} is declared twice")
            self._methods[name] = entry

    def names(self) -> list[str]:
        return sorted(self._methods)

    def call(self, caller: Caller, method: str, data: bytes) -> msgspec.Raw:
        """Decode, run and encode. Blocking.

        Raises:
            PeerError: 104 for an unknown method, 400 for data that does not fit (the message names the field), and
                whatever the handler raises.
        """
        entry = self._methods.get(method)
        if entry is None:
            raise PeerError(ErrorCode.METHOD_NOT_FOUND, f"method {method[:64]!r} not found")
        params_type, handler = entry
        params = decode_params(data or b"{}", params_type)
        return msgspec.Raw(msgspec.json.encode(handler(caller, params)))


def decode_params(data: bytes, params_type: type[Params]) -> Params:
    """Decode JSON into a struct.

    Raises:
        InvalidParameters: The message names the field and says what was expected.
    """
    try:
        check_values(data)
        return msgspec.json.decode(data, type=params_type)
    except msgspec.ValidationError as error:
        raise invalid_parameters(error) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidParameters(params=malformed(error)) from error


def invalid_parameters(error: msgspec.ValidationError) -> InvalidParameters:
    """What msgspec found wrong, with the field's path taken out of the sentence."""
    problem, _, path = str(error).partition(" - at `")
    field = path.rstrip("`").removeprefix("$").removeprefix(".")
    if problem.startswith("Object missing required field `"):
        missing = problem.split("`")[1]
        return InvalidParameters(**{f"{field}.{missing}" if field else missing: "required"})
    return InvalidParameters(**{field or "params": problem})


def malformed(error: Exception) -> str:
    match error:
        case RecursionError():
            return "malformed JSON: nested too deeply"
        case UnicodeDecodeError():
            return "malformed JSON: invalid UTF-8"
    return f"malformed JSON: {str(error).removeprefix('JSON is malformed: ')}"
