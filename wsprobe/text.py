"""Text for people, and text from them: bytes that are safe to print, lines to break, commands to copy, numbers.

Rule: all bytes of a peer go through here before they are printed or put into a text. The escape is reversible:
every byte not shown as itself becomes ``\\xNN``. In such a text, and in one that itself has ``\\xNN``, each
backslash is doubled. Any other text is shown as it is, backslashes too, so that it can be copied.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator

# Bytes of a peer, safe for a terminal --------------------------------------------------------------------

_INVISIBLE = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U0001d159\U000e0000-\U000e0fff]"
)
"""Characters that Python calls printable, but that show nothing: Default_Ignorable_Code_Point (Unicode,
DerivedCoreProperties.txt), and blanks of scripts and notes."""


def shows(text: str) -> bool:
    """True if a terminal shows every character of *text*, and obeys none."""
    return text.isprintable() and (text.isascii() or re.search(_INVISIBLE, text) is None)


_TABLE = {b: f"\\x{b:02x}" for b in (*range(0x20), *range(0x7F, 0x100))} | {0x5C: "\\\\"}


_LIKE_AN_ESCAPE = r"\\x[0-9a-f]{2}"


def _as_it_is(text: str) -> bool:
    """True if nothing in *text* is escaped, or looks as if it were."""
    return "\\" not in text or re.search(_LIKE_AN_ESCAPE, text) is None


def visible(data: bytes) -> str:
    """Printable ASCII unchanged, every other byte as ``\\xNN``, and then each backslash doubled. Reversible."""
    text = data.decode("latin-1")
    if text.isascii() and text.isprintable() and _as_it_is(text):  # nearly every one, in a third of the time
        return text
    return text.translate(_TABLE)


def shown_text(text: str) -> str:
    """`visible` for text. In a typed word, bytes that are not UTF-8 stay themselves, and a lone surrogate
    becomes its three bytes."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogatepass")
    return visible(data)


def printable(text: str) -> str:
    """*text* with surrogates, and everything that a terminal or a page could obey, as escapes. Not reversible:
    for words from `visible`, our own words, and anything mixed with them."""
    if shows(text):
        return text
    return "".join(each if shows(each) else ascii(each)[1:-1] for each in text)


_ESCAPE = r"\\(\\|x[0-9a-f]{2})"


def legible(data: bytes) -> str:
    """Like `visible`, but printable characters of well-formed UTF-8 are shown as themselves.

    Controls, C1, surrogates, format characters (bidirectional overrides, zero-width marks: Unicode categories
    C*) and characters that show nothing (variation selectors, fillers) stay escaped, byte by byte.
    """
    if data.isascii():
        return visible(data)
    text = data.decode("utf-8", "surrogateescape")
    if shows(text) and _as_it_is(text):
        return text
    return text.translate(  # a long text has few different characters
        {
            ord(char): char
            if shows(char) and char != "\\"
            else char.encode("utf-8", "surrogateescape").decode("latin-1").translate(_TABLE)
            for char in set(text)
        }
    )


def raw(text: str) -> bytes:
    """The bytes that `visible` or `legible` made *text* from."""
    if _as_it_is(text):
        return text.encode()
    whole = bytearray()
    at = 0
    for match in re.finditer(_ESCAPE, text):
        whole += text[at : match.start()].encode()
        token = match[1]
        whole += b"\\" if token == "\\" else bytes([int(token[1:], 16)])
        at = match.end()
    return bytes(whole + text[at:].encode())


def hexdump(data: bytes) -> list[str]:
    """Lines of sixteen bytes: offset, hex, and ASCII with a dot for all else (as ``hexdump -C``)."""
    lines = []
    for at in range(0, len(data), 16):
        chunk = data[at : at + 16]
        left, right = chunk[:8].hex(" "), chunk[8:].hex(" ")
        text = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in chunk)
        lines.append(f"{at:08x}  {left:<23}  {right:<23}  |{text}|")
    return lines


# Where a line may break ----------------------------------------------------------------------------------

COMMANDS = ("compare", "connect", "explain", "page", "relay", "serve", "talk", "trace", "watch")
"""The commands of wsprobe."""
_COMMAND = rf"[^ ]*?wsprobe (?:{'|'.join(COMMANDS)})(?![\w-])[^ ]*(?:(?<![.,;:)`]) (?!\()[^ ]+)*"
"""A command, up to the punctuation that ends it, or to an opening parenthesis."""
_WORD = r"[^ ]+"
_WORDS = rf" *{_WORD}| +$"
_WORDS_AND_COMMANDS = rf" *(?:{_COMMAND}|{_WORD})| +$"


def unbroken(text: str, columns: int, width: Callable[[str], int] = len) -> Iterator[str]:
    """Yield the parts of *text* that stay on one line, each with the spaces before it: words, and whole
    commands of at most *columns* columns, as *width* counts them."""
    if "wsprobe " not in text:
        yield from re.findall(_WORDS, text)
        return
    for part in re.findall(_WORDS_AND_COMMANDS, text):
        if width(part.lstrip(" ")) <= columns:
            yield part
        else:
            yield from re.findall(_WORDS, part)


# Command lines to copy -----------------------------------------------------------------------------------


def quoted(word: str) -> str:
    """*word* quoted for a POSIX shell; if it has invisible characters, in the form ``$'\\x1b'`` of bash, zsh
    and ksh. Other quotes than single ones stand where PowerShell needs some too: there @ begins a variable."""
    if not shows(word):
        data = word.encode("utf-8", "surrogateescape" if _typed(word) else "surrogatepass")
        plain = (chr(b) if 0x20 <= b < 0x7F and b not in b"\\'" else f"\\x{b:02x}" for b in data)
        return f"$'{''.join(plain)}'"
    made = shlex.quote(word)
    return f'"{word}"' if made == word and word.startswith("@") else made


def _typed(word: str) -> bool:
    """True if a command line can contain *word*: Python keeps bytes that are not UTF-8 as surrogates."""
    try:
        os.fsencode(word)
    except UnicodeEncodeError:
        return False
    return True


def operands(*words: str, lists: bool = False) -> list[str]:
    """*words* that are no options, for the end of a command line: behind ``--`` those that could be taken for
    an option, or for a list of URLs; with *lists*, such words are lists. POSIX shells, PowerShell and cmd.exe
    pass ``--`` on."""
    marks = ("-",) if lists else ("-", "@")
    behind = [word for word in words if word.startswith(marks) and word != "-"]
    return [*(word for word in words if word not in behind), *(["--", *behind] if behind else [])]


def command_line(*words: str, url: str) -> str:
    """The command of *words* for *url*, quoted for a shell."""
    return " ".join(map(quoted, (*words, *operands(url))))


# Numbers: in decimal digits, and with what is counted ----------------------------------------------------


def whole_number(text: str, most: int) -> int | None:
    """The number from 0 to *most* that *text* writes in the digits 0 to 9; None for any other text.

    ``int`` raises ValueError above 4,300 digits (sys.set_int_max_str_digits).
    """
    digits = text.lstrip("0")
    if not text.isascii() or not text.isdecimal() or len(digits) > len(str(most)):
        return None
    number = int(digits or "0")
    return number if number <= most else None


def counted(count: int, what: str) -> str:
    """``1 byte``, ``2 bytes``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
