"""Cookies: a file of them as curl reads and writes it, and a jar that keeps what servers set (RFC 6265bis).

A file has Netscape's format, or ``Set-Cookie:`` lines. SameSite is kept but decides nothing for wsprobe's own
request, which comes from no page; browsers' requests obey it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.exchange import Target
from wsprobe.request.site import is_address, is_public_suffix, registrable

HTTP_ONLY = "#HttpOnly_"
LONGEST = 4096
"""Bytes of a name and its value together, and"""
LONGEST_ATTRIBUTE = 1024
"""of an attribute's value: what is longer is ignored (RFC 6265bis section 5.6)."""
AGE_MAX = 400 * 24 * 3600
"""The most seconds that a cookie may live (section 5.5)."""
SET_MAX = 50
"""The most cookies that one answer may set, as in curl."""
NEAR = ("localhost", "127.0.0.1", "::1")
"""Hosts that may get a Secure cookie without TLS, as in curl and browsers."""

SameSite = Literal["", "lax", "strict", "none"]


class Cookie(Struct, frozen=True):
    """One cookie, and where it is sent to."""

    name: str
    value: str
    domain: str
    """In lower case, without a leading dot; "" if the cookie is for every host."""
    subdomains: bool
    path: str
    secure: bool
    expires: int
    """Seconds since 1970; 0 for a session cookie, which never expires here."""
    http_only: bool
    same_site: SameSite = ""

    @property
    def pair(self) -> str:
        """The cookie as in a Cookie field (RFC 6265 section 4.2.1)."""
        return f"{self.name}={self.value}"

    def goes_to(self, target: Target) -> bool:
        """Whether the cookie is for *target*, apart from its expiry (RFC 6265bis section 5.8.3)."""
        if self.secure and not is_secure(target):
            return False
        if self.domain not in ("", target.host) and not (
            self.subdomains and target.host.endswith("." + self.domain)
        ):
            return False
        return _path_matches(target.resource.partition("?")[0], self.path)


def is_secure(target: Target) -> bool:
    """Whether a Secure cookie may be set by *target* and sent to it."""
    return target.secure or target.host in NEAR


def _path_matches(path: str, given: str) -> bool:
    """Section 5.1.4; a slash at the end of the cookie's means nothing, as in curl."""
    given = given.removesuffix("/")
    return path == given or path.startswith(given + "/")


