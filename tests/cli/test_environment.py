"""Proxies from the environment and cookies from a file, as curl reads them; options that curl's lines have."""

from wsprobe.cli.main import run
from wsprobe.request import cookies


def test_a_proxy_of_the_environment_is_used_and_an_empty_one_is_none(monkeypatch, capsys):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert run(["connect", "ws://127.0.0.1:9/"]) == 6
    assert "127.0.0.1:9" in capsys.readouterr().out
    assert run(["connect", "-s", "-x", "", "ws://127.0.0.1:9/"]) == 4
    assert run(["connect", "-s", "--noproxy", "127.0.0.1", "ws://127.0.0.1:9/"]) == 4
    assert run(["connect", "-s", "lab:status-403"]) == 12
    assert run(["compare", "-s", "--browser", "chromium", "ws://127.0.0.1:9/"]) == 0


JAR = cookies.Jar(
    cookies.parse(
        """\
# Netscape HTTP Cookie File
192.0.2.1\tFALSE\t/\tFALSE\t0\tall\t1
#HttpOnly_192.0.2.1\tFALSE\t/\tFALSE\t0\thttp\t2
192.0.2.1\tFALSE\t/other\tFALSE\t0\tpath\t3
192.0.2.1\tFALSE\t/\tTRUE\t0\tsecure\t4
192.0.2.1\tFALSE\t/\tFALSE\t1000\texpired\t5
.example\tTRUE\t/\tFALSE\t0\tdomain\t6
Set-Cookie: set=7; Path=/
not a cookie
""",
        0,
    )
)
