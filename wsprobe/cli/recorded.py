"""The browsers' views of a recording whose request was not their own: each reads the recorded answer."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page, ScriptView
from wsprobe.browsers.http2 import shareable, sharing
from wsprobe.browsers.page import opened_by
from wsprobe.browsers.url import parse
from wsprobe.cli.readers import Readers
from wsprobe.exchange import Act, Exchange
from wsprobe.history import read_as_each
from wsprobe.read import handshakes, read
from wsprobe.read.closing import close_of
from wsprobe.read.frames import first_close
from wsprobe.read.head import split_head
from wsprobe.read.reading import Head, Reading
from wsprobe.read.stated import ended, not_http, supposed
from wsprobe.relay.client import seen_by_client
from wsprobe.report.report import Report, report
from wsprobe.request import target

TODAY = "hybi-13"
"""The wire version of every browser; a browser reads any bytes as this version."""


def recorded(exchange: Exchange, readers: Readers) -> Report:
    """The report of a recording, with each browser's view of the recorded answer."""
    made = report(exchange)
    url = exchange.plan.target.url
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
        return opened_by(page, made.url)
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
    return [each for last in (*map(as_of_today, made.exchange.hops), own) for each in handshakes(last)]


def with_verdicts(made: Report, readers: Readers) -> Report:
    """*made* with a verdict for each revision of the readers."""
    if not readers.revisions:
        return made
    return replace(made, verdicts=read_as_each(made.reading, readers.revisions))