class Jar:
    """The cookies of files, and those that servers set during the run: one jar for all requests of a
    command."""

    def __init__(self, cookies: Collection[Cookie] = (), *, keeps: bool = False, before: str = "") -> None:
        """*keeps*: cookies that servers set are kept, and sent with later requests. *before*: the text of the
        file of --cookie-jar when the run began."""
        self.keeps = keeps
        self._cookies: dict[tuple[str, str, str], Cookie] = {}
        self.before = before
        self.steady = not keeps and not any(each.expires for each in cookies)
        """Whether a URL gets the same at any time: nothing is kept, and nothing expires."""
        self._anywhere: list[Cookie] = []
        """Those of no domain: they go to whom the command line was given for."""
        for each in cookies:
            if each.domain:
                self._put(each)
            else:
                self._anywhere.append(each)

    def _put(self, cookie: Cookie) -> None:
        self._cookies[_key(cookie)] = cookie

    @property
    def empty(self) -> bool:
        """Whether the jar has no cookie."""
        return not self._cookies and not self._anywhere

    def for_target(self, to: Target, now: float, *, stranger: bool = False) -> tuple[Cookie, ...]:
        """The cookies for *to*: longer paths first, then older cookies.

        *stranger*: *to* is another origin that a redirect led to; it gets only the cookies for its own domain.
        """
        every = list(self._cookies.values()) if stranger else [*self._anywhere, *self._cookies.values()]
        found = [each for each in every if each.goes_to(to) and not 0 < each.expires <= now]
        return tuple(sorted(found, key=lambda each: -len(each.path)))

    def store(self, values: Iterable[bytes], by: Target, now: float) -> None:
        """Store the cookies in the Set-Cookie fields of an answer of *by* (section 5.7)."""
        for value in list(values)[:SET_MAX]:
            cookie = set_cookie(value.decode("utf-8", "surrogateescape"), by, now)
            if cookie is None or (not is_secure(by) and self._hides_a_secure_one(cookie)):
                continue
            if 0 < cookie.expires <= now:
                self._cookies.pop(_key(cookie), None)
            else:
                self._put(cookie)

    def _hides_a_secure_one(self, new: Cookie) -> bool:
        """In clear no cookie may be set that stands in for one of the same name that is Secure."""
        return any(
            old.secure
            and old.name == new.name
            and (_below(old.domain, new.domain) or _below(new.domain, old.domain))
            and _path_matches(new.path, old.path)
            for old in self._cookies.values()
        )

    def text(self, now: float) -> str:
        """All cookies in Netscape's format, as curl reads and writes it, without those that have expired or
        have no domain."""
        kept = (each for each in self._cookies.values() if not 0 < each.expires <= now)
        return HEADING + "".join(f"{_line(each)}\n" for each in kept)

    def take_over(self, before: str, after: str, now: float) -> None:
        """Make the changes that another run made to a file: its text was *before*, and is *after*. A cookie
        that this run has set too stays as this run has it."""
        old, new = ({_key(each): each for each in parse(text, now) if each.domain} for text in (before, after))
        for key in old.keys() | new.keys():
            mine = self._cookies.get(key)
            if new.get(key) == old.get(key) or (mine is not None and mine != old.get(key)):
                continue
            if key in new:
                self._put(new[key])
            else:
                self._cookies.pop(key, None)


def _key(cookie: Cookie) -> tuple[str, str, str]:
    return cookie.domain, cookie.path, cookie.name


HEADING = "# Netscape HTTP Cookie File\n# Written by wsprobe; curl reads it too.\n\n"


def _line(cookie: Cookie) -> str:
    fields = (
        ("." if cookie.subdomains else "") + cookie.domain,
        "TRUE" if cookie.subdomains else "FALSE",
        cookie.path,
        "TRUE" if cookie.secure else "FALSE",
        str(cookie.expires),
        cookie.name,
        cookie.value,
    )
    return (HTTP_ONLY if cookie.http_only else "") + "\t".join(fields)


def _below(name: str, domain: str) -> bool:
    return name == domain or name.endswith("." + domain)


def set_cookie(text: str, by: Target, now: float) -> Cookie | None:
    """The cookie that an answer of *by* sets with *text*; None if *by* may not set it (sections 5.6 and
    5.7)."""
    made = _parsed(text, now)
    if made is None:
        return None
    cookie, attributes = made
    if cookie.secure and not is_secure(by):
        return None
    if not _keeps_to_its_prefix(cookie, attributes):
        return None
    if "path" not in attributes or not attributes["path"].startswith("/"):
        cookie = replace(cookie, path=_default_path(by))
    host = by.host
    if not cookie.domain or cookie.domain == host:
        # Whoever names exactly itself, and is an address or a public suffix, means nothing below it.
        return replace(cookie, domain=host, subdomains=bool(cookie.domain and registrable(host)))
    if is_address(host) or not _below(host, cookie.domain) or is_public_suffix(cookie.domain):
        return None
    return replace(cookie, subdomains=True)


def _keeps_to_its_prefix(cookie: Cookie, attributes: dict[str, str]) -> bool:
    """Section 4.1.3: what the beginning of a name promises; letter case does not count."""
    name = cookie.name.lower()
    if name.startswith("__secure-"):
        return cookie.secure
    if name.startswith("__host-"):
        return cookie.secure and not attributes.get("domain") and attributes.get("path") == "/"
    return True


