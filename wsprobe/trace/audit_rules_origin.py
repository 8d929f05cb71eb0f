"""Weaknesses of an endpoint: whose pages open a session (cross-site WebSocket hijacking)."""

from __future__ import annotations

from collections.abc import Iterator

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
from wsprobe.trace.audit_session import admitted, came, reference, refused, steady, unsteady
from wsprobe.trace.changes import STRANGER
from wsprobe.trace.conclusion import Conclusion, rule
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import found, weakness

CHECK = (
    "Compare the Origin of each handshake with the whole origins of your pages (scheme, host and port), and "
    "refuse any other before a session opens. SameSite=Lax or Strict on the session's cookie helps too."
)


def _untested_any(seen: Trace) -> str:
    """Why it is not known whether any page can use a session."""
    like = reference(seen)
    if not kept_by_browsers(seen.start.plan):
        return "no cookies (-b), Basic credentials (-u) or client certificate (--cert) were given"
    answers = [seen[name] for name in ("origin-other", "origin-null")]
    opened = [each for each in answers if admitted(each, like)]
    if not opened:
        unclear = [each for each in answers if each is not None and not refused(each)]
        if not any(answers) or unclear:
            return f"a foreign Origin got {came(unclear[0])}" if unclear else "no foreign Origin was sent"
        return unsteady(seen)
    bare = seen["no-credentials"]
    if bare is None:
        return "it was not tested without the credentials"
    if admitted(bare, like):
        return "it opens without the credentials too: public, or protected later in the session"
    return unsteady(seen) if refused(bare) else f"without the credentials it got {came(bare)}"


@weakness(
    "Any website can open a session as its visitor",
    "error",
    cwe=1385,
    fix=CHECK,
    untested=_untested_any,
)
@rule(
    "a foreign Origin, or null, opens a session with the given cookies or credentials, and not without them",
    "browsers send cookies and stored credentials with a handshake, whichever page opens it, and CORS does not "
    "apply. Any page that a logged-in user visits can open this socket as that user, and read and send "
    "messages (cross-site WebSocket hijacking)",
    "whether the cookies' SameSite keeps them from handshakes of other sites; what a session gives",
)
def any_origin(seen: Trace) -> Iterator[Conclusion]:
    like, bare = reference(seen), seen["no-credentials"]
    names = [name for name in ("origin-other", "origin-null") if admitted(seen[name], like)]
    kept = kept_by_browsers(seen.start.plan)
    if not names or bare is None or not kept or not refused(bare) or not steady(seen):
        return
    origins = " and ".join({"origin-other": STRANGER, "origin-null": "null"}[name] for name in names)
    opened = seen.answers[names[0]]
    only_null = names == ["origin-null"]
    alone = (
        "Sandboxed frames and data: URLs send Origin: null, and any page can make one. "
        if only_null
        else "The Origin is not checked. "
    )
    yield found(
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


def _untested_comparison(seen: Trace, name: str) -> str:
    """Why it is not known how the Origin is compared."""
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
    return unsteady(seen)


def _let_in(seen: Trace, name: str) -> bool:
    """True if the Origin of *name* opens a session, where the page's own does and a foreign one does not."""
    own, like = seen.own, reference(seen)
    return admitted(own, own) and refused(seen["origin-other"]) and admitted(seen[name], like) and steady(seen)


def _bypassed(seen: Trace, name: str, origin: str, how: str) -> Conclusion:
    return found(
        f"The server compares only the {how} of the Origin: it accepts {origin}, and refuses {STRANGER}.",
        ("origin-other", name, "again"),
        sent=f"the handshake with Origin: {origin}, which is another site than {page_origin(seen)}; then with "
        f"Origin: {STRANGER}",
        came=f"{came(seen.answers[name])}; with {STRANGER} {came(seen.answers['origin-other'])}",
        fix=lines_for(seen),
    )


BYPASS = (
    "anyone who registers such a name passes the check: a page there opens this socket in its visitor's "
    "browser, with that user's cookies"
)


@weakness(
    "The Origin is compared by its beginning",
    "error",
    cwe=1385,
    fix=CHECK,
    untested=lambda seen: _untested_comparison(seen, "origin-prefix"),
)
@rule(
    "an Origin that begins like the right one opens a session, and another foreign one is refused",
    BYPASS,
    "whether the comparison is a prefix, or a regular expression without its end ($)",
)
def origin_prefix(seen: Trace) -> Iterator[Conclusion]:
    if _let_in(seen, "origin-prefix"):
        yield _bypassed(seen, "origin-prefix", prefixed(page_origin(seen)), "beginning")


def _suffix_that_opens(seen: Trace) -> str:
    """The request whose Origin ends as the right one does, and which opens; "" if none shows it."""
    if _let_in(seen, "origin-domain"):
        return "origin-domain"
    if not _let_in(seen, "origin-suffix"):
        return ""
    # evilchat.app.example may be let in by a rule for all names of app.example, as another name there shows.
    return "origin-suffix" if not sibling(page_origin(seen)) or refused(seen["origin-sibling"]) else ""


def _untested_suffix(seen: Trace) -> str:
    why = _untested_comparison(seen, "origin-suffix")
    other = seen["origin-sibling"]
    if why or not _let_in(seen, "origin-suffix") or _suffix_that_opens(seen):
        return why
    if other is not None and admitted(other, reference(seen)):
        return ""  # all names under the parent are allowed
    return "it is unknown whether the server allows all names under the parent domain"


@weakness(
    "The Origin is compared by its end",
    "error",
    cwe=1385,
    fix=CHECK,
    untested=_untested_suffix,
)
@rule(
    "an Origin that ends like the right one, without a dot before it, opens a session, and another foreign "
    "one is refused",
    BYPASS,
    "whether such a name can be registered",
)
def origin_suffix(seen: Trace) -> Iterator[Conclusion]:
    name = _suffix_that_opens(seen)
    if name:
        origin = suffixed(page_origin(seen), 2 if name == "origin-domain" else 0)
        yield _bypassed(seen, name, origin, "end")
