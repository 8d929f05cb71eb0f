"""What is played for a request: a scenario of the catalogue, a parameterised path, or a page of words."""

from __future__ import annotations

from collections.abc import Callable

from wsprobe.lab import catalogue
from wsprobe.lab.paths import PARAMETERISED, PathError, scenario_at
from wsprobe.lab.request import Request
from wsprobe.lab.scenario import Scenario, Step
from wsprobe.lab.template import escape

Pages = Callable[[Request], Scenario | bytes | None]


def reception(asked: Request, pages: Pages | None = None) -> Scenario:
    """Return what to play for *asked*; *pages* goes before the catalogue."""
    page = pages(asked) if pages is not None else None
    if isinstance(page, Scenario):
        return page
    if page is not None:
        return Scenario("page", "page", "A page of whoever runs the lab.", (Step("send", escape(page)),))
    resource = asked.resource.decode("latin-1")
    if resource.partition("?")[0] == "/":
        return _words("the list", "200 OK", contents())
    try:
        return scenario_at(resource)
    except catalogue.UnknownScenario as error:
        return _words("", "404 Not Found", f"{error}\n")
    except PathError as error:
        return _words("", "400 Bad Request", f"{error}\n")


def unavailable(why: str) -> Scenario:
    """Return the answer for a scenario that cannot be played here."""
    return _words("", "503 Service Unavailable", f"{why}\n")


def contents() -> str:
    """Return the list of what the lab plays, a line each."""
    paths = [f"{made.pattern}\n    {made.summary}" for made in PARAMETERISED.values()]
    scenarios = [f"/s/{name}\n    {scenario.summary}" for name, scenario in catalogue.load().items()]
    return "\n".join(["What this lab plays. Open any of it as a WebSocket.", "", *paths, "", *scenarios, ""])


def _words(name: str, status: str, text: str) -> Scenario:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Scenario(name, "page", "Words.", (Step("send", escape(head.encode("ascii") + body)),))
