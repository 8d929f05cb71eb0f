"""Pages that a proxy writes itself, without the application: their form, and what each status usually means."""

from __future__ import annotations

import re

from msgspec.structs import replace

from wsprobe.diagnosis.cause import Cause
from wsprobe.diagnosis.evidence import Evidence, foreign_origin, shown
from wsprobe.diagnosis.faults import forward_proxy
from wsprobe.diagnosis.programs import PROGRAMS, Author, AuthorRule, AuthorRules, known_by, written_by
from wsprobe.diagnosis.status import act, by_status, own_origin
from wsprobe.diagnosis.statuses import phrase_of

_TO_BACKEND = "start the application, and look in its log; check the upstream's address, port and scheme"
_UNREACHED = ("an application that is not running", "a wrong address or port")
_CLOSES = "an application that closes the connection (a crash, no Upgrade)"
_TLS = "TLS or HTTP/2 on one side only, or a refused certificate"
_GATEWAY = (*_UNREACHED, _CLOSES, _TLS)
_SLOW = "find out why the application hangs, or whether it answers handshakes at all"

_OWN: dict[str, dict[int, tuple[str, *tuple[str, ...]]]] = {
    "nginx": {
        403: (
            "find the rule for this path, address and Origin",
            "a rule (deny, if, auth_request or limit_except)",
            "a directory without an index page",
            "a refusal by the application that nginx replaced",
        ),
        404: (
            "correct the path; if nginx is to forward it: add a location with proxy_pass",
            "no location with proxy_pass for this path",
            "a rule (return 404)",
            "an answer of the application that nginx replaced",
        ),
        429: ("raise rate or burst, or exempt the socket", "limit_req or limit_conn", "a rule (return 429)"),
        500: (
            "look in nginx's error log",
            "an exception in its embedded code (Lua, njs, Perl)",
            "a failed auth_request",
            "an empty variable in proxy_pass",
            "a rewrite loop",
        ),
        502: (_TO_BACKEND, *_GATEWAY, "a proxy that drops Upgrade"),
        503: (
            "raise rate or burst, or exempt the location of the socket; look for return 503",
            "limit_req or limit_conn: too many requests or connections",
            "a rule (return 503)",
            "an answer of the application that nginx replaced",
        ),
        504: (f"{_SLOW}; proxy_read_timeout is the limit", "an application that does not answer in time"),
    },
    "haproxy": {
        400: (
            "look at the request line, the header names and Sec-WebSocket-Key",
            "a malformed request",
            "an upgrade without Sec-WebSocket-Key",
        ),
        408: ("look for a client or proxy that sends its request slowly", "timeout http-request"),
        429: ("raise the limit of the stick-table rule", "a rule that counts requests"),
        500: ("look for http-request tarpit", "a rule (http-request tarpit)", "a fault of HAProxy itself"),
        502: (
            _TO_BACKEND,
            _CLOSES,
            "another protocol (TLS, HTTP/2, MQTT)",
            "a rule (http-response deny)",
            "a wrong address or port",
            "a proxy that drops Upgrade",
        ),
        503: (
            "start the application; the termination state in HAProxy's log (SC, sQ, ...) says why",
            "an application that is down, or a wrong address or port",
            "a failed health check, or maintenance",
            "a full queue (maxconn, timeout queue)",
            _TLS,
            "no backend for this path",
        ),
        504: (f"{_SLOW}; timeout server is the limit", "an application that does not answer in time"),
    },
    "pound": {503: (_TO_BACKEND, *_GATEWAY, "no Service for this path or Host")},
    "apache": {
        400: (
            "look at the request line and headers, and in the error log for a rule",
            "a malformed request",
            "a rule (ModSecurity)",
        ),
        403: (
            "find the rule for this path",
            "a rule (Require, RewriteRule with [F], ModSecurity)",
            "a directory without an index page",
        ),
        404: (
            "correct the path; if Apache is to forward it: add a ProxyPass; if a program within Apache "
            "(mod_wsgi, CGI) is to answer: look at its routes",
            "nothing at this path in the document root, and no ProxyPass for it",
            "a program within Apache (mod_wsgi, CGI) that has no such path",
            "a rule (RewriteRule with [R=404])",
        ),
        406: ("look in the error log for the rule", "a rule (ModSecurity)", "content negotiation"),
        500: (
            "look in Apache's error log; with ProxyPass: load mod_proxy_http and mod_proxy_wstunnel",
            "an exception in a program within Apache (mod_wsgi, mod_lua, CGI)",
            "no module for the scheme of ProxyPass",
            "wss:// to a plain port",
        ),
        502: (
            "look in the application's log; ProxyTimeout is the limit",
            _CLOSES,
            "an application that does not answer in time",
            "another protocol (such as MQTT)",
            "a proxy that drops Upgrade",
        ),
        503: (_TO_BACKEND, *_UNREACHED, "a rule or maintenance"),
        504: (f"{_SLOW}; ProxyTimeout is the limit", "an application that does not answer in time"),
    },
    "lighttpd": {
        403: (
            "find the rule for this path",
            "a rule (url.access-deny, wstunnel.origins)",
            "a directory without an index page",
        ),
        404: ("add a proxy.server for the path", "no proxy.server for this path"),
        500: (_TO_BACKEND, _CLOSES, *_UNREACHED, "a proxy that drops Upgrade"),
        502: (_TO_BACKEND, _CLOSES, *_UNREACHED, "a proxy that drops Upgrade"),
        503: (_TO_BACKEND, *_UNREACHED),
        504: (
            f"{_SLOW}; proxy.server read-timeout is the limit",
            "an application that does not answer in time",
        ),
    },
    "caddy": {
        200: (
            "add a reverse_proxy for this path, and check the site address",
            "no route or site of Caddy that matches",
        ),
        400: ("try wss://", "a malformed request", "a port that expects TLS"),
        403: (
            "look for this status in the Caddyfile",
            "a rule (respond)",
            "a module that refuses, or failed with an exception",
        ),
        404: (
            "add a reverse_proxy for this path",
            "no reverse_proxy for this path: file_server answered",
            "a rule (respond 404)",
        ),
        500: (
            "look in Caddy's log, and in the Caddyfile",
            "an exception in a handler or module",
            "a rule (respond)",
        ),
        502: (_TO_BACKEND, *_GATEWAY, "a service that is down (forward_auth)"),
        503: (_TO_BACKEND, *_UNREACHED, "an application marked as unhealthy", "a rule (respond 503)"),
        504: (f"{_SLOW}; response_header_timeout is the limit", "an application that does not answer in time"),
    },
    "envoy": {
        403: (
            "upgrade_configs: [{upgrade_type: websocket}] in the connection manager",
            "no websocket in upgrade_configs",
            "a policy (RBAC)",
        ),
        404: ("add a route for this path and Host", "no route for this path or Host"),
    },
    "nghttpx": {
        502: (_TO_BACKEND, *_GATEWAY),
        503: (_TO_BACKEND, *_GATEWAY),
        504: (f"{_SLOW}; --backend-read-timeout is the limit", "an application that does not answer in time"),
    },
    "cloudflare": {403: ("look the request up at Cloudflare by its CF-RAY", "a rule at Cloudflare's edge")},
    "aws": {
        502: (_TO_BACKEND, *_GATEWAY),
        503: (_TO_BACKEND, *_UNREACHED, "no healthy target"),
        504: (_SLOW, "an application that does not answer in time", "a firewall that drops packets"),
    },
}
"""Proxy -> status -> what to do, and the usual causes of a page of its own, the likeliest first. A status that
is not here has those that it has from any server."""


