"""The results of a watch as metrics: their names, labels and values.

Names and descriptions are those of the blackbox exporter (prober/ of github.com/prometheus/blackbox_exporter)
where it has them, so that its dashboards and alerts keep working; wsprobe's other metrics begin with
``wsprobe_``. Label values come from lists that do not grow: the URLs of the command line, outcomes, phases,
findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from msgspec import Struct

from wsprobe.report.state import Hold, Probed
from wsprobe.watch.summary import Watch

Row = tuple[tuple[str, ...], float]
"""Values of the labels after target, and the value."""


class Metric(Struct, frozen=True):
    """One metric, which every URL has."""

    name: str
    about: str
    rows: Callable[[Watch], Iterable[Row]]
    labels: tuple[str, ...] = ()
    """The labels after target."""
    kind: Literal["gauge", "counter"] = "gauge"


def _last(value: Callable[[Probed], float | None]) -> Callable[[Watch], Iterable[Row]]:
    """A row with the value from the last probe, if it has one."""
    return lambda watch: _one(None if watch.last is None else value(watch.last))


def _each(rows: Callable[[Probed], Iterable[Row]]) -> Callable[[Watch], Iterable[Row]]:
    """The rows of the last probe."""
    return lambda watch: () if watch.last is None else rows(watch.last)


def _held(value: Callable[[Hold], float]) -> Callable[[Watch], Iterable[Row]]:
    """A row with the value from the session that the last probe held, if it held one."""
    return _last(lambda seen: None if seen.held is None else value(seen.held))


def _one(value: float | None) -> Iterable[Row]:
    return () if value is None else (((), round(float(value), 6)),)


def _counted(counts: Iterable[tuple[str, int]]) -> Iterable[Row]:
    return (((word,), float(count)) for word, count in counts)


PHASES = {"answer": "processing", "session": "transfer", "rest": "transfer"}
"""The blackbox exporter's names for phases with another name here. It has resolve, connect, tls, processing and
transfer; proxy exists only in wsprobe. Its WebSocket prober includes TLS in processing."""


def _phases(seen: Probed) -> Iterable[Row]:
    return (((PHASES.get(name, name),), round(seconds, 6)) for name, seconds in seen.phases)


def _tls_version(seen: Probed) -> Iterable[Row]:
    return (((seen.tls.replace("TLSv", "TLS "),), 1.0),) if seen.tls else ()


METRICS = (
    Metric("probe_success", "Displays whether or not the probe was a success", _last(lambda seen: seen.up)),
    Metric(
        "probe_duration_seconds",
        "Returns how long the probe took to complete in seconds, without the session",
        _last(lambda seen: seen.seconds),
    ),
    Metric(
        "probe_dns_lookup_time_seconds",
        "Returns the time taken for probe dns lookup in seconds",
        _last(lambda seen: dict(seen.phases).get("resolve")),
    ),
    Metric(
        "probe_ip_protocol",
        "Specifies whether probe ip protocol is IP4 or IP6",
        _last(lambda seen: seen.family or None),
    ),
    Metric(
        "probe_websocket_status_code",
        "Response HTTP status code, 0 without one",
        _last(lambda seen: int(seen.state.status or 0)),
    ),
    Metric(
        "probe_websocket_connection_upgraded",
        "Indicates if the websocket connection was successfully upgraded",
        _last(lambda seen: seen.opened),
    ),
    Metric(
        "probe_websocket_duration_seconds",
        "Duration of websocket request by phase: resolve, connect, proxy, tls, processing, transfer (the rest "
        "of the body or, where a session opened, how long it was watched or held)",
        _each(_phases),
        ("phase",),
    ),
    Metric(
        "probe_ssl_earliest_cert_expiry",
        "Returns when the server's own certificate expires, in seconds since 1970",
        _last(lambda seen: seen.expires),
    ),
    Metric("probe_tls_version_info", "Returns the TLS version used", _each(_tls_version), ("version",)),
    Metric(
        "wsprobe_outcome_info",
        "The outcome of the last probe, a word of wsprobe explain exit",
        _each(lambda seen: (((seen.state.outcome,), 1.0),)),
        ("outcome",),
    ),
    Metric(
        "wsprobe_finding_info",
        "Each finding of the last probe, by its id in wsprobe explain",
        _each(lambda seen: ((pair, 1.0) for pair in seen.levels)),
        ("finding", "level"),
    ),
    Metric(
        "wsprobe_expectation_met",
        "Whether the last probe met this --expect; with --redact its number",
        _each(lambda seen: (((text,), float(met)) for text, met in seen.expected)),
        ("expectation",),
    ),
    Metric(
        "wsprobe_exit_status",
        "The exit status for the last probe",
        _last(lambda seen: seen.exit_status),
    ),
    Metric(
        "wsprobe_last_probe_timestamp_seconds",
        "When the last probe began, in seconds since 1970",
        _last(lambda seen: seen.began),
    ),
    Metric(
        "wsprobe_state_since_timestamp_seconds",
        "When the first probe in the present run of equal results began, in seconds since 1970",
        lambda watch: _one(None if watch.since is None else watch.since.began),
    ),
    Metric(
        "wsprobe_session_held_seconds",
        "How long the session that the last probe held stayed open",
        _held(lambda held: held.seconds),
    ),
    Metric(
        "wsprobe_session_idle_seconds",
        "How long no frame had passed in either direction when that session ended",
        _held(lambda held: held.idle),
    ),
    Metric(
        "wsprobe_probes_total",
        "Probes, by their outcome",
        lambda watch: _counted(watch.outcomes),
        ("outcome",),
        "counter",
    ),
    Metric(
        "wsprobe_findings_total",
        "Probes that had this finding",
        lambda watch: _counted(watch.found),
        ("finding",),
        "counter",
    ),
    Metric(
        "wsprobe_changes_total",
        "Changes from one probe to the next",
        lambda watch: _one(watch.changes),
        (),
        "counter",
    ),
    Metric(
        "wsprobe_sessions_held_total",
        "Held sessions, by how they ended: held, closed, cut, limit or interrupted",
        lambda watch: _counted(watch.ways),
        ("way",),
        "counter",
    ),
)
