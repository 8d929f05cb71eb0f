"""The metrics of `watch --listen`: promtool finds no fault, a real Prometheus scrapes and labels them, and the
blackbox exporter says the same of the same targets under the names that both have."""

import os
import subprocess
import sys
import urllib.parse
from contextlib import contextmanager
from pathlib import Path

import pytest

from man.build import mdoc, page
from man.build import prometheus as manual
from tests.peers.place import HOST, SERVERS, filled, needs, running, until
from tests.peers.program import started
from tests.peers.prometheus import asked, blackbox_exporter, fetched, prometheus, samples

pytestmark = pytest.mark.programs


@pytest.fixture(scope="module")
def blackbox(nginx):
    with blackbox_exporter(nginx.authority) as address:
        yield address


@contextmanager
def watching(*words):
    """The address of the metrics of a watch, once each URL has been probed twice."""
    with started("watch", "--every", "0.2s", "--listen", "0", *words) as process:
        address = process.stderr.readline().removeprefix("wsprobe: metrics at ").strip()
        urls = [word for word in words if "://" in word]

        def probed():
            counts = samples(fetched(address)).get("wsprobe_probes_total", {})
            targets = [dict(labels)["target"] for labels, count in counts.items() if count >= 2]
            return True if len(targets) == len(urls) else None

        until(probed, "two probes of each URL")
        yield address


def of(found, name, target, **labels):
    return found[name][frozenset({"target": target, **labels}.items())]


def test_promtool_finds_no_fault(nginx):
    promtool = needs("promtool")
    urls = (
        f"ws://{HOST}:{nginx.port}/ws/",
        f"ws://{HOST}:{nginx.port}/denied",
        f"ws://{HOST}:{nginx.port}/silent",
    )
    with watching("--hold", "0.1s", *urls) as address:
        text = fetched(address)
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_prometheus_scrapes_it(nginx):
    config = (SERVERS / "prometheus.yml").read_text()
    good, denied = f"ws://{HOST}:{nginx.port}/ws/", f"ws://{HOST}:{nginx.port}/denied"
    with (
        watching(good, denied) as address,
        prometheus(filled(config, {"target": urllib.parse.urlsplit(address).netloc})) as server,
    ):
        up = {labels["target"]: value for labels, value in asked(server, "probe_success")}
        assert up == {good: 1.0, denied: 0.0}
        for query, labels in {
            "wsprobe_outcome_info{outcome!='open'}": {"outcome": "refused"},
            "wsprobe_finding_info{finding='status-not-101'} == 1": {"level": "fail"},
            "probe_websocket_status_code == 403": {},
        }.items():
            ((found, _),) = asked(server, query)
            assert found.items() >= (labels | {"target": denied}).items()
        ((_, parts),) = asked(server, f"sum(probe_websocket_duration_seconds{{target='{denied}'}})")
        assert 0 < parts < 30


def test_what_the_manual_says_of_it_works(nginx, tmp_path):
    """The manual's own text: the line of cron starts the watch, promtool checks both files, Prometheus scrapes,
    and the alert is on its way."""
    made = page("wsprobe-watch.1")
    for _, text in manual.PARTS:
        assert "\n".join(mdoc.literal(text.splitlines())) in made
    promtool = needs("promtool")
    (tmp_path / "prometheus.yml").write_text(manual.SCRAPE)
    (tmp_path / "wsprobe.rules.yml").write_text(manual.RULES)
    for kind, name in (("config", "prometheus.yml"), ("rules", "wsprobe.rules.yml")):
        done = subprocess.run(
            [promtool, "check", kind, tmp_path / name], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
    denied = f"ws://{HOST}:{nginx.port}/denied"
    (tmp_path / "urls.txt").write_text(f"{denied}\n")
    schedule, _, command = manual.CRON.partition(" ")
    assert (schedule, command.count("%")) == ("@reboot", 0)  # a percent sign is a line end to cron
    beside = Path(sys.executable).parent
    started = ["env", "-i", f"HOME={tmp_path}", f"PATH={beside}:/usr/bin:/bin", "/bin/sh", "-c"]
    with running(lambda ports: [*started, f"exec {command.replace('9101', str(ports[0]))}"], tmp_path) as (
        port,
    ):
        target = f"{HOST}:{port}"
        scrapes = manual.SCRAPE.replace("127.0.0.1:9101", target).replace("30s", "1s")
        with prometheus(scrapes, manual.RULES) as server:
            for query, labels in {
                "ALERTS": {"alertname": "WebSocketDown", "target": denied, "alertstate": "pending"},
                "probe_success": {"instance": denied, "target": denied},
                "up": {"instance": target},
            }.items():
                ((found, _),) = asked(server, query)
                assert found.items() >= labels.items()


def test_systemd_reads_the_units_of_the_manual(tmp_path):
    """The same command has nothing to report in a second night, and 1 in one in which the URL is gone."""
    made = page("wsprobe-watch.1")
    for (_, text), name in zip(
        manual.NIGHTLY, ("wsprobe-nightly.service", "wsprobe-nightly.timer"), strict=True
    ):
        assert "\n".join(mdoc.literal(text.splitlines())) in made
        (tmp_path / name).write_text(text)
    (tmp_path / "urls.txt").write_text(f"ws://{HOST}:1/\n")
    line = next(each for each in manual.SERVICE.splitlines() if each.startswith("ExecStart="))
    words = line.replace("%h", str(tmp_path)).split()[1:]
    command = [sys.executable, "-m", *words]
    assert [subprocess.run(command, capture_output=True, timeout=60).returncode for _ in range(2)] == [1, 0]
    units = [str(tmp_path / name) for name in ("wsprobe-nightly.service", "wsprobe-nightly.timer")]
    checked = subprocess.run(
        [needs("systemd-analyze"), "verify", "--user", *units],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_side_by_side_with_the_blackbox_exporter(nginx, blackbox):
    """Debian's has no WebSocket prober as yet, so its HTTP prober stands in: it asks without an Upgrade."""
    denied = f"{HOST}:{nginx.port}/denied"
    secure = f"good.example:{nginx.tls_port}/denied"
    words = ("--resolve", f"good.example:{nginx.tls_port}:{HOST}", "--cacert", str(nginx.authority))
    with watching(*words, "--expect", "status=403", f"ws://{denied}", f"wss://{secure}") as address:
        ours = samples(fetched(address))
    by_http = samples(fetched(f"{blackbox}/probe?module=http_403&target=http://{denied}"))
    by_https = samples(
        fetched(f"{blackbox}/probe?module=http_any&target=https://{HOST}:{nginx.tls_port}/denied")
    )
    nothing = frozenset()
    for theirs, target in ((by_http, f"ws://{denied}"), (by_https, f"wss://{secure}")):
        assert of(ours, "probe_success", target) == theirs["probe_success"][nothing] == 1
        assert of(ours, "probe_ip_protocol", target) == theirs["probe_ip_protocol"][nothing] == 4
        assert (
            of(ours, "probe_websocket_status_code", target) == theirs["probe_http_status_code"][nothing] == 403
        )
        assert 0 < of(ours, "probe_duration_seconds", target) < 30
        assert 0 < theirs["probe_duration_seconds"][nothing] < 30
    expiry = "probe_ssl_earliest_cert_expiry"
    assert of(ours, expiry, f"wss://{secure}") == by_https[expiry][nothing]
    assert expiry not in by_http
    assert frozenset({("target", f"ws://{denied}")}) not in ours[expiry]
    (version,) = (dict(labels)["version"] for labels in by_https["probe_tls_version_info"])
    assert of(ours, "probe_tls_version_info", f"wss://{secure}", version=version) == 1
