"""The readers of an answer: browsers on a page and specification revisions, as the options of `compare` name
them; what they make of a recording whose request was not their own; and the results that they reached."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click
from msgspec import UNSET, Struct
from msgspec.structs import replace

from wsprobe.browsers import ALL, ENGINES, NODES, versions
from wsprobe.browsers.engine import Page, ScriptView
from wsprobe.browsers.http2 import shareable, sharing
from wsprobe.browsers.local_network import PERMISSIONS
from wsprobe.browsers.page import opened_by
from wsprobe.browsers.tell import acted_on, told
from wsprobe.browsers.url import parse
from wsprobe.cli import expect
from wsprobe.cli.option import Given, usage_error
from wsprobe.cli.paste import PastedSettings
from wsprobe.cli.request_settings import RequestSettings, origin_meant
from wsprobe.cli.settings import Settings
from wsprobe.cli.view_settings import ViewSettings
from wsprobe.exchange import Act, Exchange
from wsprobe.history import read_as_each
from wsprobe.history.data import select
from wsprobe.nearest import nearest
from wsprobe.read import handshakes, read
from wsprobe.read.closing import close_of
from wsprobe.read.frames import first_close
from wsprobe.read.head import split_head
from wsprobe.read.reading import Head, Reading
from wsprobe.read.stated import ended, not_http, supposed
from wsprobe.relay.client import seen_by_client
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report, comparable, report, report_of
from wsprobe.request import target
from wsprobe.show.compare import requested
from wsprobe.show.readers import that_count

TOGETHER = {"all": ALL, "clients": tuple(ENGINES)}
"""Words of --browser for several views."""

CALLED = {"chrome": "chromium", "edge": "chromium"}
"""Browser names -> the engine of that browser."""

SAFARI = (
    "--browser: wsprobe does not know Safari. The nearest is --browser webkitgtk: it shares the constructor, "
    "events and console with Safari, but not the network code, which is Apple's"
)

DIRECTIVES = (
    *(f"{kind}-src" for kind in ("child", "connect", "default", "font", "frame", "img", "manifest", "media")),
    *(f"{kind}-src" for kind in ("object", "prefetch", "script", "style", "worker")),
    *("script-src-attr", "script-src-elem", "style-src-attr", "style-src-elem", "base-uri", "sandbox"),
    *("form-action", "frame-ancestors", "report-uri", "report-to", "navigate-to", "plugin-types"),
    *("upgrade-insecure-requests", "block-all-mixed-content", "require-trusted-types-for", "trusted-types"),
)
"""The directives of Content Security Policy level 3, and of earlier levels."""


class Readers(Struct, frozen=True):
    """The readers of an answer: *browsers* on a *page*, and the *revisions* that judge it."""

    browsers: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    page: Page = Page(url="")
    fetch: bool = False
    """True to show fetch() of the same URL next to the socket."""
    as_is: bool = False
    """True if the browsers read wsprobe's answer, and send no request of their own."""
    strict: bool = False
    """True if any difference counts, also one that a page cannot act on."""
    entry: int | None = None
    """The number of the HAR entry to read; None for all."""