_OF_A_RULE = frozenset({402, 403, 404, 405, 409, 410, 412, 428, 451})
"""Statuses of a proxy's own page that its own checks of a handshake do not give: a rule of its user does."""


def _own_page(who: str, mark: str, evidence: Evidence) -> Author:
    """An answer that the proxy *who* wrote itself, with what the status proves."""
    return written_by(who, mark, _of_page(who, evidence))


def _of_page(who: str, evidence: Evidence) -> tuple[Cause, ...]:
    row = _OWN.get(who, {}).get(evidence.status)
    if row is None and evidence.status in _OF_A_RULE:
        name = PROGRAMS[who].name
        row = (
            f"find the rule that answers {evidence.status}",
            f"a rule in {name} for this path or client",
            f"an answer of the application that {name} replaced",
        )
    if row is None:
        return by_status(evidence)
    fix, *usual = row
    if evidence.origin is None:
        fix = fix.replace(", address and Origin", " and address")
    origin = own_origin(evidence) if evidence.status == 403 and evidence.origin is not None else ()
    return (act(evidence, *origin, *usual, fix=fix),)


def _unreached(who: str, *usual: str) -> Cause:
    """The words of the proxy *who*: it got no connection to the application."""
    what, fix = f"{who} could not reach the application", _TO_BACKEND
    return Cause("backend-down", what, fix, usual=(*_UNREACHED, *usual))


