"""A cURL command, copied from DevTools or written by a person: its words, and the meaning of each word.

The text is quoted for a shell. For bash (Chrome, Firefox, Safari): single quotes, double quotes, ANSI-C quoting
(``$'...'``) and backslashes. For cmd.exe (Chrome and Firefox on Windows): its ``^``, then the quoting of the C
runtime. Sources for how browsers write it: escapeStringPosix and escapeStringWin in Chrome's NetworkLogView.ts
and in Firefox's devtools/client/shared/curl.js, generateCURLCommand in WebKit's Resource.js.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.cli.from_file import lines_of_header
from wsprobe.cli.pasted import PROMPTS, is_curl
from wsprobe.data_file import text_beside

# The text in words ---------------------------------------------------------------------------------------

COPY = "in the browser's Network panel choose Copy, Copy as cURL (bash), or (cmd)"
_OTHER_FORMS = (
    (re.compile(r"\s*(?:\$session\s*=|Invoke-(?:WebRequest|RestMethod)\b)", re.IGNORECASE), "PowerShell"),
    (re.compile(r"\s*(?:await\s+)?fetch\s*\(", re.IGNORECASE), "JavaScript (fetch)"),
    (re.compile(r"\s*(?:new\s+WebSocket|const\s|let\s|var\s|import\s|require\()"), "JavaScript"),
    (re.compile(r"\s*wget\s"), "a command of wget"),
    (
        re.compile(r'\s*\{\s*"log"\s*:'),
        "a HAR file (wsprobe connect FILE.har sends its request)",
    ),
)


class CurlError(ValueError):
    """A text that is not a cURL command, or whose request cannot be sent. The message is one line."""


def commands(text: str) -> list[list[str]]:
    """The cURL commands in *text*: for each, the words after ``curl``, unquoted.

    Raises CurlError for a text that is not such a command, or that a shell would have to expand.
    """
    text = text.strip("\ufeff \t\r\n")
    for form, name in _OTHER_FORMS:
        if form.match(text):
            raise CurlError(f"that is {name}, not a cURL command: {COPY}")
    found = [words for words in (windows_words(text) if is_for_cmd(text) else shell_words(text)) if words]
    for words in found:
        if words[0] in PROMPTS:
            del words[0]
        if not words or not is_curl(words[0]):
            raise CurlError(f"{_shown(words[0] if words else '$')} is not curl: {COPY}")
        del words[0]
    if not found:
        raise CurlError(f"no cURL command in it: {COPY}")
    return found


def is_for_cmd(text: str) -> bool:
    """Whether *text* is written for cmd.exe, not for a POSIX shell."""
    if re.match(r"\S+[ \t]+(?:-\S+[ \t]+)*\^", text):
        return True
    lines = text.splitlines()[:-1]
    return any(line.endswith("^") for line in lines) and not any(line.endswith("\\") for line in lines)


_SHELL_FILLS_IN = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[{(][^})]*[})]?)|`[^`]*`?")
_ESCAPES = dict(zip("nrtabeEfv", "\n\r\t\a\b\x1b\x1b\f\v", strict=True))
_ANSI_C = re.compile(
    r"\\(?:u(?P<u>[0-9A-Fa-f]{1,4})|U(?P<U>[0-9A-Fa-f]{1,8})|x(?P<x>[0-9A-Fa-f]{1,2})|(?P<o>[0-7]{1,3})"
    r"|c(?P<c>.)|(?P<e>.))",
    re.DOTALL,
)


_PLAIN = re.compile(r"[^\\'\"$`# \t\r\n;&|<>]+")


def shell_words(text: str) -> list[list[str]]:
    """The words of each command in *text*, which is quoted for bash. Raises CurlError."""
    made: list[list[str]] = [[]]
    word: list[str] = []  # pieces, because joining two strings copies both
    at = 0
    while at < len(text):
        char = text[at]
        end = at + 1
        if plain := _PLAIN.match(text, at):
            end = plain.end()
            word.append(plain[0])
        elif char == "\\":
            following = text[at + 1 : at + 3]
            skipped = 2 if following.startswith("\r\n") else 1
            end = at + 1 + skipped
            if following[:1] not in ("\n", "\r"):
                word.append(following[:1])
        elif char == "'":
            end = _closing(text, at + 1, "'")
            word.append(text[at + 1 : end - 1])
        elif text.startswith("$'", at):
            end = _closing(text, at + 2, "'", escaped=True)
            word.append(_ansi_c(text[at + 2 : end - 1]))
        elif char == '"' or text.startswith('$"', at):
            begin = at + 1 + (char == "$")
            end = _closing(text, begin, '"', escaped=True)
            word.append(_double_quoted(text[begin : end - 1]))
        elif char in "$`" and (fills := _SHELL_FILLS_IN.match(text, at)):
            raise _left_to_the_shell(fills[0])
        elif char == "#" and not word:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
        elif char in " \t\r\n;&|":
            if word:
                made[-1].append("".join(word))
                word = []
            if char in ";&|\n" and made[-1]:
                made.append([])
        elif char in "<>" and not word:
            raise CurlError(f"{_shown(char)} is shell syntax: leave the redirection or pipe out")
        else:
            word.append(char)
        at = end
    return [*made[:-1], [*made[-1], *(["".join(word)] if word else [])]]


def _closing(text: str, at: int, quote: str, escaped: bool = False) -> int:
    """The index after the quoted part that begins at *at*, its closing *quote* included. Raises CurlError
    without one."""
    if escaped:
        found = _QUOTED[quote].match(text, at)
        end = found.end() if found else 0
    else:
        end = text.find(quote, at) + 1
    if not end:
        raise CurlError(f"a quotation mark ({quote}) is not closed: was the command copied whole?")
    return end


_QUOTED = {quote: re.compile(rf"(?:\\.|[^\\{quote}])*{quote}", re.DOTALL) for quote in "'\""}
"""Up to the first quotation mark without a backslash before it."""


def _double_quoted(text: str) -> str:
    plain = re.sub(r"\\[$`\"\\]", "", text)
    if fills := _SHELL_FILLS_IN.search(plain):
        raise _left_to_the_shell(fills[0])
    return re.sub(r"\\(\r?\n|[$`\"\\])", lambda found: found[1].strip("\r\n"), text)


def _left_to_the_shell(text: str) -> CurlError:
    return CurlError(
        f"{_shown(text)} is shell syntax: replace it with its value, or let your shell do so: wsprobe connect "
        f"curl ..."
    )


def _ansi_c(text: str) -> str:
    """The text in ``$'...'``. Escapes for bytes (``\\xE9``) are bytes; valid UTF-8 sequences of them are
    characters."""
    pieces: list[bytes] = []
    at = 0
    for found in _ANSI_C.finditer(text):
        pieces += [text[at : found.start()].encode("utf-8", "surrogatepass"), _escape(found)]
        at = found.end()
    pieces.append(text[at:].encode("utf-8", "surrogatepass"))
    # JavaScript writes a character beyond U+FFFF as two surrogates.
    data = re.sub(rb"\xed[\xa0-\xaf].\xed[\xb0-\xbf].", _joined, b"".join(pieces), flags=re.DOTALL)
    return data.decode("utf-8", "surrogateescape")


def _joined(found: re.Match[bytes]) -> bytes:
    halves = found[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16").encode()


def _escape(found: re.Match[str]) -> bytes:
    kind = found.lastgroup or ""
    value = found[kind]
    if kind in ("u", "U"):
        number = int(value, 16)
        return chr(number).encode("utf-8", "surrogatepass") if number < 0x110000 else b""
    if kind == "x":
        return bytes([int(value, 16)])
    if kind == "o":
        return bytes([int(value, 8) & 0xFF])
    if kind == "c":
        return bytes([ord(value) & 0x1F])
    if value in _ESCAPES:
        return _ESCAPES[value].encode()
    return (value if value in "\\'\"?" else f"\\{value}").encode("utf-8", "surrogatepass")


_NEVER_ESCAPED = re.compile(r"[A-Za-z0-9_\-:=+~'/.',?;()*`&\s]")
"""Characters that Chrome never escapes with a caret, except after a percent sign."""


def windows_words(text: str) -> list[list[str]]:
    """The words of each command in *text*, which is quoted for cmd.exe. Raises CurlError.

    Chrome doubles each backslash, although the C runtime reads two as one only before a quotation mark; so in a
    command from Chrome two are one. Firefox does not double them; it writes curl.exe.
    """
    doubled = re.match(r"curl\s", text) is not None
    made: list[list[str]] = [[]]
    word: str | None = None
    quoted = False
    chars = list(_uncareted(text))
    at = 0
    while at < len(chars):
        char, literal = chars[at]
        at += 1
        if char == "\\":
            run = 1
            while at < len(chars) and chars[at][0] == "\\":
                run, at = run + 1, at + 1
            before_quote = at < len(chars) and chars[at][0] == '"'
            kept = run // 2 if before_quote else (run + 1) // 2 if doubled else run
            word = (word or "") + "\\" * kept
            if before_quote and run % 2:
                word += '"'
                at += 1
        elif char == '"':
            if quoted and at < len(chars) and chars[at][0] == '"':  # two in a quoted part mean one
                word = (word or "") + '"'
                at += 1
            else:
                quoted, word = not quoted, word or ""
        elif quoted or (literal and char not in " \t\r\n"):
            word = (word or "") + char
        elif char in " \t\r\n&|":
            if word is not None:
                made[-1].append(word)
                word = None
            if char in "&|\n" and made[-1]:
                made.append([])
        else:
            word = (word or "") + char
    if quoted:
        raise CurlError('a quotation mark (") is not closed: was the command copied whole?')
    return [*made[:-1], [*made[-1], *([] if word is None else [word])]]


def _uncareted(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the characters that cmd.exe passes on, and whether each had a caret before it.

    cmd.exe leaves carets inside quotation marks unchanged, but Chrome wrote some there until 2024: a caret
    before a character that Chrome always escapes counts as one of those.
    """
    quoted = False
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "^" and at < len(text):
            following = text[at]
            if following in "\r\n":
                at += 2 if text.startswith("\r\n", at) else 1
                if text.startswith(("\n", "\r\n"), at):  # an escaped line end
                    at += 2 if text.startswith("\r\n", at) else 1
                    yield "\n", True
                continue
            if not quoted or not _NEVER_ESCAPED.match(following) or text[at - 2 : at - 1] == "%":
                at += 1
                yield following, True
                continue
        elif char == '"':
            quoted = not quoted
        yield char, False


