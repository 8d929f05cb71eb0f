"""Metrics: names, labels that do not grow, and what a scrape gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.watch.played import OPEN, played
from wsprobe.cli.settings import Asking
from wsprobe.cli.targets import Place
from wsprobe.cli.watch import label, unique
from wsprobe.exchange import Limits, Route, TlsOptions
from wsprobe.net.wsgi import served
from wsprobe.opening import Offer
from wsprobe.watch.metrics import METRICS, PHASES
from wsprobe.watch.prometheus import application
from wsprobe.watch.state import Watch, after, seen

BLACKBOX = {
    "probe_success",
    "probe_duration_seconds",
    "probe_dns_lookup_time_seconds",
    "probe_ip_protocol",
    "probe_websocket_status_code",
    "probe_websocket_connection_upgraded",
    "probe_websocket_duration_seconds",
    "probe_ssl_earliest_cert_expiry",
    "probe_tls_version_info",
}
"""Names of github.com/prometheus/blackbox_exporter, prober/{handler,utils,websocket,tcp}.go."""


def watched(title: str, *names: str) -> Watch:
    watch = Watch(title, title)
    for number, name in enumerate(names):
        report = played(name)
        told = seen(report, float(number), up=report.outcome == "open", met=False, holds=True)
        watch = after(watch, told)
    return watch


@contextmanager
def serving(*watches: Watch) -> Iterator[str]:
    with served(application(lambda: watches), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}/metrics"


def scraped(*watches: Watch) -> dict[str, dict[tuple[str, ...], float]]:
    """Name -> values of the labels, by the labels' names -> value."""
    with serving(*watches) as address, urlopen(address, timeout=30) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {
        sample.name: {
            tuple(value for _, value in sorted(other.labels.items())): other.value
            for other in family.samples
            if other.name == sample.name
        }
        for family in families
        for sample in family.samples
    }


def test_names() -> None:
    assert {metric.name for metric in METRICS if not metric.name.startswith("wsprobe_")} == BLACKBOX
    assert all(metric.name.endswith("_total") == (metric.kind == "counter") for metric in METRICS)


def test_what_a_scrape_gets() -> None:
    found = scraped(watched("ws://a/", OPEN, "status-403"), watched("ws://b/", OPEN))
    assert found["probe_success"] == {("ws://a/",): 0.0, ("ws://b/",): 1.0}
    assert found["probe_websocket_status_code"] == {("ws://a/",): 403.0, ("ws://b/",): 101.0}
    assert found["probe_websocket_connection_upgraded"] == {("ws://a/",): 0.0, ("ws://b/",): 1.0}
    assert found["wsprobe_outcome_info"] == {("refused", "ws://a/"): 1.0, ("open", "ws://b/"): 1.0}
    assert found["wsprobe_finding_info"][("status-not-101", "fail", "ws://a/")] == 1.0
    assert found["wsprobe_probes_total"][("open", "ws://a/")] == 1.0
    assert found["wsprobe_changes_total"] == {("ws://a/",): 1.0, ("ws://b/",): 0.0}
    assert found["wsprobe_sessions_held_total"] == {("ws://a/", "held"): 1.0, ("ws://b/", "held"): 1.0}
    assert found["wsprobe_session_held_seconds"][("ws://b/",)] == pytest.approx(0.3, abs=0.01)
    assert found["wsprobe_last_probe_timestamp_seconds"][("ws://b/",)] == 1795694400.0
    assert {phase for phase, _ in found["probe_websocket_duration_seconds"]} <= {
        *PHASES.values(),
        *("resolve", "connect"),
    }


def test_each_expectation_is_a_series() -> None:
    of = played("status-403")
    told = seen(of, 0.0, up=True, met=False, holds=False, expected=(("status=403", True), ("body~x", False)))
    found = scraped(after(Watch("ws://a/", "ws://a/"), told))
    assert found["wsprobe_expectation_met"] == {("status=403", "ws://a/"): 1.0, ("body~x", "ws://a/"): 0.0}


def test_what_was_not_probed_yet_has_no_state() -> None:
    found = scraped(Watch("ws://a/", "ws://a/"))
    assert "probe_success" not in found
    assert found["wsprobe_watched_targets"] == {(): 1.0}


def test_labels_do_not_grow_with_time() -> None:
    """A second day of the same has the same series."""
    turns = (OPEN, "status-403", "close-4403")
    few, many = scraped(watched("ws://a/", *turns)), scraped(watched("ws://a/", *turns * 4))
    assert {name: set(rows) for name, rows in few.items()} == {name: set(rows) for name, rows in many.items()}


def test_another_format_is_for_who_asks_for_it() -> None:
    with serving(watched("ws://a/", OPEN)) as address:
        wanted = Request(address, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        with urlopen(wanted, timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            assert answer.read().endswith(b"# EOF\n")


def test_it_is_only_read() -> None:
    with serving() as address, pytest.raises(HTTPError) as raised:
        urlopen(Request(address, data=b"x", method="POST"), timeout=30)
    assert raised.value.code == 405
    raised.value.close()


def test_a_server_of_ipv6() -> None:
    with (
        served(application(lambda: ()), "::1", 0) as port,
        urlopen(f"http://[::1]:{port}/", timeout=30) as answer,
    ):
        assert b"wsprobe_watched_targets 0.0" in answer.read()


def place(url: str, name: str = "") -> Place:
    return Place(url, Asking(Offer(key=""), Limits(), TlsOptions(), Route()), name=name)


def test_a_label_has_no_secret() -> None:
    url = "wss://someone:sesame@Chat.Example:8443/a?token=opensesame#x"
    assert label(place(url), redact=False) == "wss://chat.example:8443/a?token=opensesame"
    assert label(place(url), redact=True) == "wss://chat.example:8443/a?token=**********"
    assert (
        label(place("ws://127.0.0.1:1/", "lab:/status/403?reason=a"), redact=False)
        == "lab:/status/403?reason=a"
    )


def test_labels_are_not_the_same_twice() -> None:
    """Two URLs may differ in nothing but their secrets, and Prometheus takes no series twice."""
    assert unique(["a", "b", "a", "a", "a #2"]) == ["a", "b", "a #2", "a #3", "a #2 #2"]