def _rule(who: str, fix: str) -> Cause:
    return Cause("blocked-by-rule", f"a rule in {who} refused the request", fix)


@known_by(servers=("squid",), fields=("x-squid-error",))
def _squid(evidence: Evidence) -> Author | None:
    error = evidence.get("x-squid-error").partition(" ")[0]
    if not error and not (evidence.server("squid") and evidence.has("mime-version")):
        return None
    causes: tuple[Cause, ...]
    match error:
        case "ERR_ACCESS_DENIED":
            causes = (
                _rule("Squid (http_access)", "allow the host and port in Squid: SSL_ports and Safe_ports"),
            )
        case "ERR_INVALID_URL" | "ERR_INVALID_REQ":
            causes = (forward_proxy(),)
        case "ERR_DNS_FAIL":
            did = "Squid could not resolve the name of the server"
            causes = (Cause("backend-down", did, "correct the name, or the DNS of the machine of Squid"),)
        case "ERR_CONNECT_FAIL" | "ERR_CANNOT_FORWARD":
            causes = (_unreached("Squid"),)
        case "ERR_CACHE_ACCESS_DENIED":
            causes = (
                Cause(
                    "unauthorized",
                    "Squid requires proxy credentials",
                    "pass them in -x http://user:password@host:port",
                ),
            )
        case _:
            causes = ()
    return written_by(
        "squid", f"X-Squid-Error: {shown(error)}" if error else "Server: squid with Mime-Version", causes
    )


@known_by(begins=("<",), servers=("tinyproxy",))
def _tinyproxy(evidence: Evidence) -> Author | None:
    if not evidence.server("tinyproxy") and "Generated by tinyproxy" not in evidence.text:
        return None
    causes: tuple[Cause, ...] = ()
    if "connect to the machine the proxy is running on" in evidence.text:
        causes = (forward_proxy(),)
    elif evidence.reason == "Access violation" or evidence.status == 403:
        causes = (_rule("tinyproxy (ConnectPort, Allow or Filter)", "allow the port or host in tinyproxy"),)
    elif evidence.reason == "Unable to connect" or evidence.status in (500, 502, 503, 504):
        causes = (_unreached("tinyproxy"),)
    elif evidence.status == 401:
        did = "tinyproxy refused the proxy credentials"
        causes = (Cause("unauthorized", did, "correct the user and password in -x"),)
    elif evidence.status == 407:
        causes = (Cause("unauthorized", "tinyproxy requires proxy credentials", "pass them in -x"),)
    return written_by("tinyproxy", "its own page", causes)


_NGINX_NAMES = r"(?:nginx|openresty|tengine|angie)\b"
"""nginx and its forks, as they sign their pages."""


@known_by(begins=("<",), servers=("nginx", "openresty"))
def _nginx(evidence: Evidence) -> Author | None:
    _, _, signature = evidence.text.lower().partition("<hr><center>")
    if re.match(_NGINX_NAMES, signature):
        return written_by("nginx", "its own page", _of_nginx(evidence))
    if evidence.status == 200 and evidence.server("nginx", "openresty") and _own_file(evidence):
        return written_by("nginx", "Server: nginx, with a file's ETag", (_file(evidence, "location"),))
    return None


def _file(evidence: Evidence, forwards: str) -> Cause:
    """A web server sent a file of its own. *forwards*: what would forward the path to the application."""
    return act(
        evidence, f"no {forwards} for this path: a file answered", fix=f"add a {forwards} for the socket"
    )


def _of_nginx(evidence: Evidence) -> tuple[Cause, ...]:
    """What a page of nginx means for this request."""
    text = evidence.text
    if "plain HTTP request was sent to HTTPS port" in text:
        direct = Cause("tls-port", "the port expects TLS", "use wss://")
        behind = Cause(
            "backend-tls",
            "nginx sends plain HTTP, but the upstream expects TLS (proxy_pass http://)",
            "use proxy_pass https://",
        )
        # The server of the port closes after this error; an nginx before it keeps the connection.
        kept = evidence.secure or "keep-alive" in evidence.get("connection").lower()
        return (behind, direct) if kept else (direct, behind)
    if evidence.status == 400 and "SSL certificate" in text:
        wanted = "the server requires a client certificate (ssl_verify_client)"
        fix = "give the browser one" if evidence.by_page else "pass one with --cert and --key"
        return (Cause("client-certificate", wanted, fix),)
    if evidence.status == 400 and "Too Large" in text:
        return (_too_large("nginx", "large_client_header_buffers"),)
    return _of_page("nginx", evidence)


