"""The opening handshake that an engine sends: the template of its version, filled in.

A template is data: (name, value) in the order of the wire. A value is a template for ``str.format``; an empty
result omits the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.network import credentials
from wsprobe.browsers.page import origin
from wsprobe.exchange import Target
from wsprobe.request import opening
from wsprobe.request.target import host_header

Template = tuple[tuple[str, str], ...]


def target_of(made: Construction) -> Target:
    """The target of the construction. Raises ValueError if there is none."""
    if made.target is None:
        raise ValueError("there is no connection, so there is no request")
    return made.target


def values(to: Target, page: Page, protocols: Sequence[str], user_agent: str = "") -> dict[str, str]:
    """The values common to all engines, without the key and credentials. *user_agent*: the engine's own."""
    return {
        "host": host_header(to),
        "resource": to.resource,
        "origin": origin(page),
        "protocols": ", ".join(protocols),
        "cookies": page.cookies,
        "user_agent": page.user_agent or user_agent,
    }


def head(template: Template, values: Mapping[str, str]) -> bytes:
    """The request over HTTP/1.1."""
    lines = [f"{name}: {value}" for name, text in template if (value := text.format_map(values))]
    return "\r\n".join([f"GET {values['resource']} HTTP/1.1", *lines, "", ""]).encode(
        "utf-8", "surrogateescape"
    )


def block(template: Template, values: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of an extended CONNECT, a field for each cookie (RFC 9113 section 8.2.3)."""
    cookies = [pair.strip(" ") for pair in values["cookies"].split(";")]
    return tuple(
        (name.encode(), value.encode("utf-8", "surrogateescape"))
        for name, text in template
        for value in (cookies if name == "cookie" else [text.format_map(values)])
        if value
    )


def basic(to: Target) -> str:
    """The credentials of the URL as a runtime sends them at once; "" if it has none."""
    own = credentials(to)
    return "" if own is None else opening.basic(own.pair)
