"""wsprobe-cookbook(7): a first hour, symptoms with their output, and exchanges; from cookbook.toml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from man.build import mdoc
from man.build.mdoc import text
from wsprobe.data_file import toml_beside


def recipes() -> dict[str, Any]:
    """What cookbook.toml has: ``hour``, ``symptom`` and ``exchange``."""
    return toml_beside(__file__, "cookbook.toml")


def page() -> str:
    return mdoc.page("wsprobe-cookbook", 7, "what to run for a symptom, and for each everyday task", _body())


def _body() -> Iterator[str]:
    known = recipes()
    yield ".Sh DESCRIPTION"
    yield from text(
        "First five commands for any failure, then twenty symptoms, then whole exchanges. Put your own URL and "
        "the origin of your page into the commands. Of the output, the lines that decide are shown, and long "
        "ones are broken here."
    )
    yield ".Sh THE FIRST HOUR"
    for number, each in enumerate(known["hour"]):
        if number:
            yield ".Pp"
        yield from text(each["does"])
        yield from mdoc.literal((each["command"],))
    yield ".Sh SYMPTOMS"
    for each in known["symptom"]:
        yield f".Ss {mdoc.quoted(each['title'])}"
        yield from text(each["see"])
        yield from mdoc.literal((f"$ {each['command']}", *mdoc.broken(each["shows"])))
        yield ".Pp"
        yield from text(each["next"])
    yield ".Sh EXCHANGES"
    yield from text(
        "The first three were tried against graphql-ws 6.4 and socket.io 4.8 in Node 20, and against "
        "aiosignalr 0.1, which is not Microsoft's server. If an awaited message does not arrive within 30 "
        "seconds (-m), the exit status is 20."
    )
    for each in known["exchange"]:
        yield f".Ss {each['title']}"
        yield from text(each["about"])
        yield from mdoc.literal(each["lines"].strip("\n").splitlines())
    yield from mdoc.references(
        "wsprobe(1)",
        "wsprobe-compare(1)",
        "wsprobe-connect(1)",
        "wsprobe-explain(1)",
        "wsprobe-talk(1)",
        "wsprobe-trace(1)",
    )
