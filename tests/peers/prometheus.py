"""Prometheus, its promtool, and the blackbox exporter, on free ports of loopback."""

import json
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

from tests.peers.place import HOST, open_folder, started, until

QUIET = "--web.listen-address={host}:{port} --log.level=error"


@contextmanager
def blackbox_exporter(authority):
    """The address of an exporter that has the modules of blackbox.yml."""
    line = f"prometheus-blackbox-exporter --config.file={{folder}}/blackbox.yml {QUIET}"
    with started(line, "blackbox.yml", authority=authority) as (port,):
        yield f"http://{HOST}:{port}"


@contextmanager
def prometheus(config, rules=""):
    """The address of a Prometheus of this configuration. *rules*: the text of wsprobe.rules.yml."""
    with open_folder() as folder:
        (folder / "prometheus.yml").write_text(config)
        (folder / "wsprobe.rules.yml").write_text(rules)
        line = f"prometheus --config.file={{folder}}/prometheus.yml --storage.tsdb.path={{folder}}/data {QUIET}"
        with started(line, folder=folder) as (port,):
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
    """The text format of Prometheus, read by the client's own parser: metric -> labels -> value."""
    from prometheus_client.parser import text_string_to_metric_families

    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found
