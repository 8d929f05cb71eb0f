"""``python -m tests.cli.printed [NAME ...]``: writes anew what the command lines of printed/*.txt print.

A section of those files is command lines, which run one after the other in a folder of their own. A person
reads what they print as a diff: a change that was not meant shows here, with the words.

    # why it is there (may be left out)
    > urls.txt: the text of a file; \\n begins a new line, \\t is a tab, \\xff a byte, \\\\x no byte
    > page.har = paste/mitmproxy.har
    > server teapot: 418 No|Server: x||body
    > server talker: 101 + 8105 68656c6c6f 8800
    > server better: 503 Later|Retry-After: 1 THEN ok
    > server strict: IF Origin:.http 403 No ELSE ok
    $ COLUMNS=60 wsprobe connect {status-403} -> 12

``stdin`` in place of a file is the standard input; behind ``=`` is a file of tests/files. ``{NAME}`` is the URL
of a scenario of the lab, or of a server of the section: what it answers to one connection after another, and
to a request with a text (a regular expression) or without, with ``|`` between the lines, or the frames behind
its 101, or the name of a scenario. ``CURL{NAME}`` is the command that DevTools would copy.

Behind a command line is its exit status, if it is not 0; below it standard output behind ``|``, standard error
behind ``!``, and each file that it made or changed, behind its name. A control character is its picture (␛, ␍),
a byte that is no text ⟨ff⟩. A line of JSON is broken at its commas, a page has no style, versions are words.
``[...]`` stands for anything, in a line or over several: such rows stay while they hold. tests/played.py has
what runs, and how."""

import re
import shlex
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.played import ran
from wsprobe import lab
from wsprobe.exchange import Plan
from wsprobe.lab.ports import place
from wsprobe.lab.scenario import Scenario, Step, escape
from wsprobe.version import __version__

FILES = sorted((Path(__file__).parent / "printed").glob("*.txt"))
FOLDER = Path(__file__).parents[1] / "files"
WIDTH = 110
STATUS = re.compile(r" -> \d+$")


class Section(msgspec.Struct, frozen=True):
    """Command lines, and what they print."""

    rows: tuple[str, ...]

    @property
    def name(self):
        """What is given."""
        return "\n".join(STATUS.sub("", row) for row in self.rows if row[:2] in ("# ", "> ", "$ "))

    def anew(self):
        """The rows, with what is printed now."""
        given = self.name.split("\n")
        files, servers = dict[str, bytes](), dict[str, Callable[[Plan], Scenario]]()
        for row in given:
            name, _, text = row.removeprefix("> ").partition(": ")
            if row.startswith("> server "):
                name = name.removeprefix("server ")
                servers[name] = server(text)
            elif row.startswith("> ") and " = " in name:
                name, _, text = name.partition(" = ")
                files[name] = (FOLDER / text).read_bytes()
            elif row.startswith("> "):
                files[name] = filled(_ESCAPE.sub(_escaped, text), servers).encode("utf-8", "surrogateescape")
        stdin = files.pop("stdin", b"")
        lines = [row[2:] for row in given if row.startswith("$ ")]
        came = ran([filled(line, servers) for line in lines], files, servers, stdin)
        rows = [row for row in given if not row.startswith("$ ")]
        for line, each, before in zip(lines, came, self._before(), strict=True):
            rows.append(f"$ {line} -> {each.status}" if each.status else f"$ {line}")
            for stream, shown in _printed(each):
                rows += [stream] if stream.startswith("-- ") else []
                kept = before.get(stream, [])
                rows += kept if _holds(kept, shown) else [row for line in shown for row in _broken(line)]
        return tuple(rows)

    def _before(self):
        """The rows of each stream, for each command line."""
        found = []
        for row in self.rows:
            if row.startswith("$ "):
                found.append(streams := {})
                file = ""
            elif row.startswith("-- "):
                file = row
            elif row[0] in "|!":
                streams.setdefault(file or row[0], []).append(row)
        return found


def server(text):
    """What answers a plan, as *text* has it."""
    turns = text.split(" THEN ")

    def answer(plan):
        turn = turns.pop(0) if len(turns) > 1 else turns[0]
        if found := re.fullmatch(r"IF (\S+) (.*) ELSE (.*)", turn):
            turn = found[2] if re.search(found[1].encode(), plan.request, re.IGNORECASE) else found[3]
        return _scenario(turn)

    return answer


_ESCAPE = re.compile(r"\\(?:([nt])|x([0-9a-f]{2})|(\\)(?=x))")


