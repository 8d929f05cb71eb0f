"""``python -m tests.cli.printed``: writes anew what the command lines of printed/*.txt print.

A section of those files is command lines, which run one after the other in a folder of their own. A person
reads what they print as a diff: a change that was not meant shows here, with the words.

    # why it is there (may be left out)
    > urls.txt: the text of a file; \\n begins a new line, \\t is a tab
    > server teapot: HTTP/1.1 418 No|Server: x||body
    > server talker: 101 + 8105 68656c6c6f 8800
    $ COLUMNS=60 wsprobe connect {status-403}

``stdin`` in place of a file is the standard input. ``{NAME}`` is the URL of a scenario of the lab, or of a
server of the section: its answer with ``|`` between the lines, or the frames behind its 101. ``CURL{NAME}`` is
the command that DevTools would copy.

Below each command line: the exit status, standard output behind ``|``, standard error behind ``!``, and each
file that it made or changed, behind its name. A line of JSON is broken at its commas, a page has no style, and
versions are words. tests/played.py has what runs, and how."""

from __future__ import annotations

import re
import shlex
from base64 import b64decode
from pathlib import Path

import msgspec

from tests.played import ran
from wsprobe import lab
from wsprobe.lab.ports import place
from wsprobe.lab.scenario import Scenario, Step, escape
from wsprobe.version import __version__

FILES = sorted((Path(__file__).parent / "printed").glob("*.txt"))
WIDTH = 110


class Section(msgspec.Struct, frozen=True):
    """Command lines, and what they print."""

    rows: tuple[str, ...]

    @property
    def name(self):
        """What is given."""
        return "\n".join(row for row in self.rows if row[:2] in ("# ", "> ", "$ "))

    def anew(self):
        """The rows, with what is printed now."""
        given = self.name.split("\n")
        files, servers, stdin = dict[str, str](), dict[str, Scenario](), ""
        for row in given:
            name, _, text = row.removeprefix("> ").partition(": ")
            if row.startswith("> server "):
                name = name.removeprefix("server ")
                servers[name] = server(name, text)
            elif row.startswith("> "):
                files[name] = filled(text.replace("\\n", "\n").replace("\\t", "\t"), servers)
        stdin = files.pop("stdin", "")
        lines = [row[2:] for row in given if row.startswith("$ ")]
        came = ran([filled(line, servers) for line in lines], files, servers, stdin)
        rows = [row for row in given if not row.startswith("$ ")]
        for line, each in zip(lines, came, strict=True):
            rows += [f"$ {line}", *_printed(each)]
        return tuple(rows)


def server(name, text):
    """The server that answers with *text*."""
    head, _, frames = text.partition(" + ")
    if head == "101":
        return Scenario(name, "", "", (Step("send", b"{opening}" + escape(bytes.fromhex(frames))),))
    fields, _, body = head.partition("||")
    lines = (fields, f"Content-Length: {len(body)}", "", body)
    return Scenario(name, "", "", (Step("send", escape("|".join(lines).replace("|", "\r\n").encode())),))


def filled(text, servers):
    """*text* with the URLs of the scenarios that it names."""

    def url(found):
        return place(servers.get(found[1]) or lab.find(found[1])).address

    text = re.sub(r"\bCURL\{([\w.-]+)\}", lambda found: _curl(url(found)), text)
    return re.sub(r"(?<![%{\w])\{([\w.-]+)\}", url, text)


def _curl(url):
    quoted = shlex.quote(url.replace("ws", "http", 1))
    return f"curl {quoted} -H 'Origin: https://a.example' -H 'Sec-WebSocket-Key: x' -b s=1"


def _printed(each):
    yield f"exit {each.status}"
    yield from _rows(each.out, "|")
    yield from _rows(each.err, "!")
    for name, data in each.files.items():
        yield f"-- {name}"
        yield from _rows(data, "|")


def _rows(data, mark):
    """The lines of *data*. What is no printable text is escaped; a last line without an end shows it."""
    if not data:
        return
    text = _ENCODED.sub(_decoded, data.decode("utf-8", "backslashreplace")).replace(__version__, "VERSION")
    text = re.sub(r"Python [\d.]+, \w+ (`?)[\w-]+\1", "Python VERSION, SYSTEM", text)
    *whole, last = re.sub(r"<style>.*?</style>", "<style/>", text, flags=re.DOTALL).split("\n")
    for line in (*whole, *([f"{last}\\"] if last else [])):
        shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)
        for row in _broken(shown) if shown.startswith(("{", "[")) else (shown,):
            yield f"{mark} {row}".rstrip()


_ENCODED = re.compile(r'(?:(?<="data":)|(?<="request":)|(?<="received":))"([A-Za-z0-9+/]{16,}=*)"')


def _decoded(found):
    """The bytes of a recording, readable."""
    return ascii(b64decode(found[1]))


def _broken(line):
    """A line of JSON in rows of about WIDTH characters."""
    row = ""
    for part in re.split(r"(?<=,)(?=[\"{\[])", line):
        if row and len(row) + len(part) > WIDTH:
            yield row
            row = "  "
        row += part
    yield row


def sections(text):
    """Those of a file."""
    for part in re.split(r"\n\n+", text.strip("\n")):
        yield Section(tuple(part.split("\n")))


if __name__ == "__main__":
    for file in FILES:
        told = ["\n".join(each.anew()) for each in sections(file.read_text("utf-8"))]
        file.write_text("\n\n".join(told) + "\n", "utf-8")