def readers(given: Given, settings: Settings) -> Readers:
    """The readers from the options that only `compare` has. Raises click.UsageError for an unknown name."""
    view, request = given[ViewSettings], given[RequestSettings]
    wanted = view.browsers or view.browser_mode or view.fetch
    expect.check(settings.expectations, "compare", has=("view",))
    watched = {each.name for each in settings.expectations if each.what == "view"}
    browsers = chosen(view.browsers) if wanted else ()
    if missing := watched - set(browsers):
        raise click.UsageError(
            f"--expect: view:{min(missing)} is not among the views: add --browser {min(missing)}"
        )
    check_csp(view.csp)
    offer = settings.handshake.offer
    return Readers(
        browsers=browsers,
        revisions=specs(view.specs),
        page=Page(
            url=opener(view.page, request.origin, view.page_http if browsers else "1.1"),
            csp=view.csp,
            protocols=offer.protocols or None,
            cookies="; ".join(offer.cookies),
            user_agent=offer.user_agent or "",
            http="2" if browsers and view.page_http == "2" else "1.1",
            address=view.page_address or "",
            permissions=permissions(view.permissions),
        ),
        fetch=view.fetch,
        as_is=view.as_is,
        strict=view.strict,
        entry=given[PastedSettings].entry,
    )


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """Engine names for the words of --browser; without words, all browsers and specifications. Raises
    click.UsageError for an unknown word."""
    words = [word.strip() for name in names for word in name.split(",") if word.strip()]
    meant: list[str] = []
    for word in words or ["all"]:
        name = CALLED.get(word.lower(), word)
        if name.lower() == "safari":
            raise click.UsageError(SAFARI)
        word_of, at, version = name.partition("@")
        if at and word_of in ENGINES and version not in versions(word_of):
            known = ", ".join(f"{word_of}@{each}" for each in versions(word_of)) or "none"
            raise click.UsageError(f"--browser: wsprobe does not know {name}; it knows: {known}")
        if word_of not in (words_known := (*ENGINES, *NODES, *TOGETHER)):
            raise click.UsageError(f"--browser: '{word}' is not one of {', '.join(words_known)}")
        meant += TOGETHER.get(name, (name,))
    return tuple(dict.fromkeys(meant))


def opener(word: str | None, origin: str | None, http: str = "1.1") -> str:
    """The page's URL, from --page or --origin; "" if neither is given, so that the page has the URL's own
    origin.

    Raises click.UsageError for an invalid URL: a browser has no such page.
    """
    url = word or ""
    if origin is not None:
        found = parse(origin)
        if found is None or "/" in origin.partition("://")[2].removesuffix("/"):
            raise click.UsageError(f"--origin: {origin!r} is not an origin{origin_meant(origin)}")
        url = origin.removesuffix("/") + "/"
    elif word is not None and parse(word) is None:
        raise click.UsageError(
            f"--page: '{word}' is not a URL: it begins with a scheme, as https://app.example/"
        )
    if url.encode("utf-8", "ignore").decode() != url:
        raise click.UsageError(f"--page: the page's URL {url!a} is not UTF-8")
    if http == "2" and url and not url.lower().startswith("https:"):
        raise click.UsageError(
            f"--page-http 2: no browser speaks HTTP/2 without TLS, and the page {url} is not an https: URL"
        )
    return url


STATES = ("granted", "denied", "prompt")


