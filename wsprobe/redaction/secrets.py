"""Secrets in text: masked where they stand, remembered, and found again where they come back."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import unquote_to_bytes

ECHO_MIN = 4
"""Bytes. Shorter secrets are masked where they stand, but not searched for."""

SECRETS_MAX = 1000
"""Secrets searched for. A server can send any number of cookies; the request's own secrets come first."""

_SCHEMES = (
    "basic",
    "bearer",
    "digest",
    "negotiate",
    "ntlm",
    "hoba",
    "mutual",
    "scram-sha-256",
    "vapid",
    "token",
)


class Secrets:
    """Masks secrets in text and remembers them. Text of bytes is latin-1, one character a byte."""

    def __init__(self) -> None:
        self._found: dict[bytes, None] = {}

    def credentials(self, text: str) -> str:
        """Of Authorization: all but a scheme that is known to be one."""
        match = re.match(r"([^ \t\r\n]+)([ \t\r\n]+)", text)
        if match is None or match[1].lower() not in _SCHEMES:
            return self._masked(text)
        rest = text[match.end() :]
        if match[1].lower() == "basic":
            self._remember_basic(rest)
        return match[0] + self._masked(rest)

    def cookies(self, text: str) -> str:
        """Of Cookie: ``name=value; name=value``."""
        return ";".join(self._pair(piece) for piece in text.split(";"))

    def set_cookie(self, text: str) -> str:
        """Of Set-Cookie: the value; the attributes after it are no secret."""
        first, semicolon, attributes = text.partition(";")
        return self._pair(first) + semicolon + attributes

    def url(self, text: str) -> str:
        """Of a URL or a part of one, perhaps with something before it (Refresh)."""
        text = re.sub(r"(?<=//)[^/?#\\]*(?=@)", lambda match: self.userinfo(match[0]), text)
        before, mark, after = text.partition("?")
        query, hash_, fragment = after.partition("#") if mark else ("", "", "")
        if not mark:
            before, hash_, fragment = text.partition("#")
        return before + mark + self._query(query) + hash_ + self.fragment(fragment)

    def fragment(self, text: str) -> str:
        """Where it is made like a query (OAuth puts tokens there)."""
        return self._query(text) if "=" in text else text

    def userinfo(self, text: str) -> str:
        """``user:password``; the colon stays."""
        self._remember(text)
        user, colon, password = text.partition(":")
        return self._masked(user) + colon + self._masked(password)

    def echo(self, data: bytes) -> bytes:
        """*data* with every remembered secret masked."""
        for secret in self._longest_first():
            if secret in data:
                data = data.replace(secret, b"*" * len(secret))
        return data

    def echo_text(self, text: str) -> str:
        """The same for text that is not bytes."""
        for secret in self._longest_first():
            known = secret.decode("utf-8", "replace")
            text = text.replace(known, "*" * len(known))
        return text

    def mask(self, text: str) -> str:
        """*text* masked as a whole; nothing of it is remembered."""
        return re.sub(r"[^ \t\r\n]", "*", text)

    def _longest_first(self) -> list[bytes]:
        return sorted(self._found, key=len, reverse=True)

    def _masked(self, text: str) -> str:
        for piece in re.split(r"[\r\n]+", text):
            self._remember(piece.strip(' \t"'))
        return self.mask(text)

    def _pair(self, text: str) -> str:
        name, equals, value = text.partition("=")
        return name + equals + self._masked(value) if equals else self._masked(text)

    def _query(self, text: str) -> str:
        return "".join(piece if piece in "&;" else self._pair(piece) for piece in re.split(r"([&;])", text))

    def _remember_basic(self, text: str) -> None:
        try:
            pair = b64decode(text.strip(), validate=True)
        except ValueError:
            return
        user, _, password = pair.partition(b":")
        for secret in (pair, user, password):
            self._remember(secret.decode("latin-1"))

    def _remember(self, text: str) -> None:
        forms = [text.encode("utf-8", "surrogatepass")]
        if all(c < "\u0100" for c in text):
            forms.append(text.encode("latin-1"))
        forms.append(unquote_to_bytes(forms[0]))
        for form in forms:
            if len(form) >= ECHO_MIN and len(self._found) < SECRETS_MAX:
                self._found[form] = None
