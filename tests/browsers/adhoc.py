"""Tries server steps in real engines: ``python -m tests.browsers.adhoc FILE``.

FILE (- for standard input) is TOML with ``[[case]]`` tables, or JSON: an object, a list, or one object a line.
Keys of a case, all but ``server`` optional:

- ``name``
- ``server``: steps, in order: ["send", TEXT], ["send-hex", HEX], ["send-bytewise", TEXT, PAUSE],
  ["wait", SECONDS], ["hold", SECONDS], ["read-frame"], ["read-close"], ["echo"], ["echo-close"], ["fin"],
  ["reset"], ["close-notify"]. TEXT is latin-1; {accept}, {key}, {host} and listeners' names (their ports) are
  filled in. After the last step the server sends FIN.
- ``listener``: as in the lab (plain, tls, tls-expired, silent, unused, ...)
- ``url``: template of the URL; ``protocols``; ``construct``: expression in place of the constructor
- ``page``: "https" for a page loaded over TLS, or a template of its URL; ``csp``, ``cookies``: what it has
- ``before``, ``after``, ``on_open``, ``on_message``, ``at_end``: script with ``ws``, ``url``, ``rec(type, {})``
"""

import argparse
import json
import re
import sys
import tomllib
from pathlib import Path

import trio

from tests.browsers.driver.case import Case, Script
from tests.browsers.driver.engines import ENGINES, named
from tests.browsers.driver.record import measure
from wsprobe.browsers.engine import Page
from wsprobe.lab.perform import request, values
from wsprobe.lab.ports import LISTENERS
from wsprobe.lab.scenario import Scenario, Step, escape

SCRIPTS = ("before", "construct", "after", "on_open", "on_message", "at_end")
OTHER_NAMES = {
    "read-until-close-frame": "read-close",
    "rst": "reset",
    "tls-close-notify": "close-notify",
}

SECONDS = 5.0
FIELDS = {*LISTENERS, *values(asked)} if (asked := request(b"GET / HTTP/1.1\r\n\r\n")) else set()
FIELD = re.compile(r"[{]([a-z0-9.-]+)[}]|[{}]")


def read(text):
    """The cases of a file. Raises ValueError, KeyError where it is none."""
    if text.lstrip().startswith(("{", "[")) and not text.lstrip().startswith("[["):
        values = _json(text)
    else:
        values = tomllib.loads(text)["case"]
    return [case(value, f"case-{number}") for number, value in enumerate(values, 1)]


def _json(text):
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return value if isinstance(value, list) else [value]


def case(value, name):
    protocols = value.get("protocols")
    usual = isinstance(protocols, str) or (
        isinstance(protocols, list) and all(isinstance(item, str) for item in protocols)
    )
    page = Page(
        url={"https": "https://{ip}:{tls}/page"}.get(
            value.get("page", ""), value.get("page", "http://localhost/")
        ),
        cookies=value.get("cookies", ""),
        csp=value.get("csp", ""),
        protocols=(protocols if isinstance(protocols, str) else tuple(protocols or ())) if usual else None,
    )
    scenario = Scenario(
        name=value.get("name") or value.get("scenario") or name,
        about=value.get("about", ""),
        summary="",
        steps=tuple(step(*one) for one in value.get("server") or ()),
        listener=value.get("listener", "plain"),
        url=value.get("url", ""),
        page=page,
    )
    parts = {part: value.get(part, "") for part in SCRIPTS}
    if protocols is not None and not usual:
        parts["construct"] = f"new WebSocket(url, {json.dumps(protocols)})"
    return Case(scenario, Script(**parts))


def step(do, *arguments):
    do = OTHER_NAMES.get(do, do)
    if do == "send-hex":
        return Step("send", escape(bytes.fromhex(arguments[0])))
    if do in ("send", "send-bytewise"):
        text = FIELD.sub(_field, arguments[0].replace("{A}", "{accept}").replace("{H}", "{host}"))
        return Step(do, text.encode("latin-1"), *(float(pause) for pause in arguments[1:]))
    return Step(do, seconds=float(arguments[0] if arguments else SECONDS))


def _field(match):
    """A field stays, a brace that belongs to none is doubled."""
    return match[0] if match[1] in FIELDS else escape(match[0].encode("latin-1")).decode("latin-1")


def shown(recording, *, requests):
    if recording["exception"]:
        yield f"throws   {recording['exception']}"
    for event in recording["events"]:
        yield _event(event)
    for text in recording["console"]:
        yield f"console  {text}"
    if "capped" in recording:
        yield f"--- nothing more for 6 s (readyState {recording['readyState']}); the page calls close()"
        for event in recording["capped"]["events"]:
            yield _event(event)
        for text in recording["capped"]["console"]:
            yield f"console  {text}"
    if "value" in recording:
        yield f"value    {recording['value']!r}"
    if requests:
        for request in recording["requests"]:
            yield f"request  {request!r}"
    else:
        yield f"requests {len(recording['requests'])}"


def _event(event):
    rest = {name: value for name, value in event.items() if name not in ("type", "rs")}
    return f"{event['type']:<8} rs={event.get('rs')} {json.dumps(rest, ensure_ascii=False) if rest else ''}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="TOML or JSON; - for standard input")
    parser.add_argument("--engine", default=",".join(ENGINES), help="names, separated by commas")
    parser.add_argument("--only", help="names of cases, separated by commas")
    parser.add_argument("--requests", action="store_true", help="show the requests' bytes")
    parser.add_argument("--times", type=int, default=1, help="measure so many times")
    parser.add_argument("--json", action="store_true", help="one JSON object a measurement")
    options = parser.parse_args()
    cases = read(sys.stdin.read() if options.file == "-" else Path(options.file).read_text())
    if options.only:
        cases = [case for case in cases if case.name in options.only.split(",")]
    for name, measured in trio.run(_measure_all, named(options.engine), cases, options.times):
        _print(name, measured, options)


async def _measure_all(names, cases, times):
    measured = []

    async def one(name):
        for _ in range(times):
            measured.append((name, await measure(ENGINES[name], cases)))

    async with trio.open_nursery() as nursery:
        for name in names:
            if missing := ENGINES[name].missing():
                print(f"{name}: not installed: {missing}", file=sys.stderr)
            else:
                nursery.start_soon(one, name)
    return sorted(measured, key=lambda pair: pair[0])


def _print(engine, measured, options):
    for name, recording in sorted(measured.recordings.items()):
        if options.json:
            print(json.dumps({"engine": engine, "scenario": name, **recording}, ensure_ascii=False))
            continue
        print(f"{engine} {measured.version}: {name}")
        for line in shown(recording, requests=options.requests):
            print(f"  {line}")
    for name, error in measured.failed.items():
        print(f"{engine}: {name}: {error}", file=sys.stderr)
    for text in measured.stray:
        print(f"{engine}: on the console, whose is not known: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