def permissions(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(name, state) of each --permission; the last one of a name counts. Raises click.UsageError."""
    found: dict[str, str] = {}
    for text in texts:
        name, _, state = text.partition("=")
        if name not in PERMISSIONS:
            near = nearest(name, PERMISSIONS)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(PERMISSIONS)}"
            raise click.UsageError(f"--permission: no permission {name!a}; {hint}")
        if state not in STATES:
            raise click.UsageError(f"--permission: {text!a} is not {name}=granted, =denied or =prompt")
        found[name] = state
    return tuple(found.items())


def check_csp(policy: str) -> None:
    """Raises click.UsageError for a misspelt directive, because a browser ignores unknown directives."""
    for directive in re.split(r"[;,]", policy):
        name = directive.strip().partition(" ")[0].lower()
        near = nearest(name, DIRECTIVES) if name and name not in DIRECTIVES else ()
        if near:
            raise click.UsageError(f"--csp: {name!r} is not a directive of CSP; did you mean {near[0]}?")


def specs(names: Sequence[str]) -> tuple[str, ...]:
    """Revision names for the words of --spec. Raises click.UsageError for an unknown one."""
    if not names:
        return ()
    with usage_error(ValueError, where="--spec"):
        return tuple(revision.name for revision in select(",".join(names)))


UNANSWERED = frozenset({Exit.UNRESOLVED, Exit.UNREACHABLE, Exit.TLS_FAILED, Exit.PROXY_FAILED, Exit.TIMEOUT})


class Reached(Struct, frozen=True):
    """The results of the readers of some recordings."""

    results: frozenset[object]
    """The different results; of three or more, two are enough to know that the recordings differ."""
    unanswered: int | None = None
    """The exit status of the first recording, if none was answered and only wsprobe read them; otherwise
    None."""


def reached(report: Report, *, strict: bool = False) -> Reached:
    """The results for one recording: of the browsers, else of the revisions, else of wsprobe.

    Without *strict*, only what a page can act on makes results of browsers differ, and those of specifications,
    which no page runs in, count only if the usual set of views was not requested.
    """
    if report.views:
        results: set[object]
        if strict:
            results = {(told(view), view.console) for view in report.views}
        else:
            results = {acted_on(report.views[number]) for number in that_count(report.views)}
        # A server that opens for wsprobe, which sends no Origin, and refuses the page: they differ, though
        # all browsers that were asked saw the same.
        opened = {each.open for each in report.result.groups}
        return Reached(frozenset(results | opened if len(opened) > 1 else results))
    if report.verdicts:
        return Reached(frozenset(verdict.answer for verdict in report.verdicts))
    unanswered = report.exit_status in UNANSWERED
    own = (comparable(report), tuple(requested(report).items()) if strict else ())
    return Reached(frozenset({own}), report.exit_status if unanswered else None)


def together(reached: Sequence[Reached]) -> Reached:
    """The results for several recordings, at least one."""
    results = frozenset().union(*(each.results for each in reached))
    answered = any(each.unanswered is None for each in reached)
    return Reached(frozenset(list(results)[:2]), None if answered else reached[0].unanswered)


def status(found: Sequence[Reached]) -> int:
    """The exit status, as diff's: 0 if every reader reached the same result, 1 if not; if nothing was answered,
    the status of the first failure."""
    of_all = together(found)
    if len(of_all.results) > 1:
        return Exit.DIFFERENT
    return Exit.OPEN if of_all.unanswered is None else of_all.unanswered


# What they make of a recording -----------------------------------------------------------------------------

TODAY = "hybi-13"
"""The wire version of every browser; a browser reads any bytes as this version."""


def recorded(exchange: Exchange, readers: Readers) -> Report:
    """The report of a recording, with each browser's view of the recorded answer."""
    made = report(exchange)
    url = target.absolute(exchange.plan.target)
    page = recorded_page(readers.page, made)
    at = shareable(url, page, exchange)
    if at is not None:  # a recording has only the target's addresses, and those from --resolve
        page = sharing(url, page, exchange, target.named_addresses(*at, exchange.plan.route))
    views = as_is(made, replace(readers, page=page))
    return replace(made, views=tuple(_as_it_said(each, made) for each in views), page=page)


def _as_it_said(view: ScriptView, made: Report) -> ScriptView:
    """*view*; for the browser whose log this is, with the sentence that it really wrote. Of an answer that is
    only a status, nothing else was hidden."""
    logged, final = made.exchange.logged, made.reading.final
    if final is not None and final.stated:
        view = replace(view, hidden=tuple(each for each in view.hidden if each.startswith("status")))
    elif logged and made.exchange.how_ended == "local":
        view = replace(view, hidden=tuple(each for each in view.hidden if "closed the connection" not in each))
    if not logged or not logged.message or view.browser != "chromium" or view.outcome != "failed":
        return view
    return replace(view, console=(f"WebSocket connection to '{view.url}' failed: {logged.message}",))


def recorded_page(page: Page, made: Report) -> Page:
    """*page*; if it has no URL, the page whose Origin the recorded request has, or that the log names if the
    browser sent nothing, or else one of the URL's own origin.

    Local Network Access let a page pass whose request is in a HAR file of Chrome: the page's address is then
    loopback, which may reach every address.
    """
    logged = made.exchange.logged
    sent = page_of_origin(made.reading.request.head)
    if logged and not sent and not made.reading.sent:
        sent = page_at(logged.page)
    if page.url or not sent:
        return opened_by(page, target.absolute(made.exchange.plan.target))
    by_chrome = made.exchange.rebuilt is not UNSET and "WebInspector" in made.exchange.rebuilt
    return replace(page, url=sent, address=page.address or ("loopback" if by_chrome else ""))


def page_of_origin(request: Head) -> str:
    """The URL of the page that sent the head *request*, with nothing after its origin; "" without an Origin,
    with several, or with one that names no page (``null``)."""
    origins = request.all(b"origin")
    return page_at(origins[0].value.decode("latin-1")) if len(origins) == 1 else ""


def page_at(origin: str) -> str:
    """The URL of a page of *origin*; "" if it names no page."""
    url = f"{origin}/"
    return url if "://" in url and parse(url) is not None else ""


def as_is(made: Report, readers: Readers, script_url: str = "") -> tuple[ScriptView, ...]:
    """The browsers' views of a recording with another client's request, in any wire version."""
    page = readers.page
    readings = as_today(made)
    offered = made.reading.request.protocols
    if page.protocols is None and offered:
        page = replace(page, protocols=tuple(p.decode("latin-1") for p in offered))
    url = script_url or readings[0].exchange.plan.target.url
    page = opened_by(page, url)
    return tuple(ENGINES[name].view(url, page, readings) for name in readers.browsers)


def views_again(made: Report) -> tuple[ScriptView, ...]:
    """The views of *made*, worked out again from its answers."""
    page = made.page or Page()

    def again(number: int, view: ScriptView) -> ScriptView:
        if not made.answers:
            (seen,) = as_is(made, Readers(browsers=(view.browser,), page=page), view.url)
            return _as_it_said(seen, made)
        answer = made.answers[number]
        readings = [] if answer is None else as_today(report_of(answer))
        return ENGINES[view.browser].view(view.url, page, readings)

    return tuple(again(number, view) for number, view in enumerate(made.views))


def as_client_saw(made: Report, browsers: Sequence[str]) -> Report:
    """*made*, of a relay, with the views of *browsers* for the page that was the client: of the server's
    answer, or of wsprobe's replacement. Unchanged if the client was not a page."""
    client = made.exchange.client
    if client is UNSET or not browsers:
        return made
    url = page_of_origin(split_head(client.request)[0])
    if not url:
        return made
    seen = report(seen_by_client(made.exchange))
    page = Page(url=url, acts=_closed_by_page(seen.reading))
    return replace(made, views=as_is(seen, Readers(browsers=tuple(browsers), page=page)), page=page)


def _closed_by_page(reading: Reading) -> tuple[Act, ...]:
    """The call of close() behind the Close that the client of a relay sent first; () if it sent none, or one
    that no script can send."""
    session, close = reading.session, close_of(reading)
    sent = first_close(session.sent) if session is not None else None
    if close is None or close.by != "client" or sent is None:
        return ()
    code = sent.close_code
    if code not in (None, 1000) and not 3000 <= code < 5000:
        return ()
    return (Act("time", "close", sent.data[2:], code, sent.at),)


def as_today(made: Report) -> list[Reading]:
    """The exchanges of a report, oldest first, read as RFC 6455 in any wire version, as browsers do."""

    def as_of_today(exchange: Exchange) -> Reading:
        return read(replace(exchange, plan=replace(exchange.plan, wire=TODAY)))

    own = made.reading if made.exchange.plan.wire == TODAY else as_of_today(made.exchange)
    if own.final is not None and own.final.stated:
        own = read(supposed(own.exchange, own.final))
    elif (own.final is not None and own.exchange.logged and own.session is None) or not_http(own.exchange):
        own = read(ended(own.exchange))  # that browser read no more, others would have
    read_all = (*map(as_of_today, made.exchange.hops), own)
    return [_absolute(each) for last in read_all for each in handshakes(last)]


def _absolute(reading: Reading) -> Reading:
    """*reading*, whose URL has a scheme, as that of a script has."""
    exchange = reading.exchange
    plan = exchange.plan
    url = target.absolute(plan.target)
    if url == plan.target.url:
        return reading
    return replace(
        reading, exchange=replace(exchange, plan=replace(plan, target=replace(plan.target, url=url)))
    )


def with_verdicts(made: Report, readers: Readers) -> Report:
    """*made* with a verdict for each revision of the readers."""
    if not readers.revisions:
        return made
    return replace(made, verdicts=read_as_each(made.reading, readers.revisions))
