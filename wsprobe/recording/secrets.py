"""Finds secrets, and replaces them with ``*`` of the same length."""

from __future__ import annotations

import re
from array import array
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import a2b_qp, b2a_qp
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from urllib.parse import quote_from_bytes, unquote_to_bytes

from msgspec import MsgspecError, Raw
from msgspec.json import decode

ECHO_MIN = 4
"""Bytes. Shorter secrets are masked in their own place, but not searched for elsewhere."""

SECRETS_MAX = 1000
"""The most forms of secrets to search for."""

ANSWERED_MAX = 100
"""The most of them that come from answers: a server can send any number of cookies, and then any number of
messages to search for each."""

FOLDED_MAX = 4096
FOLDED_MIN = 12
"""Bytes. A secret of this length is found in other letter case too, and so is a shorter one of ECHO_MIN twice,
if it has a digit: others are words, like the names of protocols."""

BASE64_MIN = 6
"""Bytes. The base64 of a shorter secret is too short to search for."""

ENCODED_MAX = 1 << 16
"""Characters. A longer text (a message that was sent) is searched for as it is, in JSON and in base64, but not
percent-encoded or in hexadecimal: to encode 16 MiB takes seconds. Nor, if a server sent it, in base64: a
Location of 1 MB took 20 MiB of memory."""

PART_MIN = 12
"""Bytes of the shortest part of a token that is looked for alone."""

JOSE_MAX = 4096
"""The longest header of a JSON Web Token, in base64url."""

PARTS_MAX = 1 << 14
"""Bytes of all tokens together whose parts are looked for; half of them may come from answers. Each byte takes
a hundred in an index."""

TOKEN_MIN = 20
"""The shortest subprotocol with letters and digits that counts as a token."""

_ANNOUNCES = (
    r"(?i)(?:[a-z]+[-_.])?"
    r"(?:token|jwt|bearer|auth|authorization|authentication|api-?key|secret|password|session-?id)"
)
"""A subprotocol that is no protocol: the next name of the list is a credential (``access_token, VALUE``)."""

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


_TOKEN_BEHIND = (
    r"(?i)(?:.*[-_.:/=])?(?:token|jwt|bearer|auth|authorization|authentication|api-?key|apikey|secret|password"
    r"|session-?id|base64url|basic)(?:\.k8s\.io)?[-_.:/=]+(?=[^-_.:/=])"
)
"""The beginning of a subprotocol that has a credential behind a word for one (``bearer.VALUE``)."""
_PART = r"[a-z]{1,15}[0-9]{0,2}|[A-Z]?[a-z]{1,15}(?:[A-Z][a-z]{1,15}){0,3}|[A-Z]{1,8}|k8s|[vV]?[0-9]{1,3}"
_PLAIN_NAME = rf"(?:{_PART})(?:[-_.:/+]+(?:{_PART})){{0,8}}"
"""A subprotocol of words and small numbers, such as ``graphql-transport-ws`` or ``v12.stomp``."""
_PLAIN = r"(?:[A-Za-z]+|[0-9]{1,4})(?:[-_.](?:[A-Za-z]+|[0-9]{1,4}))*"
"""Words and small numbers."""
_LAST = "*!#$%&'+-.^_`|~"
"""How masks of different subprotocols with one length end: names that were different stay so."""


def looks_like_token(text: str) -> bool:
    """True if *text* is long and mixes letters and digits, like generated text."""
    return len(text) >= TOKEN_MIN and bool(re.search(r"[0-9]", text) and re.search(r"[A-Za-z]", text))


def are_credentials(protocols: Sequence[str]) -> list[bool]:
    """Of each of the offered *protocols*: True if it looks like a token, or if the name before it announces a
    credential and it does not announce one itself."""
    announced = [re.fullmatch(_ANNOUNCES, name) is not None for name in protocols]
    return [
        (looks_like_token(name) and not re.fullmatch(_PLAIN_NAME, name))
        or (before and not itself)
        or _value_behind(name) is not None
        for name, before, itself in zip(protocols, (False, *announced), announced, strict=False)
    ]


