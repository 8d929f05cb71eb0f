"""What a certificate says against itself: dates and names. Whether it is trusted is not to be read from it."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.exchange import Certificate

SECONDS = len("2026-11-24T12:00:00")
"""Characters of a time in ISO 8601 up to its seconds."""


SELF_SIGNED, UNKNOWN_ISSUER = "it is self-signed", "its issuer is not a known authority"
"""What ``TlsDone.problem`` begins with where no trusted authority stands behind a certificate."""


def untrusted(problem: str) -> bool:
    """True if *problem*, of a certificate that was let pass, says that no known authority stands behind it."""
    return problem.startswith((SELF_SIGNED, UNKNOWN_ISSUER))


def faults(shown: Certificate, name: str, now: str) -> Iterator[tuple[str, str]]:
    """Return (reason as in ``TlsFailed.reason``, words that follow "it") for each fault of *shown*.

    *name*: whom we meant to reach; *now*: ISO 8601 in UTC, "" if that is not known. Nothing is said of what
    could not be read. Verification stops at the first fault that it comes to; a person wants to mend them all.
    """
    if now and shown.not_after and now[:SECONDS] > shown.not_after[:SECONDS]:
        yield "expired", f"expired on {shown.not_after}"
    if now and shown.not_before and now[:SECONDS] < shown.not_before[:SECONDS]:
        yield "not-yet-valid", f"is not valid before {shown.not_before}"
    read = shown.names or shown.not_after
    if read and not any(covers(each, name) for each in shown.names):
        yield "wrong-name", f"is not for {name}"


def covers(pattern: str, name: str) -> bool:
    """True if a subjectAltName *pattern* is for *name*: RFC 9525 section 6.3, a wildcard is one whole label."""
    import ipaddress  # late: most answers have no certificate

    try:
        return ipaddress.ip_address(pattern) == ipaddress.ip_address(name)
    except ValueError:
        pass
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return "." in pattern[2:] and name.partition(".")[2] == pattern[2:]
    return pattern == name
