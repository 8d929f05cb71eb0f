"""The specification sections that a sentence cites, as links. Nothing is loaded from them."""

from __future__ import annotations

import re
from collections.abc import Iterator

RFC = "https://www.rfc-editor.org/rfc/rfc{}"
ERRATUM = "https://www.rfc-editor.org/errata/eid{}"
DRAFT = "https://datatracker.ietf.org/doc/html/draft-{}-thewebsocketprotocol-{}"
WHATWG = "https://websockets.spec.whatwg.org/"
ANCHORS = {
    "1": "network-intro",
    "2": "websocket-protocol",
    "2.1": "websocket-connections",
    "2.2": "websocket-opening-handshake",
    "3": "the-websocket-interface",
    "3.1": "interface-definition",
    "4": "feedback-from-the-protocol",
    "5": "ping-and-pong-frames",
    "6": "the-closeevent-interface",
    "7": "garbage-collection",
}
"""Sections of the WebSockets standard -> their anchors, which are words (whatwg/websockets, index.bs)."""

_NUMBER = r"[0-9]+(?:\.[0-9]+)*"
_CITED = re.compile(
    rf"(?:(?P<spec>\bRFC (?P<rfc>[0-9]{{3,4}})\b|\bWHATWG WebSockets\b"
    r"|\b(?:draft-)?(?P<group>hixie|(?:ietf-)?hybi)(?:-thewebsocketprotocol)?-(?P<draft>[0-9]{2})(?= section))"
    rf"(?: (?=sections? [0-9]))?)?(?:\bsections? (?P<sections>{_NUMBER}(?:(?:, | and ){_NUMBER})*))?"
    r"|\berratum (?P<erratum>[0-9]+)\b"
)


def cited(text: str) -> Iterator[tuple[str, str]]:
    """*text* in pieces, each with the URL that it cites, or "". A section without a specification belongs to
    the last named one."""
    base = ""
    done = 0
    for match in _CITED.finditer(text):
        if match["spec"]:
            base = _base(match)
        if not match[0] or not (base or match["erratum"]):
            continue
        if done < match.start():
            yield text[done : match.start()], ""
        yield from _links(match, base)
        done = match.end()
    if done < len(text):
        yield text[done:], ""


def _base(match: re.Match[str]) -> str:
    if match["rfc"]:
        return RFC.format(match["rfc"])
    if match["draft"]:
        return DRAFT.format("ietf-hybi" if "hybi" in match["group"] else "hixie", match["draft"])
    return WHATWG


def _links(match: re.Match[str], base: str) -> Iterator[tuple[str, str]]:
    """The words of one citation: the first link has the specification's name too, each further section its
    own."""
    if match["erratum"]:
        yield match[0], ERRATUM.format(match["erratum"])
        return
    if not match["sections"]:
        yield match[0], base
        return
    begin = match.start("sections") - match.start()
    first, *others = re.split(r"(, | and )", match["sections"])
    yield match[0][:begin] + first, base + _anchor(base, first)
    for each in others:
        yield each, base + _anchor(base, each) if each[:1].isdigit() else ""


def _anchor(base: str, section: str) -> str:
    if base != WHATWG:
        return f"#section-{section}"
    return f"#{ANCHORS[section]}" if section in ANCHORS else ""