def _escaped(found):
    """What is meant."""
    if found[2]:
        return bytes.fromhex(found[2]).decode("utf-8", "surrogateescape")
    return {"n": "\n", "t": "\t"}.get(found[1], "\\")


def _scenario(text):
    if " " not in text:
        return lab.find(text)
    text = re.sub(r"^(?=\d+ [^+])", "HTTP/1.1 ", text)
    head, _, frames = text.partition(" + ")
    if head == "101":
        return Scenario("", "", "", (Step("send", b"{opening}" + escape(bytes.fromhex(frames))),))
    fields, _, body = head.partition("||")
    lines = (fields, f"Content-Length: {len(body)}", "", body)
    return Scenario("", "", "", (Step("send", escape("|".join(lines).replace("|", "\r\n").encode())),))


def filled(text, servers):
    """*text* with the URLs of the scenarios that it names; {host} and {key} are those of --raw-request."""

    def url(found):
        name = found[1]
        return f"ws://127.0.0.1:8000/s/{name}" if name in servers else place(lab.find(name)).address

    text = re.sub(r"\bCURL\{([\w.-]+)\}", lambda found: _curl(url(found)), text)
    return re.sub(r"(?<![%{\w])\{(?!host\}|key\})([\w.-]+)\}", url, text)


def _curl(url):
    quoted = shlex.quote(url.replace("ws", "http", 1))
    return f"curl {quoted} -H 'Origin: https://a.example' -H 'Sec-WebSocket-Key: x' -b s=1"


def _printed(each):
    """Each stream, with the lines that are shown of it."""
    for stream, data in (
        ("|", each.out),
        ("!", each.err),
        *((f"-- {name}", data) for name, data in each.files.items()),
    ):
        if data or stream.startswith("-- "):
            yield stream, list(_lines(data, stream if stream == "!" else "|"))


def _lines(data, mark):
    """The lines of *data*. What is no printable text is shown by ``_shown``; a last line without an end ends
    with a backslash."""
    if not data:
        return
    text = _ENCODED.sub(_decoded, data.decode("utf-8", "surrogateescape")).replace(__version__, "VERSION")
    text = re.sub(r"Python [\d.]+, \w+ (`?)[\w-]+\1", "Python VERSION, SYSTEM", text)
    *whole, last = re.sub(r"<style>.*?</style>", "<style/>", text, flags=re.DOTALL).split("\n")
    for line in (*whole, *([f"{last}\\"] if last else [])):
        yield f"{mark} {''.join(map(_shown, line))}".rstrip()


def _shown(char):
    """*char*; a control character as its picture, such as ␛, and what else cannot be printed as ⟨85⟩ or ⟨202e⟩:
    not as the program would escape it."""
    if char.isprintable():
        return char
    number = ord(char)
    return (
        chr(0x2400 + number)
        if number < 32
        else f"⟨{number & 0xFF if 0xDC80 <= number <= 0xDCFF else number:x}⟩"
    )


def _holds(rows, lines):
    """Whether *rows* show *lines*, with ``[...]`` for anything."""
    if not any("[...]" in row for row in rows):
        return rows == [row for line in lines for row in _broken(line)]
    text = re.sub(r"(?<=[,\]])\n[|!]   (?=[\"{\[])", "", "\n".join(rows))
    parts = re.split(r"(?m)(?<=^[|!]) \[\.\.\.\]|\[\.\.\.\]", text)
    return re.fullmatch("(?s:.*)".join(map(re.escape, parts)), "\n".join(lines)) is not None


_ENCODED = re.compile(r'(?:(?<="data":)|(?<="request":)|(?<="received":))"([A-Za-z0-9+/]{16,}=*)"')


def _decoded(found):
    """The bytes of a recording, readable."""
    return ascii(b64decode(found[1]))


def _broken(line):
    """A line in rows; one of JSON in those of about WIDTH characters."""
    mark, text = line[:2], line[2:]
    row = ""
    for part in re.split(r"(?<=,)(?=[\"{\[])", text) if text.startswith(("{", "[")) else [text]:
        if row and len(row) + len(part) > WIDTH:
            yield (mark + row).rstrip()
            row = "  "
        row += part
    yield (mark + row).rstrip()


def sections(text):
    """Those of a file."""
    for part in re.split(r"\n\n+", text.strip("\n")):
        yield Section(tuple(part.split("\n")))


if __name__ == "__main__":
    for file in [each for each in FILES if not sys.argv[1:] or each.stem in sys.argv]:
        told = ["\n".join(each.anew()) for each in sections(file.read_text("utf-8"))]
        file.write_text("\n\n".join(told) + "\n", "utf-8")