# What the words mean -------------------------------------------------------------------------------------

Kind = Literal["request", "file", "ours", "nothing", "never"]
"""What a pasted option may do.

``request``: say what to send, and on which way. ``file``: it names a file, which pasted text never chooses.
``ours``: it is about a call of the program and not about a request, so only a person's own words have it.
``nothing``: nothing, here. ``never``: the request cannot be sent."""


class CurlOption(Struct, frozen=True):
    """The names and the meaning of an option of curl."""

    names: str
    """The long name, and the short one if there is one."""
    value: bool
    kind: Kind
    meaning: str = ""
    """Of a request, or ours: our option; "" if wsprobe does the same anyway. Of a file: our option with the
    name of its value; "" if there is none. Never: the reason."""

    @property
    def long(self) -> str:
        return self.names.partition(":")[0]


def _rows() -> Iterator[CurlOption]:
    """Those in ``curl_options.txt``."""
    for group in text_beside(__file__, "curl_options.txt").split("\n[")[1:]:
        about, _, lines = group.partition("]\n")
        kind, takes, *why = about.split(" ", 2)
        for line in lines.splitlines():
            several, differs, meaning = line.partition(" =")
            for names in several.split():
                same = f"--{names.partition(':')[0]}"
                usual = {"request": same, "ours": same, "file": f"{same} FILE"}.get(kind, "".join(why))
                yield CurlOption(
                    names, takes == "value", cast("Kind", kind), meaning.strip() if differs else usual
                )


