"""What proxies make of an answer that they pass on, as measured: order, case and choice of fields, reason
phrase."""

from wsprobe.diagnosis.statuses import phrase_of

Fields = list[tuple[bytes, bytes]]

DATE = (b"Date", b"Tue, 24 Nov 2026 23:41:24 GMT")
OF_ONE_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"}


def nginx(answer):
    """Its own Server, Date and Connection first; the rest as it came; no length becomes chunked."""
    line, fields, body = taken_apart(answer)
    framed, body = reframed(fields, body)
    out = [(b"Server", b"nginx/1.26.3"), DATE]
    out += [(b"Content-Type", value) for name, value in fields if name.lower() == b"content-type"]
    out += [*framed, (b"Connection", b"keep-alive")]
    out += without(fields, b"server", b"date", b"content-type", b"content-length")
    return together(line, out, body)


def haproxy(answer):
    """Names in lower case, an empty reason phrase filled in, nothing of its own."""
    line, fields, body = taken_apart(answer)
    out = [(name.lower(), value) for name, value in fields if name.lower() != b"connection"]
    if not any(name in (b"content-length", b"transfer-encoding") for name, _ in out):
        out.append((b"connection", b"close"))
    return together(line if line.split(b" ", 2)[2:] > [b""] else standard(line), out, body)


def caddy(answer):
    """The standard reason phrase; names in Go's spelling and sorted; its Server before the application's."""
    line, fields, body = taken_apart(answer)
    framed, sent = reframed(fields, body)
    out = [
        (b"-".join(part.capitalize() for part in name.split(b"-")), value) for name, value in without(fields)
    ]
    servers = [each for each in out if each[0] == b"Server"]
    out = sorted(
        [each for each in out if each[0] != b"Server"] + [(b"Server", b"Caddy")], key=lambda each: each[0]
    )
    at = out.index((b"Server", b"Caddy")) + 1
    out[at:at] = servers
    if not any(name == b"Date" for name, _ in out):
        out.append(DATE)
    if body and not any(name == b"Content-Type" for name, _ in out):
        out.append((b"Content-Type", b"text/plain; charset=utf-8"))
    return together(standard(line), [*out, *(each for each in framed if each[0] == b"Transfer-Encoding")], sent)


def apache(answer):
    """Date and Server first, the application's Server if it sent one."""
    line, fields, body = taken_apart(answer)
    framed, body = reframed(fields, body)
    server = next((value for name, value in fields if name.lower() == b"server"), b"Apache/2.4.71 (Debian)")
    out = [DATE, (b"Server", server), *without(fields, b"server", b"date")]
    return together(line, [*out, *(each for each in framed if each[0] == b"Transfer-Encoding")], body)


def lighttpd(answer):
    """Date and Server last, its own Server if the application sent none."""
    line, fields, body = taken_apart(answer)
    framed, body = reframed(fields, body)
    server = next((value for name, value in fields if name.lower() == b"server"), b"lighttpd/1.4.79")
    out = [*(each for each in framed if each[0] == b"Transfer-Encoding"), *without(fields, b"server", b"date")]
    return together(line, [*out, DATE, (b"Server", server)], body)


def envoy(answer):
    """Names in lower case, the standard reason phrase, its own Server last."""
    line, fields, body = taken_apart(answer)
    framed, body = reframed(fields, body)
    out = [(name.lower(), value) for name, value in without(fields, b"server")]
    out += [(b"transfer-encoding", b"chunked")] if framed[0][0] == b"Transfer-Encoding" else []
    if not any(name == b"date" for name, _ in out):
        out.append((b"date", DATE[1]))
    out += [(b"server", b"envoy"), (b"x-envoy-upstream-service-time", b"1")]
    return together(standard(line), out, body)


HOPS = {
    "nginx": nginx,
    "haproxy": haproxy,
    "caddy": caddy,
    "apache": apache,
    "lighttpd": lighttpd,
    "envoy": envoy,
}


def taken_apart(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *rest = head.split(b"\r\n")
    return line, [(name, value.strip()) for name, _, value in (each.partition(b":") for each in rest)], body


def together(line, fields, body):
    return b"\r\n".join([line, *(name + b": " + value for name, value in fields)]) + b"\r\n\r\n" + body


def without(fields, *names):
    return [each for each in fields if each[0].lower() not in {*OF_ONE_HOP, *names}]


def reframed(fields, body):
    """The field that frames the body, and the body in that framing: chunked unless it has a length."""
    length = next((value for name, value in fields if name.lower() == b"content-length"), None)
    if length is not None:
        return [(b"Content-Length", length)], body
    if any(name.lower() == b"transfer-encoding" for name, _ in fields):
        return [(b"Transfer-Encoding", b"chunked")], body
    chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    return [(b"Transfer-Encoding", b"chunked")], chunk + b"0\r\n\r\n"


def standard(line):
    version, code = line.split(b" ", 2)[:2]
    return b" ".join([version, code, phrase_of(int(code)).encode()])
