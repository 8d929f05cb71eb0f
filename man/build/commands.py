"""wsprobe-connect(1) and a page for each of the other commands, from the options that they parse by."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import click

from man.build import in_tests, mdoc, prometheus
from man.build.cluster import CLUSTERS
from wsprobe.cli.main import COMMANDS, program
from wsprobe.cli.option import Command, Option
from wsprobe.data_file import one_line, toml_beside
from wsprobe.report.outcome import Meaning

SEE_ALSO = {
    "connect": ("wsprobe-json(5)", "wsprobe-history(7)", "curl(1)"),
    "compare": ("wsprobe-json(5)", "wsprobe-browsers(7)", "wsprobe-history(7)"),
    "trace": ("wsprobe-json(5)", "wsprobe-browsers(7)", "wsprobe-conclusions(7)"),
    "talk": ("wsprobe-json(5)",),
    "watch": ("wsprobe-json(5)", "prometheus(1)"),
    "explain": ("wsprobe-browsers(7)", "wsprobe-history(7)"),
    "serve": ("wsprobe-json(5)",),
    "page": ("wsprobe-json(5)", "wsprobe-browsers(7)", "chromium(1)"),
    "relay": ("wsprobe-json(5)", "wsprobe-browsers(7)"),
}
EXIT: dict[str, str] = {
    "connect": "The outcome as a number: 0 for an open session, 12 for refused. With several URLs, the first "
    "status that is not 0. With --from-each, 1 if places differ. With --since, 1 if a URL no longer opens or a "
    "new one does not open, otherwise 0. After ^C, wsprobe reports and saves what it recorded of an unfinished "
    "exchange, and ignores a second ^C; a third ends it.",
    "compare": "As diff(1): 0 if every view has the same result, 1 if they differ; of two runs over a list, 1 "
    "if a URL changed. If URLs are compared without views and revisions, and none answers, the status of the "
    "first, such as 4 for a refused connection. After ^C, wsprobe reports and saves the URLs that were "
    "finished.",
    "trace": "The status of the unchanged handshake, as in wsprobe-connect(1): 0 if it opened, whatever else "
    "wsprobe found. With --audit: 1 if there is a weakness of the level of --fail-on or a more severe one, "
    "otherwise 0, also if there are only notes; if the handshake "
    "itself opens no session, its status, from 3 on.",
    "talk": "As in wsprobe-connect(1); also 20 if --count or --match was not met, and 2 if wsprobe cannot "
    "send a line of the input. 0 if the session ended with a Close of 1000.",
    "watch": "The status of the last probe, as in wsprobe-connect(1); with several URLs, the first that is "
    "not 0. With --until: 0 as soon as it is met; if --count ends the watch first, the status of the "
    "last probe, or 20 if that is 0. Without --count and --until only a signal ends the watch: 130 "
    "after ^C, 143 after SIGTERM, 129 after SIGHUP, each after a last summary.",
    "explain": "0 if the topic or something near it was found, 1 if not, 2 for a usage error.",
    "serve": "130 after ^C, which ends the lab.",
    "page": "With several sockets, the first status that is not 0, as in wsprobe-connect(1). 1 for a "
    "handshake that opened, but failed in the browser. 2 if the page opened no WebSocket, or if no browser "
    "can be started. If the page itself does not load, the status that connect has for this failure, "
    "such as 4 for a refused connection. 130 after ^C, except with --window.",
    "relay": "130 after ^C, which ends the relay. In --json each report has the exit status of its connection.",
}
"""What is to be said of the exit statuses of each command; `connect` shows the table too."""
RELAYING = (
    (
        "What is changed",
        "In the request, the path / and Host, and the headers of --origin and --header; with --tell-page, the "
        "answer to a handshake that failed. Nothing else: the relay forwards frames unchanged, valid or not, "
        "and half-closes and resets too. If it cannot reach the server, the client gets 502, or 504 after a "
        "timeout.",
    ),
    (
        "What is recorded",
        "Both requests, the answer, and in each direction of the session whole frames up to --max-body bytes, "
        "then only the Close. All recordings in progress share 16 MiB. The relay forwards data beyond that, "
        "and the recording counts its bytes. It does not record a connection without a WebSocket handshake. "
        "Only their owner can read the files that the relay creates.",
    ),
    (
        "Pages on https://",
        "A page on https:// may open ws://127.0.0.1: a loopback address is trustworthy (Secure Contexts "
        "section 3.1). WebKitGTK blocks it (mixed content). Chromium may ask the user first (Local Network "
        "Access). The page's "
        "Content-Security-Policy has to allow the relay in connect-src.",
    ),
)
WATCHING = tuple(
    (each["heading"], one_line(each["text"])) for each in toml_beside(__file__, "page.toml")["section"]
)
BEHIND = toml_beside(__file__, "commands.toml")
"""Command -> its files, and a sample of its output."""
MORE = {
    "connect": ("Clusters", CLUSTERS),
    "page": ("How it watches", WATCHING),
    "relay": ("What passes, and what is kept", RELAYING),
}
"""Command -> what its page has between the options and the exit statuses: title, and (tag, text)."""


def command(name: str) -> Command:
    """The click command, loaded."""
    found = program.get_command(click.Context(program, info_name="wsprobe"), name)
    assert isinstance(found, Command)
    return found


def page(name: str) -> str:
    return mdoc.page(f"wsprobe-{name}", 1, COMMANDS[name], _body(name))


def _body(name: str) -> Iterator[str]:
    made = command(name)
    context = click.Context(made, parent=click.Context(program, info_name="wsprobe"), info_name=name)
    yield from (".Sh SYNOPSIS", ".Nm wsprobe", f".Cm {name}", ".Op Ar options")
    for argument in made.params:
        if isinstance(argument, click.Argument):
            yield _operand(argument.make_metavar(context))
    yield ".Sh DESCRIPTION"
    yield from description(made.help or "")
    known = shared(name)
    for section, options in sections(made).items():
        yield f".Ss {section}"
        own = [option for option in options if option.name not in known]
        if own:
            yield ".Bl -tag -width Ds"
            for option in own:
                yield f".It {heading(option, context)}"
                yield from mdoc.paragraphs(*option.about().split("\n\n"))
                if option.example():
                    yield from mdoc.literal((option.example(),), compact=True)
            yield ".El"
        if len(own) < len(options):
            if own:
                yield ".Pp"
            yield from mdoc.text(f"{'Also, as' if own else 'As'} in wsprobe-connect(1):")
            yield ".Bl -tag -width Ds -compact"
            for option in options:
                if option.name in known:
                    yield f".It {heading(option, context)}"
                    if known[option.name]:
                        yield from mdoc.text(sentence(option))
            yield ".El"
    tables = command("connect").tables() if name != "connect" else ()
    for title, rows in made.tables():
        yield f".Ss {title}"
        if (title, rows) in tables:
            yield from mdoc.text("As in wsprobe-connect(1).")
        else:
            yield from mdoc.tagged(rows, compact=True)
    if name in MORE:
        title, more = MORE[name]
        yield f".Ss {title}"
        yield from mdoc.tagged(more)
    if name == "watch":
        yield from prometheus.section()
    if name == "serve":
        yield from in_tests.section()
    yield from files(name)
    yield from exit_status(name)
    yield from examples(made)
    yield from sample(BEHIND[name])
    others = (f"wsprobe-{other}(1)" for other in COMMANDS if other != name)
    yield from mdoc.references("wsprobe(1)", *others, "wsprobe-cookbook(7)", *SEE_ALSO[name])


def description(help: str) -> Iterator[str]:
    """A command's help: paragraphs, and blocks that click leaves as they are (after a line with \\b)."""
    for number, paragraph in enumerate(inspect.cleandoc(help).split("\n\n")):
        lines = paragraph.splitlines()
        if lines[0] == "\b":
            yield from mdoc.literal(lines[1:])
            continue
        if number:
            yield ".Pp"
        yield from mdoc.text(" ".join(lines))