_LONG = {row.long: row for row in _rows()}
_SHORT = {short: row for row in _LONG.values() if (short := row.names.partition(":")[2])}
BODY = _LONG["data"].meaning
READ = ("cacert", "capath", "cert", "key", "netrc", "netrc-file", "netrc-optional", "unix-socket")
"""Those whose file is read for a request."""
_MEANT_FOR_US = ("json", "negotiate")
"""Options of both programs with different meanings; where both are possible, ours counts."""


class CurlCommand(Struct, frozen=True):
    """The request of a cURL command."""

    url: str
    lines: tuple[str, ...] = ()
    """Headers, in curl's syntax."""
    options: tuple[tuple[str, str | None], ...] = ()
    """(our option with the same meaning, its value), in their order; a flag has None."""
    left_out: tuple[str, ...] = ()
    """Names of options that are no part of a handshake."""
    ours: tuple[str, ...] = ()
    """The words after the command that are for wsprobe, not for curl."""
    note: str = ""
    """What a person should know about the request: part of a sentence."""


def command(
    words: Sequence[str], has: Mapping[str, bool] | None = None, mixed: bool = False, own: bool = False
) -> CurlCommand:
    """The request of the *words* after ``curl``.

    *has*: each option of our command, and whether it takes a value. *mixed*: the words are a person's own
    command line, so some of them may be for wsprobe. *own*: they are from a person's own file, so they may name
    files to read, and need no URL; else nothing in the request names a file. Raises CurlError for a request
    that cannot be sent.
    """
    urls: list[str] = []
    options: list[tuple[str, str | None]] = []
    lines: list[str] = []
    left_out: list[str] = []
    ours: list[str] = []
    has = has or {}
    globbing = True
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            urls += left
            break
        if not word.startswith("-") or word == "-":
            urls.append(word)
            continue
        name, value, row = _next(word, left, has if mixed else {})
        if row is None:
            ours.append(name if value is None else f"{name}={value}")
        elif own and row.kind == "file":
            if row.long in READ:
                options.append((row.meaning.partition(" ")[0], value))
            else:
                left_out.append(name)
        elif not own and _names_a_file(row, value):
            raise CurlError(_not_from_here(name, row, has))
        elif row.long == "header":
            text = value or ""
            lines += lines_of_header(text[1:]) if own and text.startswith("@") else [text]
        elif row.long == "referer":
            lines.append(f"Referer: {(value or '').removesuffix(';auto')}")
        elif row.long == "url":
            urls.append(value or "")
        elif row.long == "request":
            if (value or "").upper() != "GET":
                raise CurlError(f"{name} {value}: {BODY}")
        elif row.kind == "never":
            raise CurlError(f"{name}: {row.meaning}")
        elif row.long == "globoff":
            globbing = False
        elif row.kind == "request":
            options += _option(row.meaning, value)
        elif row.kind == "ours" and mixed and row.meaning in has:
            ours.append(row.meaning if value is None else f"{row.meaning}={value}")
        else:
            left_out.append(name)
    url = _one_url(urls, globbing) if urls or not own else ""
    return CurlCommand(url, tuple(lines), tuple(options), tuple(left_out), tuple(ours))