def _too_large(who: str, setting: str) -> Cause:
    large = f"a request header, most often Cookie, exceeds the limit of {who}"
    return Cause("header-too-large", large, f"send fewer or shorter cookies, or raise {setting}")


@known_by(begins=("<html><body><h1>",), fields=("location",))
def _haproxy(evidence: Evidence) -> Author | None:
    quiet = not evidence.has("server") and not evidence.has("date")
    page = re.match(r"<html><body><h1>(\d{3}) [^<]*</h1>\n", evidence.text)
    if page is not None:
        mark = "its own page, without Server and Date" if quiet else "its own page"
        # HAProxy may send the page of one status with another.
        of_page = replace(evidence, status=int(page[1]))
        if of_page.status == 403:
            rule = _rule("HAProxy (http-request deny)", "look for the rule in the frontend and backend")
            origin = own_origin(evidence) if foreign_origin(evidence) else ()
            return written_by("haproxy", mark, (replace(rule, usual=origin),))
        return written_by("haproxy", mark, _of_page("haproxy", of_page))
    fields = ("content-length", "location", "cache-control")
    if quiet and 300 <= evidence.status < 400 and evidence.names == fields:
        return _own_page("haproxy", "the fields of its redirect", evidence)
    return None


@known_by(fields=("pragma",))
def _pound(evidence: Evidence) -> Author | None:
    if 'PUBLIC "-//IETF//DTD HTML 2.0//EN"><html>' not in evidence.text or not evidence.has("pragma"):
        return None
    return _own_page("pound", "its page on one line, with Pragma and Expires", evidence)


_APACHE_PAGE = (
    r'<!DOCTYPE HTML PUBLIC "-//(?:W3C//DTD HTML 4\.01|IETF//DTD HTML 2\.0)//EN"[^>]*>\n<html><head>\n<title>'
)


@known_by(begins=("<!DOCTYPE HTML PUBLIC ",), servers=("Apache",))
def _apache(evidence: Evidence) -> Author | None:
    if "charset=iso-8859-1" in evidence.get("content-type") and re.match(_APACHE_PAGE, evidence.text):
        return written_by("apache", "its own page", _of_apache(evidence))
    if evidence.status == 200 and evidence.server("Apache") and _own_file(evidence):
        return written_by("apache", "Server: Apache, with a file's ETag", (_file(evidence, "ProxyPass"),))
    return None


def _of_apache(evidence: Evidence) -> tuple[Cause, ...]:
    """What a page of Apache means for this request."""
    if evidence.status == 400 and "SSL-enabled server port" in evidence.text:
        return (Cause("tls-port", "the port expects TLS", "use wss://"),)
    if evidence.status == 400 and "exceeds server limit" in evidence.text:
        return (_too_large("Apache", "LimitRequestFieldSize"),)
    if evidence.status == 500 and "SSL Handshake with remote server" in evidence.text:
        fix = "use ws:// or http:// in ProxyPass if the application is plain; look in the error log"
        usual = ("an upstream without TLS", "a certificate that Apache does not accept")
        return (Cause("backend-tls", "Apache could not start TLS with the application", fix, usual=usual),)
    return _of_page("apache", evidence)


def _own_file(evidence: Evidence) -> bool:
    """A file from a server's disk: nginx and Apache make its ETag of time and size in hex."""
    return bool(re.fullmatch(r'(W/)?"[0-9a-f]+-[0-9a-f]+"', evidence.get("etag"))) and evidence.has(
        "last-modified"
    )


@known_by(begins=("<",), servers=("Varnish",))
def _varnish(evidence: Evidence) -> Author | None:
    if not (evidence.server("Varnish") or "<h3>Guru Meditation:</h3>" in evidence.text):
        return None
    if evidence.status == 503 and (
        evidence.reason == "Backend fetch failed" or "Backend fetch failed" in evidence.text
    ):
        failed = Cause(
            "bad-gateway", "Varnish got no valid answer from the application", _TO_BACKEND, usual=_GATEWAY
        )
        return written_by("varnish", "its own page", (failed,))
    (cause,) = _of_page("varnish", evidence)
    if evidence.reason.lower() != phrase_of(evidence.status).lower():
        cause = replace(cause, quote=shown(evidence.reason), usual=("a rule (synth in the VCL)",))
    return written_by("varnish", "its own page", (cause,))


_LIGHTTPD_PAGE = '<html lang="en">\n <head>\n  <meta charset="UTF-8" />\n  <title>'