def _default_path(by: Target) -> str:
    """Section 5.1.4: the path of the request up to its last slash."""
    path = by.resource.partition("?")[0]
    return path[: path.rfind("/")] or "/"


def _parsed(text: str, now: float) -> tuple[Cookie, dict[str, str]] | None:
    """A cookie and its attributes by name in lower case, the last of each (section 5.6)."""
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        return None
    pair, *others = (part.strip(" \t") for part in text.split(";"))
    name, equals, value = (part.strip(" \t") for part in pair.partition("="))
    # A tab cannot be kept in a file; without a name it would be read as another one there. As curl.
    if (
        not name
        or not equals
        or "\t" in pair
        or len(f"{name}{value}".encode(errors="surrogateescape")) > LONGEST
    ):
        return None
    attributes: dict[str, str] = {}
    for each in others:
        key, _, content = (part.strip(" \t") for part in each.partition("="))
        if len(content) <= LONGEST_ATTRIBUTE:
            attributes[key.lower()] = content
    same_site = attributes.get("samesite", "").lower()
    path = attributes.get("path", "")
    return Cookie(
        name,
        value,
        attributes.get("domain", "").lower().removeprefix("."),
        subdomains=False,
        path=path if path.startswith("/") and "\t" not in path else "/",
        secure="secure" in attributes,
        expires=_expires(attributes, now),
        http_only="httponly" in attributes,
        same_site=same_site if same_site in ("lax", "strict", "none") else "",  # type: ignore[arg-type]
    ), attributes


def _expires(attributes: dict[str, str], now: float) -> int:
    """Seconds since 1970; 1 for what is over, 0 for a session's. Max-Age goes before Expires."""
    if re.fullmatch(r"-?[0-9]+", age := attributes.get("max-age", "")):
        seconds = int(age[:12])
        return int(now) + min(seconds, AGE_MAX) if seconds > 0 else 1
    when = date(attributes["expires"]) if "expires" in attributes else None
    return 0 if when is None else max(1, min(when, int(now) + AGE_MAX))


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def date(text: str) -> int | None:
    """Seconds since 1970 of a date in any form that servers write (section 5.1.1); None if *text* is not a
    date."""
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in re.split(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+", text):
        if time is None and (found := re.match(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)", token)):
            time = int(found[1]), int(found[2]), int(found[3])
        elif day is None and (found := re.match(r"(\d{1,2})(?!\d)", token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := re.match(r"(\d{2,4})(?!\d)", token)):
            year = int(found[1])
            year += 1900 if 70 <= year <= 99 else 2000 if year < 70 else 0
    if time is None or day is None or month is None or year is None:
        return None
    try:
        when = datetime(year, month, day, *time, tzinfo=UTC)
    except ValueError:  # the 30th of February, 25:00
        return None
    return int(when.timestamp()) if year >= 1601 else None


def parse(text: str, now: float) -> tuple[Cookie, ...]:
    """The cookies in a file's *text*. Lines in neither format are skipped, as in curl."""
    return tuple(found for line in text.splitlines() if (found := _cookie(line, now)) is not None)


def _cookie(line: str, now: float) -> Cookie | None:
    if line[:11].lower() == "set-cookie:":
        made = _parsed(line[11:].strip(), now)
        return None if made is None else replace(made[0], subdomains=bool(made[0].domain))
    http_only = line.startswith(HTTP_ONLY)
    line = line.removeprefix(HTTP_ONLY)
    fields = line.split("\t")
    if line.startswith("#") or len(fields) not in (6, 7):
        return None
    domain, subdomains, path, secure, expires, name = fields[:6]
    value = fields[6] if len(fields) == 7 else ""
    return Cookie(
        name,
        value,
        domain.lower().removeprefix("."),
        subdomains.upper() == "TRUE",
        path if path.startswith("/") else "/",
        secure.upper() == "TRUE",
        int(expires) if expires.isdecimal() and len(expires) < 15 else 0,
        http_only,
    )
