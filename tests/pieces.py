"""Bytes on the wire, written as text: ``on open data(1,8102+'hi') 3x ping >end``.

Pieces have a space between them; each is a read of its own. A piece is a part, or several with ``+`` between
them: a word of the test, with arguments or without, hexadecimal digits, or text in quotes with Python's
escapes. ``*9`` behind a part repeats it, ``3x`` before a piece repeats the piece. What ``>`` stands before is
sent by us; ``+1.5`` is so many milliseconds.
"""

import re
from types import MappingProxyType

from wsprobe.exchange import Act, Sent


def cases(path):
    """Those of a file: title -> (what is given, what comes of it). Of each a line ``title | given | ...``, and
    indented lines of what comes of it."""
    found, title = {}, ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("  "):
            found[title][1].append(line[2:])
        elif line and not line.startswith("#"):
            title, *given = map(str.strip, line.split("|"))
            assert title not in found, title
            found[title] = (given, [])
    return found


def rewrite(path, means):
    """Write anew what comes of each case: *means* of what is given."""
    lines = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("  "):
            continue
        lines.append(line)
        if line and not line.startswith("#"):
            lines += (f"  {each}" for each in means(*map(str.strip, line.split("|")[1:])))
    path.write_text("\n".join(lines) + "\n", "utf-8")


def members(of, names):
    """Those of *names* that have a value: ``code 5, complete, debug 'why'``."""
    values = ((name, getattr(of, name)) for name in names.split())
    said = [(name, value) for name, value in values if value not in (None, "", b"", ()) and value is not False]
    return ", ".join(name if value is True else f"{name} {shown(value)}" for name, value in said)


def shown(value):
    if isinstance(value, bytes):
        return repr(value)[1:] if len(value) < 100 else f"{len(value)} bytes"
    return str(value)


def pieces(text, words):
    """The pieces of *text*, in order: bytes, Sent at no time, or microseconds. *words*: name -> bytes, or what
    makes them of texts."""
    made, times = [], 1
    for written in split(text, " "):
        if re.fullmatch(r"\d+x", written):
            times = int(written[:-1])
            continue
        if written[0] in "+-":
            made.append(round(float(written) * 1000))
            continue
        piece = octets(written.removeprefix(">"), words)
        made += [Sent(0, piece) if written.startswith(">") else piece] * times
        times = 1
    return made


def octets(text, words=MappingProxyType({})):
    """The bytes of one piece."""
    return b"".join(_part(each, words) for each in split(text, "+"))


def act(written):
    """``open text 'hi'``, ``open close 4001 'bye'``, ``time 0.1 ping`` (milliseconds): an act of a plan."""
    when, *more = split(written, " ")
    after = round(float(more.pop(0)) * 1000) if when == "time" else 0
    do = more.pop(0)
    code = int(more.pop(0)) if do == "close" and more else None
    return Act(when, do, octets(more[0]) if more else b"", code, after)


def _part(text, words):
    atom, times = re.fullmatch(r"(.*?)(?:\*(\d+))?", text).groups()
    if atom.startswith("'"):
        made = atom[1:-1].encode().decode("unicode_escape").encode("latin-1")
    elif call := re.fullmatch(r"([\w-]+)\((.*)\)", atom):
        made = words[call[1]](*split(call[2], ","))
    else:
        made = words[atom] if atom in words else bytes.fromhex(atom)
    return made * int(times or 1)


def split(text, by):
    """*text* at each *by* outside quotes and parentheses."""
    parts, depth, quoted = [""], 0, False
    for each in re.findall(r"\\.|.", text):
        quoted ^= each == "'"
        depth += 0 if quoted else (each == "(") - (each == ")")
        if each == by and not (depth or quoted):
            parts.append("")
        else:
            parts[-1] += each
    return list(filter(None, parts))
