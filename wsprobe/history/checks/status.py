"""An answer whose status is not 101, where the answer is read as HTTP."""

from __future__ import annotations

from wsprobe.history.checks.ruling import Ruling, rule
from wsprobe.history.data import cell_of
from wsprobe.history.revision import Revision
from wsprobe.judge.http.refusal import REDIRECTS, asked_version, versions
from wsprobe.judge.subject import status_span
from wsprobe.read.reading import Reading, Response

FOLLOWED_IN_2009 = (301, 302, 303, 307)

_BY_STATUS = {401: "authenticate", 407: "proxy-authenticate", 421: "misdirected"}


def refused(reading: Reading, response: Response, revision: Revision) -> Ruling:
    """What *revision* asks a client to do with *response*, the final answer, which is not a 101."""
    status = response.status
    assert status is not None
    subject = _subject(reading, status)
    answer = _ANSWERS[subject](reading, response, revision)
    decided = subject if answer[1] else "status"
    return rule(
        revision,
        decided,
        answer[0],
        f"the status is {status:03}",
        span=status_span(response),
        expected="101",
        received=f"{status:03}",
    )


def _subject(reading: Reading, status: int) -> str:
    if status in REDIRECTS:
        return "redirect"
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    other = any(version != asked_version(reading) for version in versions(reading))
    return "version-retry" if other else "refusal"


Answer = tuple[str, bool]
"""The answer, and whether the special rule decided (or the general one on a status other than 101)."""


def _general(revision: Revision) -> Answer:
    return {"fail": "fail", "http": "http"}.get(cell_of("status", revision).mode, "not known"), False


def _redirect(reading: Reading, response: Response, revision: Revision) -> Answer:
    mode = cell_of("redirect", revision).mode
    located = bool(response.head.all(b"location"))
    if mode == "follow":
        return ("may-redirect" if _followed_in_2009(reading, response) else "fail"), True
    if mode == "may":
        return ("may-redirect", True) if located else ("http", False)
    return ("fail" if mode == "fail" else "not known"), True


def _followed_in_2009(reading: Reading, response: Response) -> bool:
    where = [field.value.lower() for field in response.head.all(b"location")]
    if response.status not in FOLLOWED_IN_2009 or len(where) != 1:
        return False
    return where[0].startswith(b"wss:" if reading.exchange.plan.target.secure else (b"ws:", b"wss:"))


def _authenticate(reading: Reading, response: Response, revision: Revision) -> Answer:
    mode = cell_of("authenticate", revision).mode
    challenges = len(response.head.all(b"www-authenticate"))
    if mode == "one-challenge":
        return ("retry-auth" if challenges == 1 else "fail"), True
    if mode == "may":
        return ("retry-auth", True) if challenges else ("http", False)
    if mode == "credentials":
        return ("retry-auth" if reading.exchange.plan.target.userinfo else "fail"), True
    return ("fail" if mode == "fail" else "not known"), True


def _proxy_authenticate(reading: Reading, response: Response, revision: Revision) -> Answer:
    mode = cell_of("proxy-authenticate", revision).mode
    return {"retry": "retry-proxy-auth", "http": "http", "fail": "fail"}.get(mode, "not known"), True


def _version_retry(reading: Reading, response: Response, revision: Revision) -> Answer:
    if cell_of("version-retry", revision).mode == "may":
        return "may-retry-version", True
    return _general(revision)


def _other(reading: Reading, response: Response, revision: Revision) -> Answer:
    return _general(revision)


_ANSWERS = {
    "redirect": _redirect,
    "authenticate": _authenticate,
    "proxy-authenticate": _proxy_authenticate,
    "version-retry": _version_retry,
    "misdirected": _other,
    "refusal": _other,
}
