"""A cause as a value; and the one vocabulary of ids for every command and file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

Certainty = Literal["own-request", "stated", "only", "shared", "status"]
"""How a cause is known, the strongest kind first. ``own-request``: what wsprobe sent explains it;
``stated``: the answer says it in words; ``only``: a mark that one program alone has; ``shared``: a form of
answer that several programs share; ``status``: nothing but the status, or the way it ended."""


Label = Literal["likely", "possible", "the server says"]
"""The words before the first of several causes; the others have "or". The last one is for a quotation of which
nothing is known but its words."""
TELLS_APART = "wsprobe trace URL tells these apart"
"""What to do where a bare answer leaves a list: a trace asks as a plain GET, without an upgrade, and
directly."""
MOST_USUAL = 5
"""The most usual causes in a sentence: a longer list is not read."""


class Cause(msgspec.Struct, frozen=True):
    """One possible cause of the answer. All texts are printable ASCII."""

    id: str
    """A word of ``KINDS``."""
    statement: str
    """A clause: what happened, if the evidence shows that; otherwise only the act that the bytes prove. "" if
    nothing is known but a quote."""
    fix: str = ""
    """What to do about it; "" if there is nothing to do, or nothing is known."""
    certainty: Certainty = "status"
    evidence: str = ""
    """The evidence: the server's words, the sent field, the mark of a program, or the status."""
    program: str | None = None
    """The author of the answer, if a mark that only one program has shows it; otherwise None."""
    usual: tuple[str, ...] = ()
    """What usually leads to the act, the likeliest first. There may always be another reason."""
    quote: str = ""
    """The words of the server about it."""

    @property
    def text(self) -> str:
        """The whole sentence, which follows "likely:", "possible:" or "or:"."""
        return "; ".join(filter(None, (self.statement, self.says, self.usually)))

    @property
    def without_usual(self) -> str:
        """The sentence without the usual causes; "" if there is nothing else."""
        return "; ".join(filter(None, (self.statement, self.says)))

    @property
    def without_quote(self) -> str:
        """The sentence without the server's words; "" if there is nothing else."""
        return "; ".join(filter(None, (self.statement, self.usually)))

    @property
    def says(self) -> str:
        """The server's words as a clause; "" without any."""
        return f'the server says "{self.quote}"' if self.quote else ""

    @property
    def usually(self) -> str:
        """The usual causes as a clause; "" without any."""
        return usual_causes(self.usual)

    @property
    def labelled(self) -> str:
        """The sentence after its label: ``likely: ...``."""
        return f"{self.label}: {self.below_label}"

    @property
    def below_label(self) -> str:
        """What follows the label: the whole sentence, or only the server's words."""
        return f'"{self.quote}"' if self.label == "the server says" else self.text

    @property
    def in_short(self) -> str:
        """The same without the usual causes, unless there is nothing else."""
        return self.below_label if self.label == "the server says" else self.without_usual or self.usually

    @property
    def fix_in_trace(self) -> str:
        """What to do, for a trace, which is what else it may name."""
        return self.fix.replace(f"; {TELLS_APART}", "")

    @property
    def repeats_outcome(self) -> bool:
        """Nothing but the outcome shows it: beside that, only the usual causes are new."""
        return self.certainty == "status" and self.id in ACTS and bool(self.usual)

    @property
    def label(self) -> Label:
        """How sure the evidence makes it: a form that several programs share, or a status, leaves others."""
        if self.quote and not self.without_quote:
            return "the server says"
        return "possible" if self.certainty in ("shared", "status") else "likely"


def usual_causes(named: Sequence[str]) -> str:
    """A clause with the first of these causes, the likeliest first; "" without any. There may always be another
    one."""
    named = named[:MOST_USUAL]
    several = len(named) > 1 or " or " in "".join(named)
    return f"usual cause{'s' if several else ''}: {'; '.join(named)}" if named else ""


def as_clause(sentences: str) -> str:
    """*sentences* about what to do, as a clause that follows "do:": each begins in lower case, unless with an
    acronym, and only semicolons end them; without backticks."""
    parts = sentences.replace("`", "").rstrip(".").split(". ")
    return "; ".join(part if part[1:2].isupper() else part[:1].lower() + part[1:] for part in parts)


