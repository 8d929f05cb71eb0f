"""Weaknesses of an endpoint: whose pages open a session (cross-site WebSocket hijacking)."""

from __future__ import annotations

from wsprobe.diagnosis.origin_checks import origin_checks
from wsprobe.diagnosis.proxies import LineValues, mending, path_for_lines
from wsprobe.trace.audit_requests import (
    foreign_that_opens,
    kept_by_browsers,
    page_origin,
    prefixed,
    sibling,
    suffixed,
)
from wsprobe.trace.audit_session import admitted, came, reference, refused, unsteady
from wsprobe.trace.request_words import STRANGER
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import Shown, found, weakness


@weakness
def any_origin(seen: Trace) -> Shown:
    like, bare, kept = reference(seen), seen["no-credentials"], kept_by_browsers(seen.start.plan)
    tried = {name: answer for name in ("origin-other", "origin-null") if (answer := seen[name]) is not None}
    names = [name for name, answer in tried.items() if admitted(answer, like)]
    if not kept:
        return "no cookies (-b), Basic credentials (-u) or client certificate (--cert) were given"
    if not tried:
        return "no foreign Origin was sent"
    if not names:
        unclear = next((answer for answer in tried.values() if not refused(answer)), None)
        return f"a foreign Origin got {came(unclear)}" if unclear is not None else unsteady(seen)
    if bare is None:
        return "it was not tested without the credentials"
    if admitted(bare, like):
        return "it opens without the credentials too: public, or protected later in the session"
    if not refused(bare):
        return f"without the credentials it got {came(bare)}"
    if why := unsteady(seen):
        return why
    origins = " and ".join({"origin-other": STRANGER, "origin-null": "null"}[name] for name in names)
    opened = seen.answers[names[0]]
    only_null = names == ["origin-null"]
    alone = (
        "Sandboxed frames and data: URLs send Origin: null, and any page can make one. "
        if only_null
        else "The Origin is not checked. "
    )
    return found(
        f"{alone}With {' and '.join(kept)}, a page of any website opens a session; without them it is refused.",
        (*names, "no-credentials", "again"),
        sent=f"the handshake with {' and '.join(kept)}, Origin: {origins}; then the same without them, "
        f"Origin: {foreign_that_opens(seen)}",
        came=f"{came(opened)}; without them {came(bare)}",
        fix="take null out of the allowed origins" if only_null else lines_for(seen),
    )


def lines_for(seen: Trace) -> str:
    """What to write so that only the page's own Origin is let in: in the program, or in the proxy."""
    page = page_origin(seen)
    programs = [each.author.id for each in seen.answers.values() if each.author.id]
    place = LineValues(path_for_lines(seen.start.plan.target.resource), part=page)
    proxies = mending("origin", seen.proxies, place) if seen.proxies else ""
    return "\n".join(filter(None, (origin_checks(programs, page), proxies)))


def _compared(seen: Trace, name: str, origin: str, how: str) -> Shown:
    """Whether the *origin* of *name* opens a session, where the page's own does and a foreign one does not."""
    other, own, tried = seen["origin-other"], seen.own, seen[name]
    if own is None or not admitted(own, own):
        return "the page's own Origin opens no session (--origin gives another)"
    if other is None or admitted(other, reference(seen)):
        return "any Origin opens a session" if other is not None else "no foreign Origin was sent"
    if not refused(other):
        return f"a foreign Origin got {came(other)}, which is not a refusal"
    if tried is None:
        return "no such Origin can come from a browser for this host, or it was left out"
    if not admitted(tried, reference(seen)) and not refused(tried):
        return f"it got {came(tried)}"
    if refused(tried) or unsteady(seen):
        return unsteady(seen)
    return found(
        f"The server compares only the {how} of the Origin: it accepts {origin}, and refuses {STRANGER}.",
        ("origin-other", name, "again"),
        sent=f"the handshake with Origin: {origin}, which is another site than {page_origin(seen)}; then with "
        f"Origin: {STRANGER}",
        came=f"{came(tried)}; with {STRANGER} {came(other)}",
        fix=lines_for(seen),
    )


@weakness
def origin_prefix(seen: Trace) -> Shown:
    return _compared(seen, "origin-prefix", prefixed(page_origin(seen)), "beginning")


@weakness
def origin_suffix(seen: Trace) -> Shown:
    page, other = page_origin(seen), seen["origin-sibling"]
    shown = _compared(seen, "origin-domain", suffixed(page, 2), "end")
    if not isinstance(shown, str):
        return shown
    shown = _compared(seen, "origin-suffix", suffixed(page), "end")
    if isinstance(shown, str) or not sibling(page) or refused(other):
        return shown
    # evilchat.app.example may be let in by a rule for all names of app.example, as another name there shows.
    every = admitted(other, reference(seen))
    return "" if every else "it is unknown whether the server allows all names under the parent domain"
