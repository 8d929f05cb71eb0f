"""The server's side of the lab's page: its files, its requests, and its access control.

The page is at ``/`` for clients that prefer HTML; its parts are under ``/-/``. It runs scenarios in the browser
that opens it, each in a frame (a *stage*), so that a scenario's page can have its own URL and policy. The page
sends back what the script saw, and ``measured`` compares that with the engines' views.
"""

from __future__ import annotations

import socket
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from secrets import compare_digest, token_urlsafe
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec
import trio

from wsprobe.browsers import BY_NAME, ENGINES, client
from wsprobe.browsers.engine import Page
from wsprobe.data_file import text_beside
from wsprobe.lab import load, subjects
from wsprobe.lab.certificates import NoCertificates
from wsprobe.lab.connection import ConnectionLog, Note
from wsprobe.lab.door import own_answer
from wsprobe.lab.measured import MEASURED, Browser, Measured, Observation, ViewComparison, cap, held
from wsprobe.lab.scenario import Scenario
from wsprobe.lab.server import Lab, LabError
from wsprobe.lab.staging import (
    ANOTHER,
    OVER_HTTP2,
    described,
    elsewhere,
    in_order,
    job,
    needs_trust,
    speaks_tls,
    stage_host,
    with_script,
)
from wsprobe.read.request import Request
from wsprobe.request.target import bracketed, host_of, names_this_machine
from wsprobe.text import visible
from wsprobe.version import __version__

PREFIX = "/-/"
"""The prefix of the page's parts. No scenario has this name."""


FILES = {
    "page.js": "text/javascript",
    "run.js": "text/javascript",
    "visit.js": "text/javascript",
    "style.css": "text/css",
}
"""The files of the page, by their names under PREFIX."""


FRONT = ("403", "refused", "302-ws", "accept-wrong", "wss-unknown-ca", "close-4403")
"""The scenarios that the page shows first: failures that look alike to a script, and one that does not."""


CONNECTIONS_KEPT, SCENARIOS_KEPT = 4, 64


RUNS_KEPT = 8
"""The most runs of the whole catalogue at the same time. A further run drops the oldest."""


class PageVisit:
    """One URL that a page of the lab opens, in a browser that another part of the program starts."""

    def __init__(self, job: dict[str, Any], policy: str) -> None:
        """*job*: a return value of ``job_of``. *policy*: the Content-Security-Policy of the page."""
        self.job = job
        self.policy = policy
        self.over = trio.Event()
        self.seen: Observation | None = None
        """What the script saw; None until the visit is over."""
        self.user_agent = ""


