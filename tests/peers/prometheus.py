"""Prometheus, its promtool, and the blackbox exporter, on free ports of loopback."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

from tests.peers.place import HOST, open_folder, running, until

Samples = dict[str, dict[frozenset[tuple[str, str]], float]]
"""Name of a metric -> its labels -> the value."""

MODULES = """
modules:
  http_403:
    prober: http
    timeout: 5s
    http: {{ preferred_ip_protocol: ip4, valid_status_codes: [403] }}
  http_any:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      valid_status_codes: [101, 200, 403, 426]
      tls_config: {{ ca_file: {authority}, server_name: good.example }}
  tcp:
    prober: tcp
    timeout: 5s
    tcp: {{ preferred_ip_protocol: ip4 }}
"""

SCRAPES = """
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: watch
    static_configs: [{ targets: ["TARGET"] }]
"""


@contextmanager
def blackbox_exporter(program, authority):
    """The address of an exporter that has ``MODULES``."""
    with open_folder() as folder:
        (folder / "modules.yml").write_text(MODULES.format(authority=authority))

        def command(ports):
            (port,) = ports
            return [
                program,
                f"--config.file={folder / 'modules.yml'}",
                f"--web.listen-address={HOST}:{port}",
                "--log.level=error",
            ]

        with running(command, folder) as (port,):
            yield f"http://{HOST}:{port}"


@contextmanager
def prometheus(program, target, scrapes=SCRAPES, rules=""):
    """The address of a Prometheus that scrapes *target*. *rules*: the text of wsprobe.rules.yml."""
    with open_folder() as folder:
        (folder / "prometheus.yml").write_text(scrapes.replace("TARGET", target))
        (folder / "wsprobe.rules.yml").write_text(rules)

        def command(ports):
            (port,) = ports
            return [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={HOST}:{port}",
                "--log.level=error",
            ]

        with running(command, folder) as (port,):
            yield f"http://{HOST}:{port}"


def asked(address, query):
    """(labels, value) of each series that answers a query of PromQL; waits for the first."""
    url = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"

    def found():
        try:
            told = json.loads(fetched(url))
        except urllib.error.HTTPError:  # it starts
            return None
        rows = told["data"]["result"]
        return [(row["metric"], float(row["value"][1])) for row in rows] or None

    return until(found, f"Prometheus to answer {query}")


def fetched(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        text = answer.read().decode()
    return text


def samples(text):
    """The text format of Prometheus, read by the client's own parser."""
    from prometheus_client.parser import text_string_to_metric_families

    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found