def _value_behind(name: str) -> int | None:
    """Where the credential in the subprotocol *name* begins, behind a word for it; None without one. Words and
    numbers of one or two digits are none (``auth-v2``)."""
    found = re.match(_TOKEN_BEHIND, name[:4096])
    if found is None or re.fullmatch(r"[a-z]{1,12}|v?[0-9]{1,2}", name[found.end() :]):
        return None
    return found.end()


def _random(text: str) -> bool:
    """True if a path segment or fragment is clearly not a word: long, hexadecimal, or with mixed case and
    digits."""
    if re.fullmatch(r"[0-9A-Fa-f-]{24,}", text):
        return True
    return len(text) >= TOKEN_MIN and all(re.search(kind, text) for kind in ("[0-9]", "[a-z]", "[A-Z]"))


_NAMED = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"} | {
    name.encode(): sign.encode()
    for name, sign in zip(
        re.findall(
            r"\w+",
            "excl num dollar percnt lpar rpar ast plus comma period sol colon semi equals quest "
            "commat lsqb bsol rsqb Hat lowbar grave lcub verbar rcub",
        ),
        "!#$%()*+,./:;=?@[\\]^_`{|}",
        strict=True,
    )
}
"""Characters of ASCII by their names in HTML."""

_ESCAPE = (
    rb"%(?:25)*([0-9A-Fa-f]{2})|\\(?:u00|x)([0-9A-Fa-f]{2})|&#[xX]0*([0-9A-Fa-f]{2});|&#0*([0-9]{1,3});"
    rb"|\\([\\/\"'])|&(" + b"|".join(_NAMED) + rb");"
)
"""A character as URLs (encoded once or more), JSON, JavaScript and HTML may write it."""

_BEGIN = (b"%", b"\\", b"&")
"""How an escape begins."""


def _character(escape: re.Match[bytes]) -> bytes:
    """The byte that *escape* stands for; for a number above 255, *escape* itself."""
    code = escape[1] or escape[2] or escape[3]
    if code is not None:
        return bytes((int(code, 16),))
    if escape[4] is not None:
        return bytes((int(escape[4]),)) if int(escape[4]) < 256 else escape[0]
    return escape[5] or _NAMED[escape[6]]


def _unescaped(data: bytes) -> bytes:
    """*data* with a byte in place of each escape. All are written as quoted-printable first, which binascii
    decodes in a tenth of the time."""
    text = data.replace(b"=", b"=3D")
    if b"\\" in text:
        text = re.sub(rb"\\(?:u00|x)(?=[0-9A-Fa-f]{2})", b"=", text.replace(b"\\\\", b"=5C"))
        for char in b"/\"'":
            text = text.replace(b"\\%c" % char, b"=%02X" % char)
    if b"&" in text:
        text = re.sub(rb"&#[xX]0*([0-9A-Fa-f]{2});", rb"=\1", text)
        text = re.sub(
            rb"&#0*([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]);",
            lambda found: b"=%02X" % int(found[1]),
            text,
        )
        for name, named in _NAMED.items():
            text = text.replace(b"&%b;" % name, b"=%02X" % ord(named))
    return a2b_qp(re.sub(rb"%(?:25)*(?=[0-9A-Fa-f]{2})", b"=", text))


def _without_escaped(data: bytes, secrets: list[bytes]) -> bytes:
    """*data* with each of *secrets* masked that occurs in it wholly or partly escaped."""
    whole = _unescaped(data)
    secrets = [secret for secret in secrets if secret in whole]
    if not secrets:
        return data
    decoded = bytearray()
    starts = array("Q")  # where in *data* each byte of *decoded* begins
    at = 0
    for match in re.finditer(_ESCAPE, data):
        character = _character(match)
        decoded += data[at : match.start()] + character
        starts.extend(range(at, match.start() + len(character)))
        at = match.end()
    decoded += data[at:]
    starts.extend(range(at, len(data) + 1))
    masked = bytearray(data)
    for secret in secrets:
        found = decoded.find(secret)
        while found >= 0:
            begin, stop = starts[found], starts[found + len(secret)]
            masked[begin:stop] = _masked_echo(data[begin:stop])
            found = decoded.find(secret, found + len(secret))
    return bytes(masked)


