"""The answer's Sec-WebSocket-Extensions.

Sources: net/websockets/websocket_extension_parser.cc, websocket_deflate_parameters.cc and
ValidateExtensions in websocket_handshake_stream_base.cc.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wsprobe.pattern import pattern
from wsprobe.value import dataclass

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_NAME = pattern(rf"[ \t]*({_TOKEN})")
_PARAMETER = pattern(rf'[ \t]*;[ \t]*({_TOKEN})(?:[ \t]*=[ \t]*(?:({_TOKEN})|"((?:[^"\\]|\\.)+)"))?')
_BEFORE_VALUE = pattern(r"[ \t]*=")
_ONLY_TOKEN = pattern(_TOKEN)


@dataclass(frozen=True, slots=True)
class Extension:
    name: str
    parameters: tuple[tuple[str, str | None], ...]
    """(name, value without quotes or None)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """*key* of ``Facts.failures`` and what it is filled with; *inside* permessage-deflate."""

    key: str
    value: str = ""
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Agreed:
    deflate: bool
    text: str
    """What ``WebSocket.extensions`` says."""


def agree(values: Sequence[bytes]) -> Agreed | Fault:
    """Judge the elements of the field's list, in order."""
    deflate = False
    accepted = []
    for raw in values:
        value = raw.decode("utf-8", "surrogateescape")
        extensions = parse(value)
        if not extensions:
            return Fault("extensions", value)
        for extension in extensions:
            if extension.name != "permessage-deflate":
                return Fault("extension-unknown", extension.name)
            if deflate:
                return Fault("deflate-twice")
            deflate = True
            fault = _parameters(extension)
            if fault is not None:
                return fault
            accepted.append(value)
    return Agreed(deflate, ", ".join(accepted))


def parse(value: str) -> list[Extension]:
    """Empty if any part of *value* is not as the grammar has it (ParseWebSocketExtensions)."""
    found = []
    at = 0
    while True:
        name = _NAME.match(value, at)
        if name is None:
            return []
        at = name.end()
        parameters: list[tuple[str, str | None]] = []
        while (parameter := _PARAMETER.match(value, at)) is not None:
            at = parameter.end()
            if parameter[2] is None and parameter[3] is None and _BEFORE_VALUE.match(value, at):
                return []
            quoted = re.sub(r"\\(.)", r"\1", parameter[3], flags=re.DOTALL) if parameter[3] else None
            if quoted is not None and not _ONLY_TOKEN.fullmatch(quoted):
                return []
            parameters.append((parameter[1], parameter[2] or quoted))
        found.append(Extension(name[1], tuple(parameters)))
        rest = value[at:].lstrip(" \t")
        if not rest:
            return found
        if rest[0] != ",":
            return []
        at = len(value) - len(rest) + 1


def _parameters(extension: Extension) -> Fault | None:
    """WebSocketDeflateParameters::Initialize, then IsValidAsResponse."""
    seen: set[str] = set()
    without_value = False
    for name, value in extension.parameters:
        if name not in (
            "server_no_context_takeover",
            "client_no_context_takeover",
            "server_max_window_bits",
            "client_max_window_bits",
        ):
            return Fault("parameter-unknown", inside=True)
        if name in seen:
            return Fault("parameter-twice", name, inside=True)
        seen.add(name)
        if name.endswith("takeover"):
            if value is not None:
                return Fault("parameter-invalid", name, inside=True)
        elif value is None and name == "client_max_window_bits":
            without_value = True
        elif value not in ("8", "9", "10", "11", "12", "13", "14", "15"):
            return Fault("parameter-invalid", name, inside=True)
    return Fault("parameter-without-value", inside=True) if without_value else None