def as_sentence(clause: str) -> str:
    """*clause*, as of ``Cause.fix``, as a sentence. One that begins with code keeps its first letter, and a
    command at its end gets no period."""
    first = clause[:1].upper() if re.match(r"[a-z]+(?:[ ,;]|\Z)", clause) else clause[:1]
    command = "wsprobe " in clause.rpartition("; ")[2]
    return f"{first}{clause[1:]}{'' if command or clause[-1:] in ('', '.', ';') else '.'}"


class CauseKind(msgspec.Struct, frozen=True):
    """A kind of cause: its general meaning."""

    title: str
    meaning: str
    fix: str


def _kinds(*rows: tuple[str, str, str, str]) -> dict[str, CauseKind]:
    return {id: CauseKind(title, meaning, fix) for id, title, meaning, fix in rows}


_HANDSHAKE = _kinds(
    (
        "upgrade-lost",
        "Upgrade did not arrive",
        "The client sent Upgrade and Connection, but they did not reach the program that answered. "
        "Both apply to one hop only (RFC 9110 section 7.6.1): every proxy must be configured to "
        "forward them.",
        "Configure every proxy to forward Upgrade and Connection over HTTP/1.1. Test the server "
        "without the proxies and compare.",
    ),
    (
        "handshake-incomplete",
        "The request was not a complete handshake",
        "The request lacks Upgrade: websocket or Connection: Upgrade.",
        "Send Upgrade, Connection, Sec-WebSocket-Key and Sec-WebSocket-Version.",
    ),
    (
        "method",
        "The request was not a GET",
        "A handshake over HTTP/1.1 is a GET (RFC 6455 section 4.1).",
        "Send a GET.",
    ),
    (
        "upgrade-required",
        "Upgrade Required",
        "The server requires an upgrade (426). Usual causes: a proxy that drops Upgrade and Connection, "
        "another version of the protocol, a server that does not handle upgrades at this path.",
        "Configure every proxy to forward Upgrade and Connection; check the path and Sec-WebSocket-Version.",
    ),
    (
        "version-unsupported",
        "The server does not support this version",
        "The server does not support the request's Sec-WebSocket-Version. Nearly every server "
        "supports only 13.",
        "Send Sec-WebSocket-Version: 13.",
    ),
    (
        "version-duplicated",
        "The server saw the version twice",
        "The answer mentions the version 13, 13: the request arrived with two Sec-WebSocket-Version fields, "
        "joined by a proxy or library.",
        "Send Sec-WebSocket-Version once.",
    ),
    (
        "key",
        "Sec-WebSocket-Key is wrong",
        "The key is missing, or is not 16 bytes in base64 (RFC 6455 section 4.1).",
        "Send 16 random bytes in base64; look at what changes the key on the way.",
    ),
    (
        "protocol-malformed",
        "Sec-WebSocket-Protocol is malformed",
        "The request's Sec-WebSocket-Protocol is not a list of names.",
        "Send names separated by commas.",
    ),
    (
        "changed",
        "A field of the handshake was changed in transit",
        "The server reports a missing or wrong field, but the client sent the field correctly.",
        "Check what each proxy does to the handshake fields.",
    ),
    (
        "http-1.0",
        "A proxy uses HTTP/1.0",
        "A proxy sends HTTP/1.0 to the server; a handshake requires HTTP/1.1.",
        "Configure the proxy to use HTTP/1.1.",
    ),
    (
        "bad-request",
        "Bad Request",
        "The server does not accept the request (400). Usual causes: a field that a proxy changed, a wrong "
        "Host, a wrong path, a check in the application.",
        "Compare the request line and fields with what the server accepts; test without the proxies.",
    ),
    (
        "header-too-large",
        "A header is too large",
        "A request field (most often Cookie) or the whole head exceeds the limit of a server or proxy.",
        "Send fewer or shorter cookies, or raise the limit.",
    ),
    (
        "extension-refused",
        "The server does not accept an extension",
        "The server closes the session because of an extension that it does not support or did not agree to.",
        "Offer no extension (--no-extensions), or one that the server supports.",
    ),
)