def _folds(form: bytes) -> bool:
    """Whether *form* is looked for in other letter case: not where words of a text could equal it, and none so
    long that copies of it would fill the memory."""
    if len(form) > FOLDED_MAX:
        return False
    return len(form) >= FOLDED_MIN or (len(form) >= 2 * ECHO_MIN and re.search(rb"[0-9]", form) is not None)


def _without_folded(data: bytes, folded: list[bytes]) -> bytes:
    """*data* with each of *folded* masked that occurs in it in any letter case of ASCII; *data* itself if none
    does."""
    lower = data.lower()
    masked = None
    for secret in folded:
        at = lower.find(secret)
        while at >= 0:
            masked = bytearray(data) if masked is None else masked
            masked[at : at + len(secret)] = _masked_echo(data[at : at + len(secret)])
            at = lower.find(secret, at + len(secret))
    return data if masked is None else bytes(masked)


_JWT = re.compile(rb"eyJ[A-Za-z0-9_-]{12,}")
"""The header of a JWT: ``eyJ`` is the beginning of a JSON object."""
_JWT_REST = re.compile(rb"\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,3}")
"""What follows the header of a JWT: two parts, or four of an encrypted one; fewer if it is cut off."""


def _without_jwts(data: bytes, ends: Sequence[int]) -> bytes:
    """*data* with each JSON Web Token (RFC 7519) masked: base64url of a JSON object with ``alg``, a dot, and
    the rest. None goes beyond one of *ends*, where another message begins."""
    out = None
    found = _JWT.search(data)
    while found is not None:
        begin, stop = found.span()
        rest = _JWT_REST.match(data, stop, ends[bisect_right(ends, begin)])
        if rest is not None and _is_jose_header(data[begin:stop]):
            stop = rest.end()
            out = bytearray(data) if out is None else out
            out[begin:stop] = b"*" * (stop - begin)
        found = _JWT.search(data, stop)
    return data if out is None else bytes(out)


def _is_jose_header(part: bytes) -> bool:
    if len(part) > JOSE_MAX:
        return False
    try:
        return "alg" in decode(urlsafe_b64decode(part + b"=="), type=dict[str, Raw])
    except (ValueError, MsgspecError, RecursionError):
        return False


_HALF = PART_MIN // 2
_TOKENS = rb"[A-Za-z0-9+/_-]{12,}"
"""Letters of base64 in both alphabets, and so of hexadecimal and UUIDs too."""
_WORDS = re.compile(
    rb"[-+/_]*(?:[A-Za-z]+[0-9]{0,4}|[0-9]{1,4})(?:[-+/_]+(?:[A-Za-z]+[0-9]{0,4}|[0-9]{1,4}))*[-+/_]*"
)
"""Words with small numbers, as paths, names and dates have them."""


def _without_parts(data: bytes, index: Set[bytes]) -> bytes:
    """*data* with each part of a token masked; *data* itself if it has none. *index*: each PART_MIN bytes in a
    row of a token, and each _HALF: a part has one at each of PART_MIN - _HALF + 1 places in a row."""
    masked = None
    for run in re.finditer(_TOKENS, data):
        least, last = run.start(), run.end() - PART_MIN
        for probe in range(least, run.end() - _HALF + 1, PART_MIN - _HALF + 1):
            if data[probe : probe + _HALF] not in index:
                continue
            places = range(max(least, probe - _HALF), min(probe, last) + 1)
            begin = next((at for at in places if data[at : at + PART_MIN] in index), None)
            if begin is None:
                continue
            stop = begin + PART_MIN
            while data[stop - PART_MIN + 1 : stop + 1] in index:
                stop += 1
            least = stop - PART_MIN + 1
            if not _WORDS.fullmatch(data, begin, stop):
                masked = bytearray(data) if masked is None else masked
                masked[begin:stop] = b"*" * (stop - begin)
    return data if masked is None else bytes(masked)


