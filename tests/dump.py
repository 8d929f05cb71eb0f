"""What the commands print, save and exit with, for some hundred command lines: to be compared before and after
a change that is to change nothing.

    python -m tests.dump FOLDER          (then, after the change, into another folder; and diff -r)

They run as tests/played.py has it. Every request that was sent is part of what is kept. A few of them that are
worth reading after every change stand in tests/cli/printed.
"""

import argparse
import re
import shlex
from pathlib import Path

from tests.played import ran
from wsprobe import lab
from wsprobe.browsers import ENGINES, NODES, versions

SCENARIOS = (
    "status-403",
    "accept-wrong",
    "redirect-302",
    "echo-any-version",
    "close-4401",
    "refused",
    "unauthorized",
)
AROUND = (
    *(
        "ok",
        "403-json",
        "401-basic",
        "401-digest",
        "401-ntlm-basic",
        "302-to-403",
        "wss-expired",
        "wss-refused",
    ),
    *("wss-unknown-ca", "wss-tls10-only", "refused", "ws-to-tls", "proto-list-echoed", "echo-any-version"),
    *("page-close-echo-then-linger", "accept-echoes-key", "fin-partial-status", "page-close-later-silent"),
    *("tls-cut-refusal", "h2-on", "h2-off", "h2-status-401-userinfo-then-200", "h2-client-close"),
    *("h2-rst-refused-stream-before", "h2-rst-http11-required-before", "h2-status-401", "h2-never-answers"),
)
"""Scenarios that pages of all kinds open."""
EACH_ENGINE = ",".join(
    (
        *(f"{name}@{version}" if version else name for name in ENGINES for version in versions(name) or [""]),
        *NODES,
    )
)
COMMANDS = ("connect", "compare", "trace", "talk", "watch", "explain", "serve")


def lines():
    """Command lines: N stands for the URL of a scenario, OK for one that opens."""
    yield from (f"{each} --help all" for each in COMMANDS)
    yield from (f"{each} --help" for each in COMMANDS)
    for name in lab.names():
        yield f"connect --linger 0.1 {url(name)}"
        yield f"compare --json --as-is --browser clients {url(name)}"
    for options in PAGES.split("\n")[1:-1]:
        for name in AROUND:
            yield f"compare --json --brief --browser {EACH_ENGINE} {options} lab:{name}"
    for name in SCENARIOS:
        at = url(name)
        for options in ("", *ENDS.split("\n")[1:-1]):
            yield f"connect --linger 0.1 {options} {at}"
            yield f"compare --browser-mode {options} {at}"
            yield f"trace --pause 0 --hold 0 --linger 0.1 {options} {at}"
        for options in ("", "--json", "--redact", "--until outcome=open", "--save -"):
            yield f"watch --every 100ms --count 2 --linger 0.1 {options} {at}"
        yield f"talk --linger 0.1 --json {at}"
        yield f"compare {at} {url('status-404')}"
        yield f"compare --json {at} {url('status-404')}"
    for options in REQUESTS.split("\n")[1:-1]:
        yield f"connect --linger 0.1 --save - -s {options} {url('status-403')}"
        yield f"compare --save - -s --as-is --browser-mode {options} {url('status-403')}"
        yield f"trace --save - -s --pause 0 --hold 0 --only again-2 {options} {url('status-403')}"
        yield f"talk --save - -s {options} {url('status-403')}"
        yield f"watch --save - -s --count 1 {options} {url('status-403')}"
    for several in (
        "",
        "--json",
        "--summary",
        "--resume kept.jsonl",
        "--unordered --rate 1000/s",
        "--report r.md",
    ):
        yield f"connect --linger 0.1 {several} {' '.join(map(url, SCENARIOS))}"
        yield f"connect --linger 0.1 {several} @urls.txt"
    for line in PASTED.split("\n")[1:-1]:
        yield line.replace("QUOTED", shlex.quote(CURL)).replace("CURL", CURL)


def url(name):
    return f"ws://lab.example/{name}?token=abcdefgh12345678"