_REFUSED = _kinds(
    (
        "origin-refused",
        "The server does not allow this origin",
        "The server allows only certain origins, or requires an Origin. Browsers always send the "
        "page's origin; command-line clients send none by default. The same server may accept one "
        "client and refuse the other.",
        "Add the page's origin to the server's allowed origins; test it with --origin.",
    ),
    (
        "origin-unguarded",
        "The server does not check the Origin",
        "The session opened for an Origin that the server's list does not allow.",
        "Check the Origin of the handshake too.",
    ),
    (
        "host-refused",
        "The server does not accept this Host",
        "The server does not know, or does not allow, the Host of the request.",
        "Add the name to the server's allowed hosts; configure proxies to forward Host unchanged.",
    ),
    (
        "subprotocol-required",
        "The server requires a subprotocol",
        "The server requires a subprotocol that the client did not offer.",
        "Offer it: --protocol in wsprobe, the second argument of new WebSocket() in a page.",
    ),
    (
        "subprotocol-none",
        "No subprotocol was selected",
        "The server supports none of the offered subprotocols, or selects none. Chromium then fails "
        "the connection.",
        "Select one in the server, or offer one that the server supports.",
    ),
    (
        "subprotocol-unasked",
        "The selected subprotocol was not offered",
        "The server selected a subprotocol that the client did not offer. Browsers then fail the connection.",
        "Select only one of the offered subprotocols.",
    ),
    (
        "unauthorized",
        "Credentials are required",
        "The server or a proxy requires credentials, and received no valid ones.",
        "Send the token, cookie or password (-u, -b, -H). A page can send only cookies, or a token in the "
        "URL or "
        "as a subprotocol.",
    ),
    (
        "credentials-refused",
        "The server refused the credentials",
        "The client sent credentials; the server did not accept them.",
        "Check the user, password or token: they may be wrong, expired, or for another server.",
    ),
    (
        "refused",
        "The server refused",
        "The server refused the request. Usual causes: a check in the application (token, cookie, Origin), a "
        "rule in front of the application, an unknown path. The status, the body and the log may have the "
        "reason.",
        "Send what the application requires (token, cookie, parameter).",
    ),
    (
        "server-says",
        "The server gives a reason",
        "The answer contains a message, but wsprobe does not know its meaning.",
        "Read the message; the server's log has more.",
    ),
    (
        "blocked-by-rule",
        "A rule refused the request",
        "A rule in a proxy, a firewall (WAF) or an access list refused the request before the "
        "application received it.",
        "Find the rule for this path, method, address or field.",
    ),
    (
        "rate-limited",
        "Too many requests",
        "The client exceeded a limit on requests or connections.",
        "Wait for the time in Retry-After, or raise the limit.",
    ),
    (
        "upgrade-refused",
        "A proxy or server refuses upgrades",
        "The configuration of a proxy or server blocks upgrades.",
        "Allow upgrades for this path.",
    ),
    (
        "redirected",
        "The server redirects",
        "The answer redirects to another URL. Of the browsers, only WebKitGTK follows.",
        "Use the final URL in the client (-L makes wsprobe follow).",
    ),
    (
        "legal",
        "Refused for legal reasons",
        "The server refuses for legal reasons (451, RFC 7725).",
        "The body may name who demanded it; ask the operator of the server.",
    ),
)

