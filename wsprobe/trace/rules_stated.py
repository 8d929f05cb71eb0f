"""Rules of a trace: the answer itself says why: it requires credentials, redirects, or states its cause."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.diagnosis.cause import as_sentence
from wsprobe.diagnosis.evidence import to_another_host
from wsprobe.request.edits import first_value, values
from wsprobe.trace.answer import alike, same
from wsprobe.trace.claim import no_handshake_opens
from wsprobe.trace.conclusion import Conclusion, rule
from wsprobe.trace.direct import beside, compared, past_the_proxy, sure
from wsprobe.trace.sentences import shown_by, written_by
from wsprobe.trace.skip_reasons import to_slash
from wsprobe.trace.to_do import lines_if_seen, steps, with_code
from wsprobe.trace.trace import Trace


@rule(claims=(no_handshake_opens,))
def unauthorized(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http" or base.status not in (401, 407):
        return
    challenge = base.field(b"www-authenticate") or base.field(b"proxy-authenticate")
    if challenge is None or not seen.like_get:
        return
    given = bool(values(seen.start.plan.request, b"authorization"))
    of_proxy = base.by_proxy or compared(seen) == "opens" or re.match(_OF_PROXIES, challenge)
    yield Conclusion(
        f"{base.status} with a challenge ({challenge}), for a plain GET too, {written_by(base)}: "
        "the request requires credentials before anything "
        f"else{', and the credentials sent were refused' if given else ''}.{past_the_proxy(seen)}",
        sure(seen, 0.95),
        beside(seen, "get"),
        steps(
            "Send credentials (-u USER:PASSWORD, or -H 'Authorization: ...'). A page cannot set "
            "this header: use a cookie, or exempt the WebSocket path from the protection.",
            lines_if_seen(seen, "credentials") if of_proxy else "",
        ),
    )


_OF_PROXIES = r"(?i)(?:basic|digest)\b"
"""The challenges that a proxy's own protection by a password has; any other is usually an application's."""


@rule()
def redirected(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if not base.redirects or not base.location:
        return
    kind, fix = _redirect(seen)
    every = ", to a plain GET too" if seen.like_get else ", but not to a plain GET" if seen["get"] else ""
    yield Conclusion(
        f"{base.status}{every}: redirected {kind}, {base.location}; {written_by(base)}. "
        "Browsers do not follow redirects of a handshake, except "
        f"WebKitGTK.{past_the_proxy(seen)}",
        sure(seen, 0.95),
        beside(seen, "slash" if "slash" in seen.answers else "get"),
        fix,
    )


def _redirect(seen: Trace) -> tuple[str, str]:
    """Where the answer redirects to, and what to do about it."""
    base = seen.base
    there = re.match(r"(?i)([a-z]+):", base.location)
    if to_another_host(base.location, first_value(base.reading.sent, b"host")):
        return "to another host", _after_redirect(seen)
    if path := to_slash(seen):
        final = "with its final slash" if path.endswith("/") else "without its slash"
        fix = f"Open the path as the server has it: {path}"
        return f"to the same path {final}", steps(fix, lines_if_seen(seen, "slash"))
    if there is not None and there[1].lower() in ("https", "wss") and not seen.start.plan.target.secure:
        return "to https", steps("Open wss:// instead of ws://.", lines_if_seen(seen, "https"))
    return "elsewhere (a login page, another path or port)", _after_redirect(seen)


def _after_redirect(seen: Trace) -> str:
    """What `connect` would advise, and where the application opens without its proxy, what to change there."""
    named = (each.fix_in_trace for each in seen.base.author.causes if each.id == "redirected")
    advice = as_sentence(next(named, "log in first, or open the socket at the redirect's target"))
    opens = compared(seen) == "opens"
    return steps(advice, "Or let the proxy answer this path without a redirect." if opens else "")


@rule()
def named_by_the_answer(seen: Trace) -> Iterator[Conclusion]:
    base = seen.as_page
    cause = shown_by(base)
    if base.kind != "http" or cause is None or compared(seen) == "opens" or "get" not in seen.answers:
        return
    alike_ = ", to a plain GET too" if seen.like_get else ""
    who = "" if cause.statement.startswith(base.author.who) else f", {written_by(base)}"
    # The words of the server stand once: in the cause, or as its evidence.
    evidence = "" if cause.quote else f" Evidence: {cause.evidence}."
    bare = seen["no-origin"] if cause.id == "origin-refused" else None
    any_origin = bare is not None and alike(bare, base)
    more = past_the_proxy(seen)
    if any_origin:
        more = f" Without an Origin the answer is the same, so this origin is not the only reason.{more}"
    yield Conclusion(
        f"{base.result()}{alike_}{who}: {cause.text}.{evidence}{more}",
        0.75 if cause.certainty == "shared" else 0.9,
        beside(seen, "no-origin" if any_origin else "get" if same(base, seen.base) else "origin"),
        with_code(as_sentence(cause.fix_in_trace), base),
        open=cause.certainty == "shared" or any_origin,
        id=cause.id,
    )