def _in_base64(data: bytes, before: int) -> list[bytes]:
    """The letters of base64 that stand for *data* alone, behind *before* bytes of something else (0 to 2), in
    both alphabets. The letters at its edges depend on what is around it."""
    first, last = (0, 2, 3)[before], (before + len(data)) * 8 // 6
    return [encode(bytes(before) + data)[first:last] for encode in (b64encode, urlsafe_b64encode)]


_WIDE = "\u00b7\u2022\U0001f512"
"""What replaces a character that has two, three or four bytes in UTF-8."""
MASKS = frozenset(f"*{_WIDE}\udcff")
"""All characters that masks are made of."""


class _Stars(dict[int, int]):
    """For ``str.translate``: what replaces each character, but those that stay."""

    def __missing__(self, key: int) -> int:
        if key < 0x80:
            made = "*"
        elif 0xDC80 <= key <= 0xDCFF:
            made = "\udcff"  # a byte that is not UTF-8
        else:
            made = _WIDE[(key >= 0x800) + (key >= 0x10000)]
        self[key] = ord(made)
        return ord(made)


_ALL = _Stars()
_IN_HEAD = _Stars({each: each for each in (*range(0x20), 0x7F)})
"""Control characters decide how a line is read."""
_IN_FIELDS = _Stars(_IN_HEAD | {0x20: 0x20})
"""Spaces too decide how the value of a field is read."""


_PACKET = rb"(?:4[0-6]|[23](?:probe)?\Z)"
"""The type of a packet of engine.io and Socket.IO, which decides how a server answers."""


def masked_bytes(data: bytes, kept: _Stars = _ALL) -> bytes:
    """As many bytes as *data*, and as many characters: ``*`` for each in ASCII, one as wide for another, 0xFF
    for what is not UTF-8. So UTF-8 is valid or not as it was. *kept* are the characters that stay."""
    if data.isascii():
        return data.decode("ascii").translate(kept).encode("ascii")
    cut = b""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if error.end == len(data) and error.reason == "unexpected end of data":
            lead = data[error.start]
            wide = _WIDE[0] if lead < 0xE0 else _WIDE[1] if lead < 0xF0 else _WIDE[2]
            cut, data = wide.encode()[: len(data) - error.start], data[: error.start]
    text = data.decode("utf-8", "surrogateescape").translate(kept)
    return text.encode("utf-8", "surrogateescape") + cut


def _masked_echo(data: bytes) -> bytes:
    """A repeated secret, masked. The control characters of a text stay, because they decide how a head is read;
    those of other bytes do not."""
    control = len(re.findall(rb"[\x00-\x1f\x7f]", data))
    return masked_bytes(data, _IN_HEAD if 2 * control < len(data) else _ALL)


def _text_of(masked: bytes, raw: bytes) -> str:
    """*masked*, which was *raw*, a text. A character stays within which a secret in latin-1 begins or ends."""
    if b"\xff" in masked:
        masked = bytes(old if new == 0xFF else new for old, new in zip(raw, masked, strict=True))
    return masked.decode("utf-8", "surrogatepass")