_ELSEWHERE = _kinds(
    (
        "not-found",
        "Not Found",
        "The server found nothing at this path (404). Usual causes: no WebSocket endpoint at this path, a "
        "proxy that drops Upgrade and Connection, a refusal.",
        "Correct the path, or add a WebSocket route for it in the application and in every proxy.",
    ),
    (
        "not-upgraded",
        "An ordinary answer",
        "The server answered the handshake like an ordinary request (200). Usual causes: no WebSocket endpoint "
        "at this path, a proxy that drops Upgrade and Connection.",
        "Correct the path; configure every proxy to forward Upgrade and Connection.",
    ),
    (
        "no-route",
        "No WebSocket endpoint at this path",
        "The server reports that it has no route or endpoint for this path.",
        "Correct the path, or add a WebSocket route for it in the application and in every proxy.",
    ),
    (
        "no-websocket",
        "No WebSocket support",
        "The program that answered does not support WebSocket, or its WebSocket library is missing.",
        "Run a server that supports WebSocket, and route the path to that server.",
    ),
    (
        "no-upgrade-listener",
        "No code handles the upgrade",
        "The server accepts the connection but never answers the handshake: no code handles WebSocket "
        "upgrades on this path.",
        "Set ws: true in the development server or proxy, or correct the path.",
    ),
    (
        "not-socket.io",
        "A Socket.IO server",
        "A plain WebSocket client reached a Socket.IO server. Socket.IO requires its own path, query "
        "and packets.",
        "Use a Socket.IO client.",
    ),
    (
        "mqtt",
        "An MQTT broker",
        "The server waits for MQTT packets in the subprotocol mqtt.",
        'Use an MQTT client; in a page new WebSocket(url, "mqtt").',
    ),
    (
        "generation",
        "Another generation of Socket.IO",
        "Client and server use different versions of the Socket.IO protocol.",
        "Use matching versions.",
    ),
    (
        "session",
        "The server does not know the session",
        "The process that answered does not know the session in the request. Common causes: several "
        "processes without sticky sessions, a restart, an expired session.",
        "Use sticky sessions, or start a new session.",
    ),
    (
        "transport",
        "An unknown transport",
        "The query requests a transport that Socket.IO does not have.",
        "Use websocket or polling.",
    ),
    (
        "other-protocol",
        "Another protocol",
        "The port speaks another protocol.",
        "Use the port of the WebSocket listener.",
    ),
    ("tls-port", "The port expects TLS", "The URL uses ws:, but the port expects TLS.", "Use wss://."),
    (
        "client-certificate",
        "A client certificate is required",
        "The server requires a client certificate, or did not accept the client's certificate.",
        "Pass one with --cert and --key.",
    ),
    (
        "forward-proxy",
        "A forward proxy",
        "The URL points at a forward proxy, not at the server.",
        "Pass the proxy with -x, and use the server's address as the URL.",
    ),
    (
        "proxy-target",
        "The proxy did not open a tunnel",
        "wsprobe reached the proxy, but the proxy did not connect to the server.",
        "Read the proxy's answer; check its rules for CONNECT to that port.",
    ),
)

_BEHIND = _kinds(
    (
        "bad-gateway",
        "Bad Gateway",
        "A proxy or server got no valid answer from the program behind it (502): that program is down, "
        "closes the connection, or speaks another protocol.",
        "Test the program behind the proxy directly; look in its log, and in the proxy's.",
    ),
    (
        "gateway-timeout",
        "Gateway Timeout",
        "A proxy or server got no answer in time from another program (504).",
        "Find out why that program hangs, or whether it answers handshakes at all.",
    ),
    (
        "backend-down",
        "A proxy cannot reach the application",
        "A proxy or balancer could not reach the application: it is not running, or its address or "
        "port is wrong.",
        "Start the application; check the upstream's address, port and scheme (http or https) in the proxy.",
    ),
    (
        "backend-closed",
        "The application closed without an answer",
        "The application behind a proxy closed the connection without an answer.",
        "Look in the application's log.",
    ),
    (
        "backend-timeout",
        "The application did not answer in time",
        "A proxy waited for the application behind it, then gave up.",
        "Find out why the application hangs, or whether it answers handshakes at all.",
    ),
    (
        "backend-tls",
        "TLS between proxy and application does not match",
        "The proxy uses TLS but the application does not, or the other way round.",
        "Use the application's scheme (http:// or https://) in the proxy.",
    ),
    (
        "no-answer",
        "No answer",
        "The server accepts the connection and the request, and sends nothing.",
        "Correct the path. Look in the logs of the application and of every proxy; test the application "
        "without the proxies and compare.",
    ),
    (
        "closing",
        "The server is stopping",
        "The server is shutting down and accepts no new sessions.",
        "Try again after the restart.",
    ),
    (
        "unavailable",
        "The server is unavailable",
        "The server handles no requests for now, or a proxy does not reach the application (503).",
        "Try again later; look in the logs of the application and of every proxy.",
    ),
    (
        "overloaded",
        "The server is overloaded",
        "The server accepts no more sessions for now.",
        "Try again later.",
    ),
)