def _names_a_file(row: CurlOption, value: str | None) -> bool:
    """Whether curl would take *value* for the name of a file, or reads one because of the option."""
    if row.kind == "file":
        return True
    match row.long:
        case "header" | "write-out":
            return (value or "").startswith("@")
        case "cookie":
            return bool(value) and "=" not in (value or "")
        case "pinnedpubkey":
            return not (value or "").startswith("sha256//")
        case _:
            return False


def _not_from_here(name: str, row: CurlOption, has: Mapping[str, bool]) -> str:
    """Why an option cannot come from pasted text, and the option with which a person can mean it."""
    option, _, file = row.meaning.partition(" ")
    if row.kind != "file":
        option, file = name, "@FILE" if row.long in ("header", "write-out") else "FILE"
    own = name if name in has and option == f"--{row.long}" else option
    instead = f", or give {f'{own} {file}'.rstrip()} yourself, before the pasted command" if own in has else ""
    return f"{name} uses a file of this machine, which pasted text may not: leave it out{instead}"


def _next(word: str, left: list[str], ours: Mapping[str, bool]) -> tuple[str, str | None, CurlOption | None]:
    """The name as written, its value, and its meaning; None as the meaning if it is ours.

    Takes the value from *left*; of combined letters, puts the rest back.
    """
    if word.startswith("--"):
        name, equals, attached = word[2:].partition("=")
        if f"--{name}" in ours and (name in _MEANT_FOR_US or not {name, name.removeprefix("no-")} & KNOWN):
            takes = ours[f"--{name}"]
            return f"--{name}", attached if equals else _value(word, left) if takes else None, None
        row = _SPECIAL.get(name) or _LONG.get(name) or _LONG.get(name.removeprefix("no-"))
        if row is None or equals:
            raise CurlError(f"{word.partition('=')[0]} is not a curl option that wsprobe knows")
        if name != row.long:  # --no-...: the same as without the option
            return word, None, CurlOption(name, False, "nothing")
        return word, _value(word, left) if row.value else None, row
    letter, rest = word[1], word[2:]
    row = next((each for each in _SPECIAL.values() if each.names.endswith(f":{letter}")), _SHORT.get(letter))
    if row is None:
        raise CurlError(f"-{letter} is not a curl option that wsprobe knows")
    if row.value:
        return f"-{letter}", rest or _value(f"-{letter}", left), row
    if rest:
        left.insert(0, f"-{rest}")
    return f"-{letter}", None, row


