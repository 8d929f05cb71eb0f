"""Origins that people confuse: another name of the same machine, the other scheme."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK = {"localhost": "127.0.0.1", "127.0.0.1": "localhost", "::1": "localhost"}
"""A name of this machine -> the name that a developer is likely to have written in a list of origins."""


def near(origin: str, host: str, *, secure: bool) -> tuple[str, str] | None:
    """The origin that was perhaps meant instead of *origin*, which a server at *host* (a Host field) refused,
    and how they differ, in words; None if there is none.

    *secure*: the request went over TLS.
    """
    try:
        of, to = urlsplit(origin), urlsplit(f"//{host}")
        port = "" if of.port is None else f":{of.port}"
    except ValueError:
        return None
    if of.scheme not in ("http", "https") or not of.hostname:
        return None
    if of.hostname == to.hostname and (of.scheme == "https") != secure:
        scheme = "https" if secure else "http"
        return f"{scheme}://{host}", f"the server is reached over {scheme}"
    if of.hostname in LOOPBACK:
        other = LOOPBACK[of.hostname]
        return f"{of.scheme}://{other}{port}", f"{of.hostname} and {other} are different origins"
    return None