_APPLICATION = _kinds(
    (
        "crashed-before-accept",
        "An exception before accepting",
        "The application raised an exception while handling the handshake: the answer has its words.",
        "Look in the server's log for this request.",
    ),
    (
        "crashed",
        "An exception in the session",
        "The application raised an exception after the handshake: the server reports it in words.",
        "Look in the server's log for this session.",
    ),
    (
        "no-accept",
        "Returned without accepting",
        "The application returned without accepting or refusing the handshake.",
        "Accept first: await websocket.accept().",
    ),
    (
        "hijacker",
        "Middleware hides the connection",
        "A middleware hides http.Hijacker from the upgrade (Go).",
        "Keep the middleware off this route, or have its ResponseWriter implement Hijack.",
    ),
    (
        "wrote-first",
        "A response was written before the upgrade",
        "The handler wrote a response first; the 101 arrived inside its body.",
        "Write nothing before the upgrade.",
    ),
    (
        "closed-silently",
        "Closed without an answer",
        "The server closed the connection without an answer. Usual causes: a refusal by closing, a rule that "
        "drops the request, a proxy that gets no answer from the application, a crash.",
        "Look in the logs of the application and of every proxy.",
    ),
    (
        "response-after-101",
        "An HTTP answer after the 101",
        "The handler returned, or sent an HTTP response after the handshake.",
        "Return nothing, or what the library expects; keep the handler running.",
    ),
    (
        "closed",
        "The server closed the session",
        "The server sent a Close frame; its code and reason, if it has any, may explain why.",
        "Look up the code in the application's documentation; look in its log.",
    ),
    (
        "dropped",
        "Dropped without a Close frame",
        "The connection of an open session ended without a Close frame from either side.",
        "Check the server's log and the limits of every proxy.",
    ),
    (
        "idle-timeout",
        "An idle timeout",
        "A proxy or the server ended the session after a time without data.",
        "Send pings more often, or raise the limit.",
    ),
    (
        "too-large",
        "A message is too large",
        "A message exceeds the server's limit.",
        "Send smaller messages, or raise the server's limit.",
    ),
    (
        "first-message",
        "The first message did not arrive in time",
        "The server waits for a message (a login, connection_init), and closes if none arrives.",
        "Send that message right after connecting.",
    ),
    (
        "message-refused",
        "The server refused a message",
        "The server does not accept the message's format, type or protocol.",
        "Send what the server's protocol defines.",
    ),
    (
        "protocol-error",
        "The client broke the protocol",
        "The server reports that the client broke the WebSocket protocol (1002).",
        "Look in the server's log.",
    ),
    (
        "error",
        "The server failed",
        "A server or proxy answered with an error (5xx), or closed the session with 1011. Usual causes: an "
        "exception, a handler that returned without accepting, a proxy whose backend failed.",
        "Look in the server's log for this request.",
    ),
)

_BROWSER = _kinds(
    (
        "port-blocked",
        "Blocked port",
        "Browsers block the ports of other protocols, such as 22, 25 and 6667 (Fetch standard, section "
        '"Port blocking"). The browser sends nothing, whatever the server does.',
        "Serve on a port that is not in the list, such as 443, 8080 or 8443.",
    ),
    (
        "local-network-access",
        "Local Network Access",
        "A browser blocks a page on a public address from the local network, and from this machine, "
        "until the user allows access. The browser sends nothing.",
        "Have the user allow access, or serve the page from the same network (wsprobe explain lna).",
    ),
)