class Secrets:
    """Masks secrets in text and remembers them. Text of bytes is latin-1, one character a byte."""

    def __init__(self) -> None:
        self._found: dict[bytes, None] = {}
        self._longest_first: list[bytes] = []
        self._as_text: list[str] = []
        """The same, decoded."""
        self._folded: list[bytes] = []
        """Those to find in any letter case, in lower case."""
        self._tried: set[tuple[str, bool]] = set()
        """Texts with all their forms in it: the answers of a chain repeat each cookie. No very long ones."""
        self._in_answer = self._learning = False
        self._protocols: dict[str, str] = {}
        """Subprotocols that are secrets, and their masks."""
        self.chosen: frozenset[str] = frozenset()
        """The subprotocols in the answers: a server says no secret back to all."""
        self._answered = 0
        """Number of those found in answers."""
        self._parts: set[bytes] = set()
        """See ``_without_parts``."""
        self._indexed = 0
        """Bytes of tokens in it."""

    @property
    def known(self) -> int:
        """The number of secrets to search for, each form of each."""
        return len(self._found)

    @property
    def longest(self) -> int:
        """The bytes of the longest of them; 0 if none is known."""
        return max(map(len, self._found), default=0)

    @property
    def searches(self) -> bool:
        """Whether ``echo`` may find one."""
        return not self._learning

    @contextmanager
    def learning(self) -> Iterator[None]:
        """In this context secrets are masked in their own place only: not all are known yet, and a search
        takes time."""
        self._learning = True
        try:
            yield
        finally:
            self._learning = False

    @contextmanager
    def of_answers(self) -> Iterator[None]:
        """What is masked in this context was sent by a server."""
        self._in_answer = True
        try:
            yield
        finally:
            self._in_answer = False

    def credentials(self, text: str) -> str:
        """Of Authorization: everything except a known scheme."""
        match = re.match(r"([^ \t\r\n]+)([ \t\r\n]+)", text)
        if match is None or match[1].lower() not in _SCHEMES:
            return self._masked(text)
        rest = text[match.end() :]
        if match[1].lower() == "basic":
            self._remember_basic(rest)
        for name in re.findall(r'(?i)\busername\*?="?([^",]+)', rest):  # of Digest
            self._remember(name)
        return match[0] + self._masked(rest)

    def whole(self, text: str) -> str:
        """Of a field with the name of a secret."""
        return self._masked(text)

    def cookies(self, text: str) -> str:
        """Of Cookie: ``name=value; name=value``."""
        return ";".join(self._pair(piece) for piece in text.split(";"))

    def set_cookie(self, text: str) -> str:
        """Of Set-Cookie: the value, without the attributes."""
        first, semicolon, attributes = text.partition(";")
        return self._pair(first) + semicolon + self._repeated(attributes)

    def header(self, text: str) -> str:
        """Of a header as typed, ``Name: value``."""
        name, colon, value = text.partition(":")
        mask = rule(name.strip().lower().encode("utf-8", "replace"))
        return text if mask is None else name + colon + mask(self, value)

    def url(self, text: str) -> str:
        """Of a URL or a part of one, perhaps without its scheme, or with something before it (Refresh)."""
        text = re.sub(r"(?:(?<=//)|^)[^/?#\\]*(?=@)", lambda match: self.userinfo(match[0]), text)
        before, hash_, fragment = text.partition("#")
        path, mark, query = before.partition("?")
        return self._path(path) + mark + self._query(query) + hash_ + self.fragment(fragment)

    def fragment(self, text: str) -> str:
        """If it has the form of a query (OAuth puts tokens there), or looks like a token."""
        if "=" in text:
            return self._query(text)
        return self._masked(text) if _random(text) else self._repeated(text)

    def _path(self, text: str) -> str:
        """Segments that look like a token (``/ws/3f1c.../``), and secrets in the others; not the host."""

        slashes = re.match("[^/]*//", text)
        host = -1 if slashes is None else slashes.end()

        def masked(segment: re.Match[str]) -> str:
            if segment.start() and _random(segment[0]):
                return self._masked(segment[0])
            return segment[0] if segment.start() == host else self._repeated(segment[0])

        return re.sub(r"[^/]+", masked, text)

    def _repeated(self, text: str) -> str:
        """*text* with known secrets masked, but words and small numbers: a URL has them anyway."""
        masked = self.echo_text(text)
        if masked == text:
            return text
        shown = list(masked)
        changed = "".join("*" if a != b else " " for a, b in zip(text, masked, strict=True))
        for run in re.finditer(r"\*+", changed):
            begin, end = run.span()
            if re.fullmatch(_PLAIN, text[begin:end]):
                shown[begin:end] = text[begin:end]
        return "".join(shown)

    def userinfo(self, text: str) -> str:
        """``user:password``; the colon stays."""
        self._remember(text)
        user, colon, password = text.partition(":")
        return self._masked(user) + colon + self._masked(password)

    def protocols(self, text: str) -> str:
        """Of Sec-WebSocket-Protocol: the names that are credentials (a page has no other place for one), and
        those that the server did not choose, unless they are plain words."""
        names = re.findall(r"[^, \t]+", text)
        secret = iter(are_credentials(names))
        return re.sub(r"[^, \t]+", lambda found: self._protocol(found[0], next(secret)), text)

    def _protocol(self, name: str, secret: bool) -> str:
        known = self._protocols.get(name)
        if known is None and not secret and (name in self.chosen or re.fullmatch(_PLAIN_NAME, name)):
            return name
        if known is None:
            begin = _value_behind(name) or 0
            stars = name[:begin] + self._masked(name[begin:])
            made = (stars[:-1] + last for last in _LAST if stars.endswith("*"))  # not half a wide character
            known = next((each for each in made if each not in self._protocols.values()), stars)
            self._protocols[name] = known
        return known

    def message(self, data: bytes) -> bytes:
        """A message sent in the session, masked as a whole, but for the type of a packet."""
        packet = re.match(_PACKET, data)
        kept = 0 if packet is None else packet.end()
        self._remember(data[kept:].decode("latin-1"), rare=False)
        return data[:kept] + masked_bytes(data[kept:])

    def echo(self, data: bytes, ends: Sequence[int] = ()) -> bytes:
        """*data* with every remembered secret masked, however its characters are escaped, and every JSON Web
        Token. *ends*: where messages end, the last not before the end of *data*."""
        if self._learning:
            return data
        data = _without_jwts(data, ends or (len(data),))
        if not self._found or len(data) < self._shortest():
            return data
        for secret in self._forms():
            if secret in data:
                data = data.replace(secret, _masked_echo(secret))
        return self._without_rare(data)

    def echo_text(self, text: str) -> str:
        """The same for text instead of bytes."""
        if self._learning:
            return text
        if "eyJ" in text:
            raw = text.encode("utf-8", "surrogatepass")
            text = _without_jwts(raw, (len(raw),)).decode("utf-8", "surrogatepass")
        if not self._found:
            return text
        if len(text) < self._shortest() and text.isascii():
            return text
        for known in self._as_text:
            if known in text:
                text = text.replace(known, known.translate(_ALL))
        raw = text.encode("utf-8", "surrogatepass")
        masked = self._without_rare(raw)
        return text if masked is raw else _text_of(masked, raw)

    def _without_rare(self, data: bytes) -> bytes:
        """*data* with secrets masked in other letter case, with escapes, and in parts."""
        data = _without_folded(data, self._folded)
        if any(mark in data for mark in _BEGIN):
            data = _without_escaped(data, self._forms())
        return _without_parts(data, self._parts)

    def _shortest(self) -> int:
        """The fewest bytes that may hold something to mask."""
        shortest = len(self._forms()[-1])
        return min(shortest, PART_MIN) if self._parts else shortest

    def _forms(self) -> list[bytes]:
        """All known, the longest first; not sorted again for each one that is found."""
        if len(self._longest_first) < self.known:
            self._longest_first = sorted(self._found, key=len, reverse=True)
            self._as_text = [form.decode("utf-8", "replace") for form in self._longest_first]
            self._folded = list(dict.fromkeys(form.lower() for form in self._longest_first if _folds(form)))
        return self._longest_first

    def mask(self, text: str) -> str:
        """*text* masked as a whole, without remembering it."""
        try:
            return masked_bytes(text.encode("latin-1"), _IN_FIELDS).decode("latin-1")
        except UnicodeEncodeError:  # not of bytes
            return text.translate(_IN_FIELDS)

    def _masked(self, text: str) -> str:
        for piece in re.split(r"[\r\n]+", text):
            self._remember(piece.strip(' \t"'))
        return self.mask(text)

    def _pair(self, text: str) -> str:
        name, equals, value = text.partition("=")
        return self._repeated(name) + equals + self._masked(value) if equals else self._masked(text)

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

    def _remember(self, text: str, *, rare: bool = True) -> None:
        """Search for *text* from now on. *rare*: in rare forms too, unless it comes from an answer."""
        short = len(text) <= ENCODED_MAX
        rare = rare and short and not self._in_answer
        if self._is_full() or (text, rare) in self._tried:
            return
        if short:
            self._tried.add((text, rare))
        spelt = [text.encode("utf-8", "surrogatepass")]
        with suppress(UnicodeEncodeError):
            spelt.append(text.encode("latin-1"))
        plain = [*spelt, *(unquote_to_bytes(each) for each in spelt if short)]
        if rare or (self._in_answer and short):
            for each in plain:
                self._index(each)
        forms = [*plain, *(quote_from_bytes(each, safe="").encode() for each in plain if short)]
        spaced = [each for each in plain if b" " in each and short]
        forms += [quote_from_bytes(each, safe=" ").replace(" ", "+").encode() for each in spaced]
        forms += [each.replace(b" ", b"+") for each in spaced]
        forms += [b2a_qp(each, quotetabs=False, istext=False) for each in plain if short]
        from json import dumps  # only a call that masks needs it

        for ascii in (True, False):
            forms.append(dumps(text, ensure_ascii=ascii)[1:-1].encode("utf-8", "surrogatepass"))
        for each in plain:
            if len(each) >= BASE64_MIN and (short or not self._in_answer):
                forms += _in_base64(each, 0)
                if rare:
                    forms += [*_in_base64(each, 1), *_in_base64(each, 2)]
                    forms += [each.hex().encode(), each.hex().upper().encode()]
        for form in forms:
            if len(form) >= ECHO_MIN and form not in self._found and not self._is_full():
                self._found[form] = None
                self._answered += self._in_answer

    def _index(self, secret: bytes) -> None:
        """Look for parts of the tokens in *secret*, which is no message."""
        for token in re.findall(_TOKENS, secret):
            room = PARTS_MAX // (1 + self._in_answer) - self._indexed
            if len(token) > room or _WORDS.fullmatch(token) or token[:PART_MIN] in self._parts:
                continue
            self._indexed += len(token)
            for size in (PART_MIN, _HALF):
                self._parts.update(token[at : at + size] for at in range(len(token) - size + 1))

    def _is_full(self) -> bool:
        return self.known >= SECRETS_MAX or (self._in_answer and self._answered >= ANSWERED_MAX)