@known_by(begins=("<",), servers=("lighttpd",))
def _lighttpd(evidence: Evidence) -> Author | None:
    _, known, title = evidence.text.partition(_LIGHTTPD_PAGE)
    if known and re.match(r"\d{3} ", title):
        return _own_page("lighttpd", "its own page", evidence)
    a_file = evidence.has("last-modified") and evidence.has("etag")
    if evidence.status == 200 and evidence.server("lighttpd") and a_file:
        return written_by("lighttpd", "Server: lighttpd, with a file", (_file(evidence, "proxy.server"),))
    return None


def _length_last(evidence: Evidence) -> bool:
    """Content-Length comes after Server: Caddy and Envoy write it so on their own answers, and Server behind
    the fields of another server's."""
    names = [name.lower() for name in evidence.names]
    return "content-length" in names and names.index("content-length") > names.index("server")


@known_by(servers=("Caddy",))
def _caddy(evidence: Evidence) -> Author | None:
    """Caddy writes no page. Of its own answers Server comes before Content-Length; on a proxied one the fields
    of the application, its Content-Length too, stand in alphabetical order before or around Server."""
    own = (
        evidence.server("Caddy")
        and not evidence.body
        and len(evidence.all("server")) == 1
        and not evidence.has("transfer-encoding")
        and not evidence.has("via")
        and _length_last(evidence)
        and evidence.only(frozenset({"location", "www-authenticate"}))
    )
    return _own_page("caddy", "Server: Caddy, then Content-Length: 0, and no page", evidence) if own else None


@known_by(begins=("upstream ", "no healthy upstream", "RBAC: "), servers=("envoy", "istio"))
def _envoy(evidence: Evidence) -> Author | None:
    causes: tuple[Cause, ...]
    if evidence.text.startswith("upstream connect error or disconnect/reset before headers"):
        got_none = "Envoy could not connect to the application, or got no valid answer from it"
        causes = (Cause("bad-gateway", got_none, _TO_BACKEND, usual=_GATEWAY),)
    elif evidence.text.startswith("no healthy upstream"):
        causes = (_unreached("Envoy", "a failed health check"),)
    elif evidence.text.startswith("upstream request timeout"):
        late = "the application behind Envoy did not answer in time"
        causes = (Cause("backend-timeout", late, f"{_SLOW}; the route's timeout is the limit"),)
    elif evidence.text == "RBAC: access denied" and evidence.status == 403:
        causes = (_rule("Envoy (RBAC)", "find the policy for this path"),)
    elif (
        evidence.server("envoy", "istio-envoy")
        and not evidence.body
        and not evidence.has("x-envoy-upstream-service-time")
        and not evidence.has("content-type")  # the application's: Envoy writes none for an empty body
        and _length_last(evidence)
        and evidence.status in (403, 404, 426)
    ):
        return _own_page("envoy", "Server: envoy and an empty body", evidence)
    else:
        return None
    return written_by("envoy", "its own words", causes)


@known_by(servers=("nghttpx",))
def _nghttpx(evidence: Evidence) -> Author | None:
    page = re.match(r"<!DOCTYPE html><html lang=\"en\"><title>\d{3} ", evidence.text)
    return _own_page("nghttpx", "its own page", evidence) if page and evidence.server("nghttpx") else None


@known_by(servers=("awselb",), fields=("cf-ray", "x-amzn-requestid", "apigw-requestid"))
def _clouds(evidence: Evidence) -> Author | None:
    if evidence.has("cf-ray") and re.search(
        r"(?i)cloudflare|error code: 1\d\d\d|attention required", evidence.text
    ):
        return _own_page("cloudflare", "CF-RAY and words of Cloudflare", evidence)
    if evidence.has("x-amzn-requestid") or evidence.has("apigw-requestid"):
        if evidence.status not in (401, 403):
            return None
        fix = "let $connect succeed, and refuse in the first message with a Close through the @connections API"
        refused = act(evidence, "an authorizer of the $connect route", "no credentials for it", fix=fix)
        return written_by("api-gateway", "X-Amzn-RequestId", (refused,))
    return _own_page("aws", "Server: awselb", evidence) if evidence.server("awselb") else None


RULES: tuple[AuthorRule, ...] = (
    _squid,
    _tinyproxy,
    _clouds,
    _nginx,
    _haproxy,
    _pound,
    _apache,
    _varnish,
    _lighttpd,
    _envoy,
    _nghttpx,
    _caddy,
)
FORWARD = AuthorRules((_squid, _tinyproxy, _haproxy, _nginx, _apache, _caddy))
"""Those that a CONNECT may be asked of."""
