"""Words about an answer, its author and the visible proxies, which every rule of a trace uses."""

from __future__ import annotations

from textwrap import shorten

from msgspec.structs import replace

from wsprobe.diagnosis import ACTS, PROGRAMS, Cause
from wsprobe.diagnosis.cause import usual_causes
from wsprobe.trace.answer import Answer
from wsprobe.trace.trace import Trace


def shows_proxy(seen: Trace) -> bool:
    """True if a proxy is known to be there: it left a mark, or the user named what is behind it."""
    return bool(seen.proxies or seen.start.backends)


def a_proxy(seen: Trace) -> str:
    """The subject of a sentence about what a server or a proxy may do, as far as one is known to be there."""
    return "a proxy or the server" if shows_proxy(seen) else "the server, or a proxy in front of it,"


def proxy_of(seen: Trace) -> str:
    """Which proxy is at fault, as far as proxies name themselves."""
    names = tuple(map(title, seen.proxies))
    if not names:
        return "the proxy left no mark" if seen.start.backends else "no proxy is visible"
    if len(names) == 1:
        return f"{names[0]} is visible; other proxies may exist"
    return f"{' and '.join(names)} are visible"


def title(proxy: str) -> str:
    """The common name of a proxy."""
    return (PROGRAMS[proxy].who or PROGRAMS[proxy].name) if proxy in PROGRAMS else proxy


def written_by(answer: Answer) -> str:
    """Who wrote *answer*, as far as its marks show it."""
    if answer.author.id:
        return f"written by {answer.author.who}"
    if hop := answer.author.hop:
        own: list[str] = []
        others: list[str] = []
        for field in answer.server:
            (own if field.lower().startswith(hop) else others).append(field)
        also = f", whose Server field is {', '.join(others)}" if others else ""
        return f"from {own[0] if own else title(hop)} or a program behind it{also}"
    if answer.server:
        return f"author unknown: the Server field ({', '.join(answer.server)}) may be a proxy's"
    return "author unknown"


SAYS_LITTLE = ACTS | {"no-route", "no-websocket", "server-says", "crashed-before-accept", "upgrade-lost"}
"""Causes after which a comparison of answers may still show more."""


OF_A_PROXY = frozenset({"forward-proxy", "client-certificate"})
"""Causes that a proxy's page proves by itself. For its other causes a comparison shows more."""


def shown_by(answer: Answer) -> Cause | None:
    """The cause that this answer proves without the others; None if there is none."""
    cause = answer.cause
    if cause is None or cause.id in SAYS_LITTLE or cause.certainty == "status":
        return None
    if answer.by_proxy and cause.certainty in ("only", "shared") and cause.id not in OF_A_PROXY:
        return None
    return cause


def likeliest(seen: Trace, *, quoted_before: bool = False) -> str:
    """A sentence: the cause that `connect` reports, if more than the status shows it; "" if nothing does.

    *quoted_before*: the words of the server are in the sentence before it."""
    cause = seen.as_page.cause
    if cause is None or cause.certainty == "status":
        return ""
    if cause.id in ACTS and not cause.quote and not seen.base.opens:
        return ""  # what the server did is in the sentence before
    if quoted_before and not cause.statement:  # the words are all that is known
        return usually(*cause.usual)
    said = cause.labelled if not quoted_before else f"{cause.label}: {cause.without_quote}"
    return f" From the answer alone, {said}." if cause.without_quote or not quoted_before else ""


def itself(answer: Answer) -> Cause | None:
    """The likeliest cause of a direct *answer*, but for those that a proxy leads to; None if there is none."""
    cause = next((each for each in answer.author.causes if each.id not in OF_THE_WAY), None)
    return cause and replace(cause, usual=tuple(each for each in cause.usual if "a proxy" not in each))


OF_THE_WAY = frozenset(
    {"upgrade-lost", "changed", "http-1.0", "origin-lost", "host-changed", "subprotocol-lost"}
)
"""Causes that a proxy is at fault."""


def usually(*causes: str) -> str:
    """A sentence: the usual causes, the likeliest first, where a comparison of answers shows no single one; ""
    without any."""
    text = usual_causes(causes)
    return f" {text[:1].upper()}{text[1:]}." if text else ""


QUOTED = 160
"""Characters of a body that a sentence quotes: room for a whole sentence with an origin and its port."""


def quoted(answer: Answer) -> str:
    """The first words of its body, none of them cut; of an empty one its own reason phrase."""
    text = whole_words(answer.text, QUOTED)
    if not text and (reason := answer.own_reason):
        return f'"{whole_words(reason, QUOTED)}"'
    return f'"{text}"' if text else "no text in the body"


def of_cause(answer: Answer) -> str:
    """The words of its likeliest cause, wherever the answer has them; else the first words of its body."""
    quote = answer.cause.quote if answer.cause is not None else ""
    in_body = quote.removesuffix("...") in " ".join(answer.text.split())
    return quoted(answer) if in_body else f'"{quote}"'


def whole_words(text: str, most: int) -> str:
    """The first words of *text* in at most *most* characters, with dots if more follow; a first word that is
    longer is cut."""
    text = " ".join(text.split())
    kept = shorten(text, most, placeholder=" ...")
    return kept if kept != "..." or text == "..." else f"{text[: most - 3]}..."


def varnish(seen: Trace) -> str:
    """On which side of Varnish a handshake became a plain request; "" if there is no Varnish."""
    base, get = seen.base, seen["get"]
    if get is None or "varnish" not in get.proxies:
        return ""
    if base.field(b"x-varnish") is not None:
        return (
            " The answer to the handshake has X-Varnish: Varnish fetched it as a plain request "
            "instead of piping it, so Upgrade was lost at Varnish or in front of it."
        )
    return (
        " The answer to the handshake has no X-Varnish, but the answer to a plain GET has it: "
        "Varnish piped the handshake, so Upgrade was lost in the pipe (fields not copied) or "
        "behind Varnish."
    )
