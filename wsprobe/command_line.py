"""Command lines to copy: words as a shell wants them, and a URL that nothing takes for an option or a list."""

from __future__ import annotations

import os
import shlex

from wsprobe.visible import shows


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
