"""Citations of a specification, as reports, standards and people write them."""

from __future__ import annotations

import re

from wsprobe.explain.entry import Entry

_CITED = re.compile(
    r"(?i)(?:https?://\S*/)?(?:(?P<spec>rfc ?-?[0-9]{4}|whatwg(?: websockets)?|hixie-[0-9]+)"
    r"|draft-hixie-thewebsocketprotocol-(?P<hixie>[0-9]+))?"
    r"(?P<mark>[ ,#]*(?:sections?|sec\.?|\u00a7)?[ -]?)(?P<section>[0-9]{1,2}(?:\.[0-9]+)*)?(?:[ ,;].*)?"
)
"""``RFC 6455 section 4.1, item 4``, ``rfc6455#section-4.1``, ``section 7.4.1``, ``WHATWG section 4``."""

UNNAMED = "rfc6455"
"""Whose sections are meant where none is named."""


def find(asked: str) -> Entry | None:
    """The section that *asked* cites, or the nearest one around it that is known, or the specification."""
    match = _CITED.fullmatch(asked)
    if match is None or match["mark"] == "-":  # rfc6455-4 is a topic by its name, or none
        return None
    if not (match["spec"] or match["hixie"] or (match["mark"].strip() and match["section"])):
        return None
    from wsprobe.explain.subjects import revisions, sections

    name = f"hixie-{match['hixie']}" if match["hixie"] else _name(match["spec"] or UNNAMED)
    parts = (match["section"] or "").split(".")
    while parts and parts[0]:
        if entry := sections.find(f"{name}-{'.'.join(parts)}"):
            return entry
        parts.pop()
    return revisions.find(name)


def _name(spec: str) -> str:
    return re.sub("[ -]", "", spec.lower()) if spec[:3].lower() == "rfc" else spec.lower().split(" ")[0]