_TRACE = _kinds(
    (
        "opens",
        "The handshake opens",
        "No proxy blocks it in any tested form.",
        "Nothing needs to be done. If sessions end later, wsprobe trace --hold 70 URL looks for an idle "
        "timeout.",
    ),
    (
        "unknown",
        "No change explains the failure",
        "No change to the request explains the failure.",
        "Look in the log of the program that answers, for this request.",
    ),
    (
        "one-of-several",
        "One of several servers",
        "The same handshake gets different answers in turn.",
        "Give every server behind the balancer the same version and configuration, or send one client always "
        "to the same server.",
    ),
    (
        "addresses-differ",
        "Addresses differ",
        "The addresses of the host name give different answers.",
        "Correct the DNS record, or the server at the address that answers otherwise; --resolve tries one "
        "address.",
    ),
    (
        "not-reached",
        "No request was sent",
        "The name, address, port or TLS is wrong.",
        "Check host name, address, port and certificate; wsprobe connect -v URL shows how far it comes.",
    ),
    (
        "not-http",
        "Not HTTP",
        "The server did not send a complete HTTP answer.",
        "Check that this port is the WebSocket server's, and whether it expects TLS.",
    ),
    (
        "http2-only",
        "HTTP/2 only",
        "The listener supports HTTP/2 but not HTTP/1.1.",
        "Let the listener speak HTTP/1.1 too, or WebSockets over HTTP/2 (RFC 8441); wsprobe connect --http2 "
        "URL tries that.",
    ),
    (
        "http2-announced",
        "Announced over HTTP/2",
        "The server announces WebSockets over HTTP/2, but they do not open.",
        "Turn off extended CONNECT (SETTINGS_ENABLE_CONNECT_PROTOCOL) in the proxy, or pass it on to a server "
        "that knows it.",
    ),
    (
        "cut-at-once",
        "Every request is cut",
        "The listener closes the connection of every request without an answer.",
        "Check the port, and whether the listener expects TLS, a PROXY protocol header (--haproxy-protocol) or"
        " a client certificate (--cert).",
    ),
    (
        "key-lost",
        "Sec-WebSocket-Key is lost",
        "A proxy removes or changes the key.",
        "Have every proxy forward Sec-WebSocket-Key unchanged; wsprobe trace --backend HOST:PORT URL finds "
        "which one does not.",
    ),
    (
        "version-lost",
        "Sec-WebSocket-Version is lost",
        "A proxy removes or changes the version.",
        "Have every proxy forward Sec-WebSocket-Version unchanged; wsprobe trace --backend HOST:PORT URL finds"
        " which one does not.",
    ),
    (
        "key-changed",
        "The key is changed",
        "A proxy changes Sec-WebSocket-Key: the accept does not match.",
        "Have every proxy forward Sec-WebSocket-Key unchanged; wsprobe trace --backend HOST:PORT URL finds "
        "which one does not.",
    ),
    (
        "accept-lost",
        "Sec-WebSocket-Accept is lost",
        "A proxy removes fields from the answer.",
        "Have every proxy pass the fields of the 101 on, Sec-WebSocket-Accept among them.",
    ),
    (
        "invalid-101",
        "An invalid 101",
        "The 101 breaks a rule; no client accepts it.",
        "Mend the rule that the finding names; a maintained WebSocket library does it right.",
    ),
    (
        "cookie-refused",
        "The cookie is refused",
        "Without the cookie the handshake opens.",
        "Delete the cookie, or look in the server's log why it is refused: expired, too large, or of another "
        "application.",
    ),
    (
        "query-refused",
        "The query is refused",
        "Without the query the handshake opens.",
        "Correct the query: a token may have expired, or a parameter has another name.",
    ),
    (
        "subprotocol-refused",
        "The subprotocol is refused",
        "With other subprotocols the handshake opens.",
        "Offer a subprotocol that the server knows, or have the server choose none instead of refusing.",
    ),
    (
        "subprotocol-lost",
        "The subprotocol is lost",
        "A proxy drops Sec-WebSocket-Protocol.",
        "Have every proxy forward Sec-WebSocket-Protocol unchanged; wsprobe trace --backend HOST:PORT URL "
        "finds which one does not.",
    ),
    (
        "host-changed",
        "The Host is changed",
        "A proxy rewrites Host, and the application checks Host.",
        "Have the proxy keep Host (nginx: proxy_set_header Host $http_host;), or allow the rewritten Host in "
        "the application.",
    ),
    (
        "host-changed-or-origin-list",
        "Host or Origin",
        "A proxy rewrites Host, or the application allows only other origins.",
        "Have the proxy keep Host, and add the page's origin to the application's list; then try again.",
    ),
    (
        "origin-rule",
        "An Origin is required",
        "The handshake opens with any Origin, and fails without one.",
        "Nothing for pages, because browsers always send Origin. Other clients send one, or the server allows "
        "requests without it.",
    ),
    (
        "origin-wanted",
        "The page's Origin is required",
        "The handshake opens with the page's own Origin, and fails without one.",
        "Nothing for that page. For another page add its origin to the allowed ones; a client without a page "
        "sends that Origin.",
    ),
    (
        "origin-lost",
        "The Origin is lost",
        "A proxy drops Origin.",
        "Have every proxy forward Origin unchanged; wsprobe trace --backend HOST:PORT URL finds which one does"
        " not.",
    ),
    (
        "origin-changed",
        "The Origin is changed",
        "A proxy rewrites Origin.",
        "Have the proxy keep Origin, or allow the rewritten Origin in the application.",
    ),
    (
        "browser-headers-wanted",
        "Browser headers are required",
        "The handshake opens only with a browser's headers.",
        "Send a browser's headers too, or change the rule that wants them.",
    ),
    (
        "browser-refused",
        "A browser's request is refused",
        "A proxy or server refuses a header that browsers send.",
        "Find the header with wsprobe connect -H, and allow it in the proxy or server.",
    ),
    (
        "connection-compared",
        "The whole Connection value is compared",
        "A proxy compares the whole Connection value.",
        "Look for upgrade as one of the values of Connection: Firefox sends keep-alive, Upgrade.",
    ),
    (
        "handshake-not-understood",
        "Not understood",
        "Every request with Upgrade gets a 400.",
        "Check that the program behind this path speaks WebSocket, and that its path is right.",
    ),
    (
        "handshake-dropped",
        "The handshake is dropped",
        "A plain GET gets an answer; the handshake's connection is closed.",
        "Look in the log of the program that drops it; a firewall or proxy that does not know Upgrade does "
        "this too.",
    ),
    (
        "handshake-fails",
        "The handshake fails",
        "The handshake gets a 5xx; a plain GET gets another answer.",
        "Look in the server's log for this request: an exception in the handler, or a proxy whose backend "
        "fails.",
    ),
    (
        "handshake-refused",
        "The handshake is refused",
        "A rule or a WebSocket library refuses the handshake.",
        "Look in the log of the program that refuses: it names the rule.",
    ),
    (
        "server-error",
        "Every request fails",
        "A plain GET gets a 5xx too.",
        "Look in that server's log.",
    ),
    (
        "method-refused",
        "The method is refused",
        "A rule refuses GET on this path.",
        "Allow GET for this path: a handshake over HTTP/1.1 is a GET.",
    ),
    (
        "slash",
        "The final slash",
        "The route matches the path only with its final slash, or only without.",
        "Use the path as the route has it, or let the route match both.",
    ),
    (
        "elsewhere",
        "Another program answers",
        "The path leads to another program, not to the application.",
        "Correct the path, or the proxy's rule that maps it to the application.",
    ),
    (
        "refused-by-app",
        "The application refuses",
        "Without the proxy, the application gives the same answer.",
        "Look in the application's log; the proxy is not at fault.",
    ),
    (
        "refused-to-all",
        "Every request is refused",
        "A plain GET is refused too.",
        "Look for a rule that refuses every request: a login, a block by address, or a server that is not "
        "meant for you.",
    ),
    (
        "request-changed",
        "The request is changed",
        "A proxy changes the path or another part.",
        "Compare the request that arrives in the application's log with the one that was sent (wsprobe connect"
        " -v URL).",
    ),
    (
        "upgrade-lost-or-elsewhere",
        "Upgrade is lost, or no endpoint",
        "The handshake gets the answer to a plain GET: Upgrade is lost, or the path has no WebSocket endpoint.",
        "wsprobe trace --backend HOST:PORT URL tells the two apart: if the backend opens, a proxy drops "
        "Upgrade; if not, the path is wrong.",
    ),
    (
        "dropped-after-101",
        "Dropped after the 101",
        "The connection closes as soon as it is open.",
        "Look in the log of the program behind the proxy: it closes the connection, or the proxy cannot keep "
        "it open.",
    ),
)