_RULES: dict[bytes, Callable[[Secrets, str], str]] = {
    b"authorization": Secrets.credentials,
    b"proxy-authorization": Secrets.credentials,
    # rspauth is made of the password, which can be guessed from it (RFC 7616 section 3.5).
    b"authentication-info": Secrets.whole,
    b"proxy-authentication-info": Secrets.whole,
    b"cookie": Secrets.cookies,
    b"cookie2": Secrets.cookies,
    b"set-cookie": Secrets.set_cookie,
    b"set-cookie2": Secrets.set_cookie,
    b"location": Secrets.url,
    b"content-location": Secrets.url,
    b"refresh": Secrets.url,
    b"referer": Secrets.url,
    b"sec-websocket-protocol": Secrets.protocols,
    b"sec-websocket-location": Secrets.url,
    b"websocket-location": Secrets.url,
}

OF_A_BODY = (b"content-length", b"content-encoding", b"content-type")
"""Fields that decide how to read a body."""

_SECRET_NAME = rb"api-?key|token|secret|csrf|xsrf|password|session-?id"
"""Names of fields with a value that is wholly secret."""


def rule(key: bytes) -> Callable[[Secrets, str], str] | None:
    """The function that masks the value of the field *key* (lower case); None if it is not a secret."""
    return Secrets.whole if re.search(_SECRET_NAME, key) else _RULES.get(key)
