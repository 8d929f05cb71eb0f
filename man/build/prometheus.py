"""What wsprobe-watch(1) says of Prometheus: files to copy. tests/peers/test_prometheus.py runs them."""

from __future__ import annotations

from collections.abc import Iterator

from man.build import mdoc

CRON = "@reboot wsprobe watch --silent --every 30s --listen 9101 @$HOME/urls.txt"
"""A line of crontab(5)."""
SCRAPE = """\
global:
  scrape_interval: 30s
  evaluation_interval: 30s
rule_files:
  - wsprobe.rules.yml
scrape_configs:
  - job_name: wsprobe
    static_configs:
      - targets: ["127.0.0.1:9101"]
    metric_relabel_configs:
      - source_labels: [target]
        regex: (.+)
        target_label: instance
"""
"""prometheus.yml."""
SERVICE = """\
[Unit]
Description=WebSockets that stopped opening since the night before

[Service]
Type=oneshot
ExecStart=/usr/bin/env wsprobe connect --since %h/nights.jsonl --save %h/nights.jsonl @%h/urls.txt
"""
"""wsprobe-nightly.service."""
TIMER = """\
[Unit]
Description=Every night at three

[Timer]
OnCalendar=*-*-* 03:00:00
Persistent=true

[Install]
WantedBy=timers.target
"""
"""wsprobe-nightly.timer."""
RULES = """\
groups:
  - name: wsprobe
    rules:
      - alert: WebSocketDown
        expr: probe_success{job="wsprobe"} == 0
        for: 5m
        annotations:
          summary: "{{ $labels.target }} does not open"
      - alert: WebSocketCertificateExpires
        expr: probe_ssl_earliest_cert_expiry{job="wsprobe"} - time() < 14 * 86400
        annotations:
          summary: "the certificate of {{ $labels.target }} expires in two weeks or less"
      - alert: WatchIsGone
        expr: up{job="wsprobe"} == 0
        for: 5m
        annotations:
          summary: "wsprobe watch does not run"
"""
"""wsprobe.rules.yml."""

PARTS = (
    ("A line of crontab(5) that starts the watch with the machine:", CRON),
    (
        "prometheus.yml, to scrape the metrics. Dashboards for the blackbox exporter expect the URL in "
        "instance; the last four lines put it there. Without them, all URLs of a watch share one instance:",
        SCRAPE,
    ),
    ("wsprobe.rules.yml, in the same folder (promtool check rules accepts it):", RULES),
)
NIGHTLY = (
    (
        "~/.config/systemd/user/wsprobe-nightly.service, which fails if a URL got worse:",
        SERVICE,
    ),
    (
        "wsprobe-nightly.timer; to start it, systemctl --user enable --now wsprobe-nightly.timer:",
        TIMER,
    ),
)


def section() -> Iterator[str]:
    """Each file under a line that says what it is for."""
    yield from _files("Prometheus", PARTS)
    yield from _files("A systemd timer", NIGHTLY)


def _files(title: str, parts: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".Ss {title}"
    for number, (purpose, lines) in enumerate(parts):
        if number:
            yield ".Pp"
        yield from mdoc.text(purpose)
        yield from mdoc.literal(lines.splitlines())
