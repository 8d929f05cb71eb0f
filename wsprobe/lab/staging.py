"""A scenario on the lab's page: what opens it, and whether a browser can run it there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from wsprobe.browsers.engine import Page
from wsprobe.exchange import Act
from wsprobe.lab.perform import needed
from wsprobe.lab.ports import KINDS, own_url
from wsprobe.lab.scenario import Listener, Scenario, Step, fill
from wsprobe.request.target import loopback
from wsprobe.text import visible

ANOTHER = "localhost"
"""A second name of this machine, for a scenario whose page is on another site than its server."""


LOOPBACK_NAMES = ("127.", "localhost", "2130706433", "[::1]", "[::ffff:")
"""The names of this machine in the URLs of scenarios."""


FAULTS = {
    "unknown-ca": "a TLS server with a certificate from an untrusted authority",
    "expired": "a TLS server with an expired certificate",
    "wrong-name": "a TLS server with a certificate for another name",
    "common-name": "a TLS server with a certificate that has its name as common name only",
    "client-certificate": "a TLS server that requires a client certificate",
    "old-version": "a TLS server that speaks at most TLS 1.1",
}


def described(scenario: Scenario) -> list[str]:
    """The behaviour of the scenario's port in words, for a scenario that never answers a request; else []."""
    if scenario.listener == "unused":
        return ["nothing listens at this port: the connection is refused"]
    kind = KINDS[scenario.listener]
    if kind.steps is None:
        return [FAULTS[kind.fault]] if kind.fault else []
    if not kind.steps:
        return ["the server ends TCP (FIN) as soon as the connection is open"]
    return [_deed(step) for step in kind.steps]


def _deed(step: Step) -> str:
    match step.do:
        case "send":
            return f"the server sends {visible(fill(step.data, {})[:80])}"
        case "read":
            return f"the server waits for bytes, at most {step.seconds:g} s"
        case "hold" | "wait":
            return f"the server waits {step.seconds:g} s"
        case "reset":
            return "the server drops the connection (RST)"
    return f"the server does: {step.do}"


def job(name: str, url: str, page: Page, patience: float) -> dict[str, Any]:
    """The data that ``measure.js`` needs to open one socket. *patience*: seconds until the page stops
    waiting."""
    made: dict[str, Any] = {
        "name": name,
        "url": url,
        "construct": page.construct,
        "acts": [act_value(act) for act in page.acts],
        "cap": round(patience * 1000),
        "cookies": page.cookies,
    }
    if page.protocols is not None:
        made["protocols"] = page.protocols
    return made


def act_value(act: Act) -> dict[str, object]:
    """One call of the script, for ``measure.js``. None means ``undefined``: a reason without a code."""
    value: dict[str, object] = {"when": act.when, "do": act.do, "after": act.after / 1000}
    if act.do == "close":
        value["arguments"] = (
            [act.code, act.data.decode()] if act.data else [] if act.code is None else [act.code]
        )
    elif act.do == "binary":
        value["hex"] = act.data.hex()
    else:
        value["text"] = act.data.decode()
    return value


def with_script(policy: str) -> str:
    """*policy* with directives that allow the stage's script. Those that affect WebSockets stay unchanged."""
    if not policy or "script-src" in policy:
        return policy
    return f"{policy}; script-src 'unsafe-inline' 'unsafe-eval'; img-src data:"


OVER_HTTP2 = "its page must come over HTTP/2, and this page did not"
"""Why the page skips such a scenario."""


def in_order(scenarios: Any) -> list[Scenario]:
    """*scenarios*, with those that have credentials in their URL last: a browser repeats such credentials in
    later requests."""
    return sorted(scenarios, key=lambda each: "@{ip}" in each.url)


def _addressed(scenario: Scenario) -> str:
    return scenario.url or own_url(scenario)


def _listeners(template: str) -> list[Listener]:
    return [name for name in KINDS if f"{{{name}}}" in template]


def speaks_tls(scenario: Scenario) -> bool:
    """True if the lab needs a certificate for *scenario*."""
    template = _addressed(scenario) + scenario.page.url
    sent = needed(scenario.steps)
    return any(KINDS[name].tls for name in KINDS if f"{{{name}}}" in template or name in sent)


def needs_trust(scenario: Scenario) -> bool:
    """True if a browser's result depends on its trust in the lab's authority."""
    url = _addressed(scenario).strip().lower()
    by_url = url.startswith(("wss:", "https:")) and any(
        KINDS[name].tls and KINDS[name].fault != "unknown-ca" for name in _listeners(url)
    )
    return by_url or scenario.page.url.startswith("https:") or "tls" in needed(scenario.steps)


def elsewhere(scenario: Scenario, host: str, listens_at: Callable[[str], bool]) -> str:
    """Why a browser that reaches the lab at *host* cannot run *scenario*, "" if it can. *listens_at*: whether
    the lab listens at an address."""
    here = loopback(host)
    url = scenario.url.lower()
    if not here and any(name in url for name in LOOPBACK_NAMES):
        return "its URL has the loopback address, which means the browser's own machine, not the lab's"
    if not here and "'self'" in scenario.page.csp:
        return "its page must be at another address than the server"
    if (page := scenario.page.url) != Page().url and "{ip}" not in page:
        return f"its page is at {page}, which is not this lab"
    deaf = [address for address in re.findall(r"\b127\.\d+\.\d+\.\d+\b", url) if not listens_at(address)]
    if deaf and scenario.listener != "unused":
        return f"its URL has {deaf[0]}, where this lab does not listen"
    return ""


def stage_host(scenario: Scenario, host: str) -> str:
    """The host of the page that opens *scenario* at *host*. It differs from *host* if the page's policy has
    'self'."""
    return ANOTHER if "'self'" in scenario.page.csp else host