KINDS: dict[str, CauseKind] = {
    **_HANDSHAKE,
    **_REFUSED,
    **_ELSEWHERE,
    **_BEHIND,
    **_APPLICATION,
    **_BROWSER,
    **_TRACE,
}
"""Every kind of cause by its id. Ids are stable and never reused. What kept a request from being sent has
the id of its finding besides (``reach``)."""

ACTS = frozenset(
    {
        *("refused", "bad-request", "not-found", "not-upgraded", "upgrade-required", "protocol-error"),
        *("error", "bad-gateway", "gateway-timeout", "unavailable"),
        *("closed-silently", "no-answer", "closed", "dropped", "response-after-101"),
    }
)
"""Kinds that only say what the server did: with other words or marks there may be another reason."""

FORMERLY = {
    "upgrade-stripped": "upgrade-lost",
    "origin-refused": "origin-refused",
    "subprotocol-wanted": "subprotocol-required",
    "handshake-incomplete": "handshake-incomplete",
    "version-duplicated": "version-duplicated",
    "web-page": "no-route",
}
"""Findings of version 0.1 that are causes now -> their ids here."""

REPLACED = {
    "handler-returned": "closed",
    "closed-by-app": "closed",
    "denial": "error",
    "intercepted": "not-upgraded",
    "proxy-waits": "no-answer",
    "hangs": "no-answer",
}
"""Causes that answers no longer prove -> the act that is reported in their place."""