ENDS = """
--json
--json --brief
--redact
--redact --json
-s
--save -
--save saved.jsonl -s
--har -
--har made.har --redact
--report r.md
--report r.html --no-redact
-i
-o -
-o body
-w '%{outcome} %{status}\\n'
-w '%{nothing}'
-v
-vv --redact
--expect outcome=open
--expect status=403 --json
--expect finding:nothing
--expect close=4401 --redact
--color always
--brief
--no-redact
--report r.txt
--redact --cookie-jar -
--cookie-jar jar.txt
--retry 2
--expect view:chromium=1006
--spec all
--browser chromium,deno
--csp 'connect-src none'
--summary
--resume kept.jsonl
-L
--ws-negotiate
-u me:secret
--digest -u me:secret
--dry-run
"""
"""What becomes of a report, a line each."""
PAGES = """
--page https://page.example/
--page http://127.0.0.1:8000/page
--page https://127.0.0.1:8443/page --page-http 2
--page file:///x.html
--page https://page.example/ --csp "connect-src 'none'"
--page http://page.example/ --csp "default-src 'self' wss:"
--page http://page.example/ --csp 'sandbox allow-scripts'
--page http://page.example/ --csp upgrade-insecure-requests
--page https://public.example/ --page-address public
--page https://public.example/ --page-address public --permission loopback-network=granted
--protocol chat --protocol superchat -b 'a=1; b=2' -A mine/1
--protocol a --protocol A --protocol a
-u me:secret
"""
"""Pages whose script opens the socket."""
REQUESTS = """
-H 'X-A: b' -H Host:
-H 'bad name: x'
-A me
-A ''
-b a=b -b c=d
-b cookies.txt
-b missing
-u me:pw
-u me:pw --bearer x
--bearer tok
--digest --basic
--anyauth -u a:b
-n
--netrc-file n
--netrc-file missing
--netrc-optional
--protocol a --protocol b
--protocol 'a b'
--origin https://a
--origin a.example
--origin null
--extension x
--no-compression
--ws-key k
--ws-version 12
--request-target /x
--http-version 1.0
--http2
--http2 --wire hybi-08
--http2-anyway
--http2-prior-knowledge
--raw-request raw.txt
--raw-request missing
--raw-request raw.txt -A x
--wire hixie-76
--wire nine
--wire hixie-75 --ping
--location-trusted
--max-redirs 0
--max-redirs x
-4
-4 -6
--resolve lab.example:80:192.0.2.1,[2001:db8::1]
--resolve x
--connect-to ::h:1
--connect-to x
--unix-socket /x
--interface lo
-x h:1
-x ftp://h
-x h -U a:b
-U a:b
-x h --proxy-digest --proxy-basic
--proxy-anyauth
--noproxy a
--haproxy-protocol
--haproxy-clientip 192.0.2.9
--haproxy-clientip x
--connect-timeout 1
--connect-timeout 0
-m 3
--linger 0
--max-body 10
-k
--cacert missing
--cert missing
--key k
--servername s
--tls-min 1.2 --tls-max 1.3
--tls-min 9
--ciphers X
--pinnedpubkey sha256//x
--pinnedpubkey missing
--send a --send-hex 6162 --ping
--send-hex z
--retry-max-time 2
--workers 2 -v
--workers 0
--cluster h:1 --workers 2
--cluster x
--from-each
--cluster-trusted
--parallel 0
--rate 5/x
--rate 5/s --per-host 2
--resume r --redact
--resume r --json
--resume r -o -
--page x
--nothing
--page https://a.example/ --origin https://b
--page-http 2
--csp 'conect-src x'
--browser safari
--browser nothing
--browser chromium@1
--spec nothing
--measured missing
--run-browser x
--hold 1s
--ping-interval 1s
--listen x
--until view:chromium=1006
--until x
--every 1ms
--backend x
--only nothing
--skip unnamed
--binary --jsonl
--jsonl --json
--match '('
--fragments 2 --fragment-size 3
--fragment-size 0
--send-frame x
--send-file missing
--eof never
--compressed -X GET
-X POST
--json-schema
--entry 2
--from-curl missing
--from-curl ''
"""
"""What is sent, and how; and what cannot be."""
CURL = (
    "curl 'https://lab.example/status-403' -H 'Sec-WebSocket-Key: x' -H 'Origin: https://a' -b s=1 --compressed"
)
PASTED = """
connect -w '%{outcome}' CURL
connect --json CURL
compare --json CURL
trace -s --save - CURL
connect -v QUOTED
connect --http2 CURL
connect --from-curl curl.txt --json
connect CURL -H 'Host: b' -d x
connect -H 'Origin: https://b' --json CURL
connect curl
connect curl x y
connect 'wget x'
connect 'Error at wss://lab.example/x failed'
connect x.json
connect 8000
connect @
connect
connect @missing
compare
compare missing.json
trace
talk
watch
connect --talk
explain nothing
connect CURL --socks5 h:1 -k -4
connect CURL --tlsv1.2 --max-redirs -1 --verbose
connect a.har
explain 1006
"""
"""CURL is the command above, QUOTED the same as one word."""


FILES = {
    "urls.txt": "".join(f"{url(each)}\n" for each in (*SCENARIOS, SCENARIOS[0], "no url", "# x")),
    "cookies.txt": "Set-Cookie: a=b; Domain=lab.example; Path=/\n",
    "raw.txt": "GET / HTTP/1.1\r\nHost: {host}\r\nSec-WebSocket-Key: {key}\r\n\r\n",
    "curl.txt": CURL,
    "n": "machine lab.example login a password b\n",
}
"""Those that the command lines name."""


def all_of(line):
    """All that came of *line*: standard output, standard error, files, and the exit status."""
    (came,) = ran([f"wsprobe {line}"], FILES)
    made = [f"$ wsprobe {line}\n{came.status}\n".encode(), came.out, b"\n--\n", came.err]
    for name, data in came.files.items():
        made += [f"\n-- {name}\n".encode(), data]
    return re.sub(rb"/tmp/\S*|\d+(\.\d+)? m?s\b(?= ago)", b"/tmp", b"".join(made)) + b"\n"


def main(folder, part=""):
    """Write what came of every line that has *part* in it, a file a command."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    files = {name: open(Path(folder, name), "wb") for name in COMMANDS}  # noqa: SIM115 - as long as this runs
    for line in dict.fromkeys(lines()):
        if part in line:
            files[line.split()[0]].write(all_of(line))
    for each in files.values():
        each.close()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder")
    options.add_argument("part", nargs="?", default="", help="only the lines that contain this")
    given = options.parse_args()
    main(given.folder, given.part)
