"""`connect` from end to end: over real sockets against the lab, inside this process."""

import itertools
import json

import pytest

from wsprobe.cli.environment import Environment
from wsprobe.cli.main import run


@pytest.mark.parametrize(
    ("name", "status", "outcome"),
    [
        ("ok", 0, "open"),
        ("dns-host-invalid", 3, "unresolved"),
        ("refused", 4, "unreachable"),
        ("wss-expired", 5, "tls-failed"),
        ("fin-partial-headers", 8, "dropped"),
        ("banner-smtp", 9, "not-http"),
        ("redirect-302", 10, "redirected"),
        ("401-basic", 11, "unauthorized"),
        ("status-403", 12, "refused"),
        ("502", 13, "server-error"),
        ("200-html", 14, "not-upgraded"),
        ("accept-wrong", 15, "invalid"),
        ("101-then-fin", 16, "aborted"),
        ("accept-then-close-4403", 17, "closed"),
    ],
)
def test_outcome_and_exit_status(name, status, outcome, capsys):
    assert run(["connect", f"lab:{name}"]) == status
    out, err = capsys.readouterr()
    assert f"\n{outcome}" in f"\n{out}"
    assert err == ""


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_set_meanwhile(days, monkeypatch, capsys, site):
    """Neither what is waited for nor what was measured depends on the time of day."""
    waited = []
    times = itertools.count(1_800_000_000, days * 86_400)

    class SetMeanwhile(Environment):
        def now(self):
            return float(next(times))

        async def sleep(self, seconds):
            waited.append(seconds)

    monkeypatch.setattr("time.time", lambda: float(next(times)))
    for _ in range(2):
        site.reply("429 Later", "Retry-After: 9")
    site.refuse()
    url = f"ws://127.0.0.1:{site.port}/"
    assert run(["connect", "--json", "--retry", "2", "--retry-max-time", "60", url], SetMeanwhile()) == 12
    assert waited == [9, 9]
    at = [event["at"] for event in json.loads(capsys.readouterr().out)["exchange"]["events"]]
    assert at == sorted(at)
    assert 0 <= at[0] <= at[-1] < 60_000_000


def test_does_not_read_standard_input_unasked(monkeypatch):
    class Untouchable:
        def __getattr__(self, name):
            raise AssertionError(f"standard input was used: {name}")

    monkeypatch.setattr("sys.stdin", Untouchable())
    assert run(["connect", "-s", "lab:status-403"]) == 12


def test_certificate_is_named(values):
    (value,) = values("connect", "--json", "lab:wss-wrong-host")
    tls = value["tls"]
    assert tls["kind"] == "certificate"
    assert tls["reason"] == "wrong-name"
    assert tls["certificate"]["names"]
    findings = value["findings"]
    assert [f["id"] for f in findings] == ["certificate-wrong-name"]
    assert values("connect", "--json", "-k", "lab:wss-wrong-host")[0]["outcome"] == "open"


def test_a_proxy_s_refusal_is_shown_line_by_line(capsys, site):
    site.answers.append(b"HTTP/1.0 501 No\r\nContent-Length: 9\r\n\r\none\ntwo\n\n")
    assert run(["connect", "-x", f"http://127.0.0.1:{site.port}", "ws://h.example/"]) == 6
    shown = capsys.readouterr().out.partition("\n\n")[2]
    assert shown.startswith("HTTP/1.0 501 No\nContent-Length: 9\none\ntwo\nfail proxy-failed\n")


def test_an_address_of_the_other_family_says_so(capsys):
    assert run(["connect", "-6", "ws://127.0.0.1:9/"]) == 3
    assert (
        "usual cause: a name or address without IPv6, while -6 allows nothing else\n" in capsys.readouterr().out
    )


def test_verbose_shows_a_header_of_the_proxy_protocol(capsys):
    """The lab does not want one, and takes it for a request line."""
    run(["connect", "-v", "--haproxy-clientip", "192.0.2.7", "lab:/"])
    assert "> PROXY TCP4 192.0.2.7 127.0.0.1 " in capsys.readouterr().err


def test_the_chain_is_in_the_report(capsys, values):
    tls = values("connect", "--json", "lab:wss-expired")[0]["tls"]
    (only,) = tls["chain"]
    assert (only["subject"], only["key"]) == (tls["certificate"]["subject"], "EC P-256")
    assert tls["days_left"] == only["days_left"] < 0
    assert tls["browsers"]["chromium"] == "net::ERR_CERT_DATE_INVALID"
    assert run(["connect", "lab:wss-expired"]) == 5
    text = capsys.readouterr().out
    assert f"{-tls['days_left'] - 1} days ago" in text
    assert "Chromium says: net::ERR_CERT_DATE_INVALID\n" in text
    assert run(["connect", "-v", "-k", "lab:wss-expired"]) == 0
    assert "  public key sha256//" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "days", "met"),
    [("wss-expired", "0", False), ("https-page-wss", "1", True), ("https-page-wss", "999999", False)],
)
def test_the_days_that_a_certificate_has_left(capsys, name, days, met):
    assert run(["connect", "-s", "--expect", f"cert-days={days}", f"lab:{name}"]) == (0 if met else 20)
    assert run(["connect", "-w", "%{cert_days}", f"lab:{name}"]) in (0, 5)
    shown = capsys.readouterr().out
    assert (int(shown) >= int(days)) is met


def test_a_pinned_key(capsys, tmp_path, refused, values):
    other = "sha256//" + "A" * 43 + "="
    assert run(["connect", "-k", "--pinnedpubkey", other, "lab:https-page-wss"]) == 5
    assert "fail pinned-key-mismatch\n" in capsys.readouterr().out
    # Of a browser that does not pin the key, no more is known than that it would have gone on.
    (value,) = values("compare", "--browser", "all", "--json", "--pinnedpubkey", other, "lab:https-page-wss")
    assert {view["outcome"] for view in value["views"]} == {"connecting"}
    (tmp_path / "key").write_text("no key")
    for wrong in ("sha256//AAAA", f"{other};sha1//AAAA", str(tmp_path / "key"), str(tmp_path / "none")):
        assert "--pinnedpubkey: " in refused("connect", "--pinnedpubkey", wrong, "lab:https-page-wss")