class Site:
    """The *front* for ``wsprobe.lab.server.serve``."""

    def __init__(
        self,
        *,
        names: Sequence[str] | None = None,
        addresses: bool = False,
        token: str = "",
        hosts: Sequence[str] = (),
        keep: Callable[[Measured], object] | None = None,
    ) -> None:
        """*names*: the names allowed in a Host field, in addition to loopback addresses and localhost; None:
        any. *addresses*: allow any address in a Host field. *token*: required in the URL of the page. *hosts*:
        the addresses at which the page may run scenarios in parallel; with only one, it runs them one by one.
        *keep* receives the results of a run of the whole catalogue, if the person at the browser sends them."""
        self._names = None if names is None else frozenset(host_of(n) or n.lower() for n in names)
        self._addresses = addresses
        self._token = token
        self._key = token or new_token()
        """What only the lab's own pages know, so that no other page can use their parts."""
        self._hosts = tuple(hosts)
        self._keep = keep
        self._stages: dict[tuple[str, str], Scenario] = {}
        """(Host field, path) of a page at its own URL -> its scenario."""
        self._visits: dict[str, PageVisit] = {}
        self._sent: OrderedDict[tuple[bytes, str], deque[ConnectionLog]] = OrderedDict()
        self._runs: OrderedDict[str, Measured] = OrderedDict()

    def visit(self, lab: Lab, visit: PageVisit) -> str:
        """The URL that makes a browser carry out *visit*. It cannot be guessed: the job may contain
        credentials, and every user of this machine can reach the lab."""
        key = token_urlsafe()
        visit.job.setdefault("stage", f"/?stage=@{key}")
        visit.job["key"] = self._key
        self._visits[key] = visit
        return f"http://{lab.host}:{lab.ports['plain']}{self._prefix}visit/{key}"

    @property
    def _prefix(self) -> str:
        return f"{PREFIX}{self._key}/"

    def page_url(self, host: str, port: int) -> str:
        """The URL of the page, with the token if there is one."""
        return f"http://{bracketed(host)}:{port}/" + (f"?token={self._token}" if self._token else "")

    @property
    def open_to_others(self) -> bool:
        return bool(self._token)

    async def answer(self, lab: Lab, asked: Request, secure: bool) -> bytes | None:
        """The whole response to *asked*; None if the catalogue is to answer."""
        hosts = [field.value.decode("latin-1") for field in asked.head.all(b"host")]
        if not all(self.is_own(host) for host in hosts):
            return _words(
                "421 Misdirected Request",
                f"This lab refuses that host name. To allow it: wsprobe serve --allow-host {_shown(hosts)}",
            )
        if asked.upgrade or asked.method not in (b"GET", b"HEAD", b"POST"):
            return None
        host = hosts[0] if hosts else ""
        resource = asked.resource.decode("latin-1")
        path, _, query = resource.partition("?")
        if (host, resource) in self._stages:
            return self._stage(self._stages[host, resource].page.csp)
        if secure or host_of(host) is None:
            return None
        if path == "/":
            return self._root(lab, asked, host, parse_qs(query))
        if not path.startswith(PREFIX):
            return None
        key, _, word = path.removeprefix(PREFIX).partition("/")
        if not compare_digest(key.encode(), self._key.encode()):
            return _words(
                "403 Forbidden", "Only the pages of this lab have this path; it changes with each start."
            )
        if asked.method == b"POST":
            return await self._posted(asked, host, word)
        return self._got(lab, asked, host, word, parse_qs(query))

    def noted(self, scenario: Scenario, asked: Request) -> Note:
        """Keeps what is sent on the connection, for the page."""
        key = asked.first(b"user-agent"), scenario.name
        connections = self._sent.setdefault(key, deque(maxlen=CONNECTIONS_KEPT))
        self._sent.move_to_end(key)
        while len(self._sent) > SCENARIOS_KEPT:
            self._sent.popitem(last=False)
        sent = ConnectionLog(asked.head.raw)
        connections.append(sent)
        return sent.add

    def is_own(self, host: str) -> bool:
        """True if this lab accepts a Host field. If it accepted all, a foreign page could reach it through a
        name of its own."""
        if self._names is None:
            return True
        return names_this_machine(host, self._names, self._addresses)

    def _root(self, lab: Lab, asked: Request, host: str, query: Mapping[str, list[str]]) -> bytes | None:
        """The page or a stage as a response; None for clients that prefer plain text."""
        stage = _first(query, "stage")
        if not stage and b"text/html" not in asked.first(b"accept").lower():
            return None if not self._token else _words("403 Forbidden", "The page needs a token in its URL.")
        if self._token and not compare_digest(_first(query, "token").encode(), self._token.encode()):
            return _words("403 Forbidden", "The URL lacks the token that wsprobe serve printed.")
        if stage.startswith("@"):
            found = self._visits.get(stage[1:])
            return self._stage(found.policy) if found else _not_found()
        if stage:
            scenario = load().get(stage)
            return self._stage(scenario.page.csp) if scenario else _not_found()
        return _html(_text("index.html").replace("{prefix}", self._prefix), self._policy(host))

    def _stage(self, policy: str) -> bytes:
        """The page that opens a socket: it obeys who knows the key, since any page may have it in a frame."""
        text = _text("stage.html").replace("/*MEASURE*/", measuring_script()).replace("{key}", self._key)
        return _html(text, with_script(policy))

    def _policy(self, host: str) -> str:
        """The page's Content-Security-Policy: its own files only, and frames of this lab only."""
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        frames = " ".join(
            f"http://{one}:* https://{one}:*" for one in dict.fromkeys((name, ANOTHER, *self._hosts))
        )
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            f"connect-src 'self'; frame-src {frames}; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )

    def _got(
        self, lab: Lab, asked: Request, host: str, word: str, query: Mapping[str, list[str]]
    ) -> bytes | None:
        kind, _, name = word.partition("/")
        if word in FILES:
            return own_answer("200 OK", FILES[word], _text(word).encode())
        if word == "scenarios":
            return _json(self._scenarios(lab, host, asked.first(b"user-agent").decode("latin-1")))
        if kind == "job":
            return self._job(lab, asked, host, unquote(name), _first(query, "host"))
        if kind == "visit":
            key, _, what = name.partition("/")
            found = self._visits.get(key)
            if found is None:
                return _not_found()
            if what == "job":
                return _json(found.job)
            return _html(_text("visit.html").replace("{prefix}", self._prefix), self._policy(host))
        if word == "authority.pem":
            try:
                return own_answer("200 OK", "application/x-pem-file", lab.certificates.authority)
            except NoCertificates as error:
                return _words("503 Service Unavailable", str(error))
        return _not_found()

    async def _posted(self, asked: Request, host: str, word: str) -> bytes:
        """Receive the page's results. Only the page itself may send them."""
        if asked.first(b"origin") not in (b"", b"http://" + host.encode("latin-1")) or not asked.first(
            b"content-type"
        ).startswith(b"application/json"):
            return _words("403 Forbidden", "Only the page of this lab may send this.")
        kind, _, name = word.partition("/")
        try:
            if kind == "held":
                seen = msgspec.json.decode(asked.body, type=Observation)
                return _json(await self._held(asked, seen))
            if kind == "keep" and self._keep is not None:
                return self._kept(msgspec.json.decode(asked.body, type=ResultsPart))
            if kind == "visit" and (visit := self._visits.get(name)) is not None:
                visit.seen = msgspec.json.decode(asked.body, type=Observation)
                visit.user_agent = asked.first(b"user-agent").decode("latin-1")
                visit.over.set()
                return _json({})
        except RecursionError:
            return _words("400 Bad Request", "not what the page sends: nested too deeply")
        except (msgspec.DecodeError, UnicodeError) as error:
            return _words("400 Bad Request", f"not what the page sends: {error}")
        return _not_found()

    def _scenarios(self, lab: Lab, host: str, user_agent: str) -> dict[str, Any]:
        """The content of the page before any run."""
        subject_of = {name: title for title, names in subjects().items() for name in names}
        browser = client(user_agent)
        name = host_of(host) or host
        tls = _tls_reason(lab)
        return {
            "version": __version__,
            "browser": {
                "name": browser.name,
                "version": browser.version,
                "title": browser.title,
                "engine": browser.engine,
            },
            "engines": [
                {"name": each, "title": BY_NAME[each].title, "version": ENGINES[each].version}
                for each in MEASURED
            ],
            "front": FRONT,
            "hosts": self._hosts or (bracketed(name),),
            "token": self._token,
            "keeps": self._keep is not None,
            "scenarios": [
                {
                    "name": each.name,
                    "about": each.about,
                    "subject": subject_of[each.name],
                    "summary": each.summary,
                    "trust": needs_trust(each),
                    "left": (OVER_HTTP2 if each.http2 is not None else "")
                    or (tls if speaks_tls(each) else "")
                    or elsewhere(each, name, lab.listens_at),
                }
                for each in in_order(load().values())
            ],
        }

    def _job(self, lab: Lab, asked: Request, host: str, name: str, at: str) -> bytes:
        """The response with the data that the page needs to run one scenario. Adds its stage."""
        scenario = load().get(name)
        at = bracketed((at or host_of(host) or lab.host).strip("[]"))
        name_at = host_of(at)
        if scenario is None or name_at is None or not self.is_own(at):
            return _not_found()
        try:
            job = self.job_of(lab, scenario, name_at)
        except (LabError, NoCertificates) as error:
            return _words("503 Service Unavailable", str(error))
        self._sent.pop((asked.first(b"user-agent"), name), None)
        return _json(job)

    def job_of(self, lab: Lab, scenario: Scenario, host: str) -> dict[str, Any]:
        """The data that the page needs to run *scenario* at *host*. Adds its stage if it has its own URL.

        Raises LabError, NoCertificates.
        """
        where = lab.place(scenario, host)
        page = scenario.page
        stage = f"/?stage={quote(scenario.name)}" + (f"&token={self._token}" if self._token else "")
        if page.url != Page().url:
            stage = where.page.url
            parts = urlsplit(stage)
            self._stages[parts.netloc, parts.path] = scenario
        elif (at := stage_host(scenario, host)) != host:
            stage = f"http://{at}:{lab.ports['plain']}{stage}"
        return job(scenario.name, where.url, page, cap(scenario)) | {
            "key": self._key,
            "host": bracketed(host),
            "ports": {str(name): port for name, port in lab.ports.items()},
            "stage": stage,
            "jar": any(b"set-cookie" in step.data.lower() for step in scenario.steps),
            "warm": "" if page.csp or page.url != Page().url else f"ws://{where_is(host, lab)}/s/ok",
            "wire": described(scenario),
        }

    async def _held(self, asked: Request, seen: Observation) -> dict[str, Any]:
        scenario = load().get(seen.scenario)
        if scenario is None:
            raise msgspec.ValidationError(f"there is no scenario {seen.scenario!a}")
        rows = await trio.to_thread.run_sync(_hold, scenario, seen, abandon_on_cancel=True)
        sent = self._sent.get((asked.first(b"user-agent"), seen.scenario), ())
        engines = [
            {
                "name": row.view.engine,
                "differences": row.differences,
                "races": row.view.races,
                "says": row.view.says,
                "hidden": row.view.hidden,
                "because": row.view.because,
                "outcome": row.view.outcome,
            }
            for row in rows
        ]
        return {"engines": engines, "wire": [one.value() for one in sent]}

    def _kept(self, part: ResultsPart) -> bytes:
        """Add a part to its run; pass the run on when it is complete."""
        known = self._runs.setdefault(part.run, Measured(part.browser, {}))
        while len(self._runs) > RUNS_KEPT:
            self._runs.popitem(last=False)
        known.seen.update((one.scenario, one) for one in part.seen if one.scenario in load())
        if part.last:
            assert self._keep is not None
            self._keep(Measured(part.browser, self._runs.pop(part.run).seen))
        return _json({})


