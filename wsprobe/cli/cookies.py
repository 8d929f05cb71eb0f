"""A file of cookies, as curl's ``-b FILE`` reads it: Netscape's format, or ``Set-Cookie:`` lines."""

from __future__ import annotations

from msgspec import Struct

from wsprobe.exchange import Target

HTTP_ONLY = "#HttpOnly_"


class Cookie(Struct, frozen=True):
    """One cookie, and where it is sent to."""

    pair: str
    """``name=value``."""
    domain: str = ""
    """In lower case, without the dot in front; "" goes everywhere."""
    subdomains: bool = False
    path: str = "/"
    secure: bool = False
    expires: int = 0
    """Seconds since 1970; 0: with the browser's session, so that it is still good."""

    def goes_to(self, target: Target) -> bool:
        """Whether it is sent to *target*, unless it has expired (RFC 6265 section 5.4)."""
        if self.secure and not target.secure:
            return False
        if self.domain not in ("", target.host) and not (
            self.subdomains and target.host.endswith("." + self.domain)
        ):
            return False
        path, given = target.resource.partition("?")[0], self.path.removesuffix("/")
        return path == given or path.startswith(given + "/")


def parse(text: str) -> tuple[Cookie, ...]:
    """The cookies in a file's *text*. Lines that are neither format are left out, as curl does."""
    return tuple(found for line in text.splitlines() if (found := _cookie(line)) is not None)


def _cookie(line: str) -> Cookie | None:
    if line[:11].lower() == "set-cookie:":
        return _set_cookie(line[11:])
    line = line.removeprefix(HTTP_ONLY)
    fields = line.split("\t")
    if line.startswith("#") or len(fields) not in (6, 7):
        return None
    domain, subdomains, path, secure, expires, name = fields[:6]
    value = fields[6] if len(fields) == 7 else ""
    return Cookie(
        f"{name}={value}",
        domain.lower().removeprefix("."),
        subdomains.upper() == "TRUE",
        path if path.startswith("/") else "/",
        secure.upper() == "TRUE",
        int(expires) if expires.isdecimal() and len(expires) < 15 else 0,
    )


def _set_cookie(text: str) -> Cookie | None:
    pair, *attributes = (part.strip() for part in text.split(";"))
    if "=" not in pair:
        return None
    said = {name.strip().lower(): value.strip() for name, _, value in (a.partition("=") for a in attributes)}
    path = said.get("path", "/")
    return Cookie(
        pair,
        said.get("domain", "").lower().removeprefix("."),
        "domain" in said,
        path if path.startswith("/") else "/",
        "secure" in said,
    )