_SPECIAL = {
    "header": CurlOption("header:H", True, "request"),
    "referer": CurlOption("referer:e", True, "request"),
    "url": CurlOption("url", True, "request"),
    "request": CurlOption("request:X", True, "request"),
}
KNOWN = {*_LONG, *_SPECIAL}


def _value(name: str, left: list[str]) -> str:
    if not left:
        raise CurlError(f"{name} has no value: was the command copied whole?")
    return left.pop(0)


def _option(meaning: str, value: str | None) -> Iterator[tuple[str, str | None]]:
    """Our option, and its value: *value* after the text that *meaning* already has for it."""
    name, equals, begun = meaning.partition("=")
    if not name:
        return
    if value is None:
        yield name, begun if equals else None
    elif name == "--resolve":
        yield name, value.removeprefix("+")
    elif name != "--max-redirs" or not value.startswith("-"):  # -1: no limit
        yield name, begun + value


def _one_url(urls: Sequence[str], globbing: bool) -> str:
    if len(urls) != 1:
        raise CurlError("it names no URL" if not urls else f"it names {len(urls)} URLs: paste one")
    # DevTools escapes with a backslash what curl would read as a pattern of several URLs.
    return re.sub(r"\\([\[\]{}])", r"\1", urls[0]) if globbing else urls[0]


def pasted(text: str, has: Mapping[str, bool] | None = None) -> CurlCommand:
    """The request of the only cURL command in *text*; of several (Copy all as cURL), of the one to ws: or wss:.

    Raises CurlError.
    """
    found = commands(text)
    if len(found) > 1:
        to_sockets = [words for words in found if any(re.match(r"(?i)wss?://", word) for word in words)]
        if len(to_sockets) != 1:
            raise CurlError(
                f"there are {len(found)} cURL commands in it, {len(to_sockets) or 'none'} of them to ws: or "
                "wss: URLs; paste one"
            )
        made = command(to_sockets[0], has)
        return replace(made, note=f"of {len(found)} commands the one to {made.url.partition('://')[0]}:")
    return command(found[0], has)


def _shown(text: str) -> str:
    return ascii(text) if len(text) <= 60 else ascii(text[:60]) + "..."