def new_token() -> str:
    """A secret that cannot be guessed, fit for a URL."""
    return token_urlsafe(12)


def reachable(host: str) -> str:
    """An address at which a lab that listens at *host* can be reached. If it listens at every address, one of
    this machine's.

    Sends nothing: connecting a UDP socket only finds the address that it would send from.
    """
    if host not in ("0.0.0.0", "::"):
        return host
    family, elsewhere = (socket.AF_INET, "192.0.2.1") if host == "0.0.0.0" else (socket.AF_INET6, "2001:db8::1")
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((elsewhere, 9))
        except OSError:
            return "127.0.0.1" if family == socket.AF_INET else "::1"
        return str(sock.getsockname()[0])


class ResultsPart(msgspec.Struct, frozen=True):
    """A part of the results of a run of the whole catalogue, from the page."""

    run: str
    browser: Browser
    seen: tuple[Observation, ...]
    last: bool


def where_is(host: str, lab: Lab) -> str:
    """``host:port`` of the plain listener, as reached at *host*."""
    return f"{bracketed(host)}:{lab.ports['plain']}"


def _tls_reason(lab: Lab) -> str:
    try:
        _ = lab.certificates
    except NoCertificates as error:
        return str(error)
    return ""


def _hold(scenario: Scenario, seen: Observation) -> list[ViewComparison]:
    return [held(engine, scenario, seen) for engine in MEASURED]


@cache
def _text(name: str) -> str:
    return text_beside(__file__, "page", name)


def measuring_script() -> str:
    """The JavaScript that opens a socket and records every event and result."""
    return _text("measure.js")


def _first(query: Mapping[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0]


def _shown(hosts: Sequence[str]) -> str:
    names = (visible(host.encode("latin-1", "replace")).partition(":")[0] for host in hosts)
    return " ".join(names)[:200]


def _html(text: str, policy: str) -> bytes:
    return own_answer("200 OK", "text/html", text.encode(), policy)


def _json(value: Any) -> bytes:
    return own_answer("200 OK", "application/json", msgspec.json.encode(value))


def _words(status: str, text: str) -> bytes:
    return own_answer(status, "text/plain", f"{text}\n".encode())


def _not_found() -> bytes:
    return _words("404 Not Found", "There is nothing here; the page is at /")
