"""A .netrc file, as curl's ``--netrc`` reads it: user and password of each machine.

Not the standard library's netrc, which keeps one login a machine and has no escapes in quoted values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

_TOKEN = r'(?s)"((?:[^"\\]|\\.)*)"?|(\S+)'
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class Login(Struct, frozen=True):
    """An entry of the file."""

    machine: str | None
    """A host in lower case; None for the default entry, which is for every other host."""
    user: str = ""
    password: str = ""


class Netrc(Struct, frozen=True):
    """The entries of a file, in order."""

    logins: tuple[Login, ...] = ()
    by_name: bool = False
    """Ignore the default entry: after a redirect, only a host named in the file gets credentials."""

    def pair(self, host: str, user: str = "") -> str | None:
        """``user:password`` for *host*, from its first entry, or the first with that *user*; None if there is
        none."""
        for login in self.logins:
            named = login.machine == host.lower() or (login.machine is None and not self.by_name)
            if named and (not user or login.user in ("", user)) and (login.user or login.password):
                return f"{user or login.user}:{login.password}"
        return None


def parse(text: str) -> tuple[Login, ...]:
    """The entries in a file's *text*.

    White space separates words. A word in quotation marks may contain white space, and the escapes of C for
    quotation mark, backslash, line end, return and tab. A word that begins with # begins a comment. Macros and
    unknown words are skipped, as in curl.
    """
    found: list[Login] = []
    words = _words(text)
    machine: str | None = None
    user = password = ""
    begun = False
    for word in words:
        match word.lower():
            case "machine" | "default" as kind:
                if begun:
                    found.append(Login(machine, user, password))
                machine = None if kind == "default" else next(words, "").lower()
                user = password = ""
                begun = True
            case "login":
                user = next(words, "")
            case "password":
                password = next(words, "")
            case "account":
                next(words, "")
            case _:
                pass
    return (*found, Login(machine, user, password)) if begun else tuple(found)


def _words(text: str) -> Iterator[str]:
    lines = iter(text.splitlines())
    for line in lines:
        for match in re.finditer(_TOKEN, line):
            if match[2] is not None and match[2].startswith("#"):
                break
            if match[2] == "macdef":
                for each in lines:  # a macro ends at the first empty line
                    if not each.strip():
                        break
                break
            if match[2] is not None:
                yield match[2]
            else:
                yield re.sub(r"(?s)\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), match[1])
