"""What is printed and kept."""

from __future__ import annotations

import os
import shutil
import sys
from typing import IO, Any

import click

from wsprobe.cli.option import option, together
from wsprobe.show.piece import Look

SECTION = "Output"

shared = together(
    option(
        "--json",
        "as_json",
        is_flag=True,
        section=SECTION,
        help="print one JSON object a line (wsprobe-json(5))",
    ),
    option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        section=SECTION,
        help="colour: auto (on a terminal, unless NO_COLOR is set), always or never",
    ),
    option(
        "--redact",
        is_flag=True,
        section=SECTION,
        help="mask credentials, cookies and query values in all that is printed or saved",
        long="Authorization, Proxy-Authorization, Cookie, Set-Cookie, user and password in URLs, and the "
        "values of query parameters are overwritten with asterisks of the same length. Look through the result "
        "before you publish it: a body may hold other secrets.",
    ),
)

own = together(
    option(
        "-v",
        "--verbose",
        count=True,
        section=SECTION,
        help="show the conversation as it happens, on standard error; -vv in hex",
        long="Of one exchange the first 100,000 characters are shown, 250,000 in hex; the last line counts "
        "what is left out, and --json and --save keep every byte. The report has up to ten times the lines.",
    ),
    option(
        "-i",
        "--include",
        is_flag=True,
        section=SECTION,
        help="print the answer exactly as it came, head and body, instead of the report",
        long="In a pipe or file the bytes are untouched; on a terminal they are made visible first. Where no "
        "answer came, standard error says why.",
    ),
    option(
        "-o",
        "--output",
        metavar="FILE",
        section=SECTION,
        help="write the body of the answer to FILE (- is standard output, instead of the report)",
        long="On a terminal the bytes are made visible first.",
    ),
    option(
        "-s",
        "--silent",
        is_flag=True,
        section=SECTION,
        help="no report and no messages: only what another option asks for, and the exit status",
    ),
    option(
        "-w",
        "--write-out",
        metavar="FORMAT",
        section=SECTION,
        help="print FORMAT with its %{variables} filled in, instead of the report",
        long="The variables are listed at the end of the options. \\n, \\r, \\t and \\\\ are escapes, %% is a "
        "percent sign; no line end is added. What came from the server is made visible first.",
    ),
    option(
        "--save",
        metavar="FILE",
        section=SECTION,
        help="append the recording to FILE, for compare and for bug reports (- is standard output)",
    ),
    option(
        "--json-schema",
        is_flag=True,
        is_eager=True,
        section=SECTION,
        help="print the JSON Schema of --json and exit",
    ),
)


def look(values: dict[str, Any], stream: IO[str]) -> Look:
    """What *stream* can take, by the options and the environment."""
    terminal = stream.isatty()
    color = values["color"]
    wanted = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = (getattr(stream, "encoding", "") or "").lower().replace("_", "-")
    return Look(
        width=shutil.get_terminal_size().columns,
        terminal=terminal,
        color=color == "always" or (color == "auto" and wanted),
        unicode=encoding in ("utf-8", "utf8"),
        verbose=values.get("verbose") or 0,
        verbosity="verbose" in values,
    )


def emit(lines: Any, stream: IO[str], of: Look) -> None:
    """Write lines to *stream*, painted if it takes colour."""
    if of.color:
        from wsprobe.show.paint import paint

        paint(lines, stream, of)
    else:
        from wsprobe.show.piece import plain

        stream.write(plain(lines))
    stream.flush()


def note(text: str) -> None:
    """A word about the call itself, on standard error."""
    sys.stderr.write(f"wsprobe: {text}\n")
    sys.stderr.flush()
