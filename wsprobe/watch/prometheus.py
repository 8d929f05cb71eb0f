"""The metrics of all watches in the formats that Prometheus reads, by `prometheus_client` (the extra
``metrics``; 0.1 s to import), which nothing else imports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from wsprobe.version import __version__
from wsprobe.watch.metrics import METRICS
from wsprobe.watch.summary import Watch

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication


def application(watches: Callable[[], Sequence[Watch]]) -> WSGIApplication:
    """Return a WSGI application that answers a scrape in the requested format.

    *watches* returns the current watches; it is called in another thread. The metrics include wsprobe's own
    process (memory, descriptors)."""
    registry = CollectorRegistry()
    registry.register(Watched(watches))
    ProcessCollector(registry=registry)
    metrics: WSGIApplication = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in PATHS:
            start("404 Not Found", PLAIN)
            return [b"The metrics are at /metrics.\n"]
        ranges = understood(environ.get("HTTP_ACCEPT", "*/*"))
        if not ranges:
            start("406 Not Acceptable", PLAIN)
            return [b"The metrics are text/plain or application/openmetrics-text.\n"]
        return metrics(environ | {"HTTP_ACCEPT": ", ".join(ranges)}, start)

    return answer


PATHS = ("/", "/metrics")
PLAIN = [("Content-Type", "text/plain; charset=utf-8")]

KINDS = ("*/*", "text/*", "application/*", "text/plain", "application/openmetrics-text")
VERSION = r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}"


def understood(accept: str) -> list[str]:
    """The media ranges of an Accept field that the metrics can have; of several, prometheus_client chooses. It
    raises ValueError for a version that is no number."""
    return [each.strip() for each in accept.split(",") if _known(*each.split(";"))]


def _known(kind: str, *parameters: str) -> bool:
    pairs = (parameter.partition("=") for parameter in parameters)
    versions = [value.strip() for name, _, value in pairs if name.strip().lower() == "version"]
    return kind.strip().lower() in KINDS and all(re.fullmatch(VERSION, version) for version in versions)


class Watched(Collector):
    """The metrics of all watches."""

    def __init__(self, watches: Callable[[], Sequence[Watch]]) -> None:
        self._watches = watches

    def describe(self) -> list[Metric]:
        """Claim no names: nothing else registers any."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric with its rows."""
        watches = self._watches()
        for each in METRICS:
            family = CounterMetricFamily if each.kind == "counter" else GaugeMetricFamily
            made = family(each.name, each.about, labels=("target", *each.labels))
            for watch in watches:
                for values, value in each.rows(watch):
                    made.add_metric([_encodable(each) for each in (watch.label, *values)], value)
            yield made
        yield GaugeMetricFamily("wsprobe_watched_targets", "URLs that are watched", value=len(watches))
        build = GaugeMetricFamily("wsprobe_build_info", "The version of wsprobe", labels=("version",))
        build.add_metric((__version__,), 1)
        yield build


def _encodable(text: str) -> str:
    """*text* with an escape for each byte that is not UTF-8: such a byte would break the scrape."""
    return text.encode("utf-8", "backslashreplace").decode()