def sections(made: Command) -> dict[str, list[Option]]:
    """Heading -> options, in the order of the help."""
    found: dict[str, list[Option]] = {}
    for parameter in made.params:
        if isinstance(parameter, Option):
            found.setdefault(parameter.section, []).append(parameter)
    return found


def shared(name: str) -> dict[str, bool]:
    """The options of command *name* that wsprobe-connect(1) has in full -> whether its line of help differs."""
    if name == "connect":
        return {}
    full = {(o.kind, o.how.general, o.name): o.help for o in command("connect").params if isinstance(o, Option)}
    return {
        o.name or "": full[o.kind, o.how.general, o.name] != o.help
        for o in command(name).params
        if isinstance(o, Option) and (o.kind, o.how.general, o.name) in full
    }


def sentence(option: Option) -> str:
    """The line of help as a sentence."""
    help = option.help or ""
    return f"{help[:1].upper()}{help[1:]}."


def heading(option: Option, context: click.Context) -> str:
    """The arguments of ``.It``: every spelling, and what it takes."""
    spellings = " , ".join(f"Fl {name[1:].replace('-', chr(92) + '-')}" for name in option.opts)
    return f"{spellings} {_value(option, context)}".rstrip()


def _value(option: Option, context: click.Context) -> str:
    if option.is_flag or option.count:
        return ""
    if isinstance(option.type, click.Choice):
        return "Cm " + " | ".join(option.type.choices)
    return f"Ar {mdoc.quoted(option.make_metavar(context))}"


def _operand(metavar: str) -> str:
    """``[NAME]...`` as a line of the synopsis."""
    inner = metavar.removesuffix("...")
    name = inner.strip("[]")
    many = " ..." if metavar.endswith("...") else ""
    return f".{'Op ' if inner != name else ''}Ar {mdoc.quoted(name) if ' ' in name else name}{many}"


def exit_status(name: str) -> Iterator[str]:
    yield ".Sh EXIT STATUS"
    yield from mdoc.text(EXIT[name])
    yield from mdoc.text("wsprobe(1) has the table.")


def files(name: str) -> Iterator[str]:
    yield from (".Sh ENVIRONMENT", *mdoc.text("As in wsprobe(1)."), ".Sh FILES")
    rows = BEHIND[name].get("files")
    if rows:
        yield from mdoc.tagged(rows)
    elif rows is None:
        yield from mdoc.text("As in wsprobe-connect(1).")
    else:
        yield from mdoc.text("None.")


def sample(shown: dict[str, Any]) -> Iterator[str]:
    """A command with the lines of its output that decide."""
    yield from (".Pp", "A sample:")
    yield from mdoc.literal((f"$ {shown['command']}", *mdoc.broken(shown["shows"])))


def statuses(rows: Iterable[Meaning]) -> Iterator[str]:
    """The table of exit statuses with the outcome in a word."""
    yield from mdoc.tagged(
        ((str(int(row.status)), f"{row.outcome + ': ' if row.outcome else ''}{row.text}.") for row in rows),
        compact=True,
    )


def examples(made: Command) -> Iterator[str]:
    yield ".Sh EXAMPLES"
    for number, (line, does) in enumerate(made.examples):
        if number:
            yield ".Pp"
        yield from mdoc.text(does)
        yield from mdoc.literal((line,))
