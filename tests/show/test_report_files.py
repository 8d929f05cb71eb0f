"""A report for others, in both forms: nothing in it is live, and nothing secret is in a masked one."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from tests.exchanges import KEY, OPENED, exchange, frame, plan
from tests.watch.played import refused_by_tornado
from wsprobe.browsers.engine import Page
from wsprobe.cli.readers import Readers, as_is
from wsprobe.cli.redacted import redacted
from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Ended,
    Exchange,
    Plan,
    Received,
    Resolved,
    ResolveFailed,
    Sent,
    TlsFailed,
    TunnelReceived,
)
from wsprobe.report.report import report
from wsprobe.request import opening, target
from wsprobe.request.opening import Offer
from wsprobe.show import html, markdown, report_file
from wsprobe.show.markdown import prose
from wsprobe.text import quoted

FORMS = {"html": html, "markdown": markdown}
PLANTED = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "]]>", "--><b>", "</pre></style></details>"),
    *('" onmouseover="alert(1)', "' x='", "&lt;script&gt;", "&#60;b&#62;", "javascript:alert(1)"),
    *(
        "```\n# heading",
        "````",
        "`",
        "| a | b |",
        "[x](https://evil.example/)",
        "![x](https://evil.example/x.png)",
    ),
    *(
        "@octocat",
        "#1234",
        "org/repo#1",
        "https://evil.example/",
        "www.evil.example",
        "<https://evil.example/>",
    ),
    *("*bold*", "_it_", "~~no~~", "$x$", ":tada:", "- [ ] task", "    code", "\t", "\\", "a\\`b"),
    *("\x00", "\x1b[31m", "\u202e\u2066", "\u200b", "\x85", "\ud800", "\udcff", "\ufeff", "\U000e0041"),
)
LINKS = re.compile(
    r"https://(www\.rfc-editor\.org/(rfc/rfc[0-9]+(#section-[0-9.]+)?|errata/eid[0-9]+)"
    r"|datatracker\.ietf\.org/doc/html/draft-[a-z-]+-[0-9]{2}#section-[0-9.]+"
    r"|websockets\.spec\.whatwg\.org/(#[a-z-]+)?)|#answer-[0-9]+"
)
ATTRIBUTES = {
    *("class", "id", "href", "content", "charset", "name", "http-equiv", "lang"),
    *("x", "width", "height", "rx", "aria-hidden", "open", "tabindex"),
}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "section", "div"),
    *("pre", "span", "mark", "code", "a", "ul", "li", "dl", "dt", "dd", "svg", "rect", "details", "summary"),
    *("small", "br", "b", "table", "tr", "th", "td"),
}
EMPTY = {"meta", "br", "rect"}


class Strict(HTMLParser):
    """Knows what the page is made of, and takes nothing else."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS
        for name, value in attrs:
            assert name in ATTRIBUTES
            if name == "href":
                assert LINKS.fullmatch(value or ""), value
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data

    def handle_comment(self, data):
        raise AssertionError(data)

    def unknown_decl(self, data):
        raise AssertionError(data)

    def handle_pi(self, data):
        raise AssertionError(data)


def read_html(text):
    """The words of a page, if nothing in it is live."""
    page = Strict()
    page.feed(text)
    page.close()
    assert page.open == []
    assert "]]>" not in text
    assert "url(" not in text
    assert "@import" not in text
    return page.text


def read_markdown(text):
    """What is code in it, if nothing else of it came from a peer."""
    code = ""
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        if token.type == "html_block":
            assert re.fullmatch(r"(<details><summary>[\w .,:-]+</summary>|</details>)\n?", token.content)
        code += token.content if token.type == "fence" else ""
        for each in token.children or ():
            assert each.type not in ("html_inline", "image")
            if each.type == "link_open":
                assert LINKS.fullmatch(str(each.attrs["href"]))
            elif each.type == "text":
                assert not re.search(r"[@#<>|]|://|www\.|evil", each.content), each.content
            code += each.content if each.type == "code_inline" else ""
    return code


READ = {"html": read_html, "markdown": read_markdown}


def with_views(made):
    page = Page()
    return replace(made, views=as_is(made, Readers(("chromium", "firefox", "whatwg"), page=page)), page=page)


def written(form, reports, command="wsprobe connect", masked=True):
    parts = [report_file.part(each, command) for each in reports]
    cover = report_file.Cover("connect", command, "wsprobe 0", masked, tuple(map(report_file.row, reports)))
    made = [form.part(each, number) for number, each in enumerate(parts, 1)]
    return "".join(form.whole(cover, made))


def planted(text):
    """A recording with *text* in every place that a peer, or whoever made a file, can write to. Only a URL that
    was typed can have half of a surrogate pair: a file with one is refused."""
    typed, text = text, text.encode("utf-8", "replace").decode()
    raw = typed.encode("utf-8", "surrogatepass")
    line = raw.replace(b"\n", b" ").replace(b"\r", b" ")
    to = replace(target.parse("ws://server.example/chat"), url=f"ws://server.example/{text}", resource="/x")
    body = raw * 3
    head = b"HTTP/1.1 403 %b\r\nX-%b: 1\r\nX-A: %b\r\nContent-Length: %d\r\n\r\n" % (
        line,
        line,
        line,
        len(body),
    )
    request = opening.request(to, Offer(KEY)).replace(b"\r\n\r\n", b"\r\nX-B: " + line + b"\r\n\r\n")
    events = (
        Resolved(1, text, ("127.0.0.1",)),
        ConnectFailed(2, text, 80, "E", text),
        Connected(3, text, 80, text),
        TunnelReceived(4, raw),
        Sent(5, request),
        Received(6, head + body),
        Ended(7, "error", text),
    )
    earlier = Exchange(Plan(to, request), events, text)
    return Exchange(Plan(replace(to, url=f"ws://server.example/{typed}"), request), events, text, (earlier,))


def opened(text):
    """A session in which *text* is said."""
    raw = text.encode("utf-8", "surrogatepass")
    said = frame(1, raw) + frame(2, raw) + frame(8, b"\x11\x33" + raw[:100])
    return exchange(plan(offer=Offer(KEY, protocols=("chat",))), 9, OPENED + said)


def unreached(text):
    """A handshake that never was, for a reason that has *text* in it."""
    text = text.encode("utf-8", "replace").decode()
    to = target.parse("wss://server.example/")
    events = (ResolveFailed(1, text, text), TlsFailed(2, "error", text, text.encode("utf-8", "replace")))
    return Exchange(Plan(to, b""), (*events, Ended(10, "error", text)))


SITUATIONS = (planted, opened, unreached)
texts = st.one_of(
    st.lists(st.sampled_from(PLANTED), min_size=1, max_size=4).map("".join),
    st.text(st.characters(), min_size=1, max_size=40),
)


@pytest.mark.parametrize("form", FORMS)
@given(texts, st.sampled_from(SITUATIONS))
def test_nothing_of_it_is_live(form, text, situation):
    made = replace(report(situation(text)), name=f"lab:{text}")
    whole = written(FORMS[form], [with_views(made), made], quoted(text))
    whole.encode("utf-8")
    assert all(each == "\n" or each.isprintable() for each in whole)
    READ[form](whole)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_escaped_can_still_be_read(form):
    """The check above would be content with a file that leaves out what is odd."""
    text = "<script>alert(1)</script>|`@octocat"
    whole = READ[form](written(FORMS[form], [with_views(report(planted(text)))]))
    assert f"X-A: {text}" in whole
    assert "\\xed\\xa0\\x80" in READ[form](written(FORMS[form], [report(planted("\ud800"))]))
    assert "\\x00" in READ[form](written(FORMS[form], [report(planted("\x00"))]))


@pytest.mark.parametrize("form", FORMS)
@given(
    st.text("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789_~", min_size=20, max_size=40),
    st.sampled_from(["cookie", "user", "bearer", "query", "key", "protocol"]),
    st.sampled_from(["body", "header", "reason", "message", "close"]),
)
def test_no_secret_is_in_a_masked_one(form, secret, place, echo):
    secret = f"{secret}7x"  # as a token looks
    raw = secret.encode()
    query = f"?token={secret}" if place == "query" else ""
    headers = {"key": (f"X-Api-Key: {secret}",), "bearer": (f"Authorization: Bearer {secret}",)}
    offer = Offer(
        key=KEY,
        headers=headers.get(place, ()),
        cookies=(f"session={secret}",) if place == "cookie" else (),
        user=f"joe:{secret}" if place == "user" else None,
        protocols=(secret,) if place == "protocol" else (),
    )
    refused = b"HTTP/1.1 403 %b\r\nX-Seen: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        raw if echo == "reason" else b"No",
        raw if echo == "header" else b"no",
        len(raw),
        raw if echo == "body" else b"-" * len(raw),
    )
    said = frame(1, raw) if echo == "message" else frame(8, b"\x11\x33" + raw)
    answer = OPENED + said if echo in ("message", "close") else refused
    made = report(exchange(plan(f"ws://server.example/chat{query}", offer), answer, detail=secret))
    whole = written(FORMS[form], [redacted(with_views(made))])
    for spelt in (secret, b64encode(f"joe:{secret}".encode()).decode(), raw.hex(" "), raw.hex()):
        assert spelt not in whole
    assert raw.hex(" ") not in held(whole)
    assert "are masked" in whole
    plainly = written(FORMS[form], [with_views(made)], masked=False)
    assert raw.hex(" ") in held(plainly)
    assert "Nothing in this file is masked" in plainly


def held(text):
    """All bytes of the hex dumps in *text*, one after the other."""
    return " ".join(" ".join(each.split()) for each in re.findall(r"(?m)[0-9a-f]{8}  ([0-9a-f ]{48})", text))


def test_the_page_forbids_what_it_does_not_have():
    whole = written(html, [report(planted("x"))])
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', whole)
    sheet = whole.split("<style>")[1].split("</style>")[0]
    digest = b64encode(sha256(sheet.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "prefers-color-scheme: dark" in sheet
    assert "@media print" in sheet


def test_findings_are_marked_in_the_line_and_linked():
    whole = written(html, [report(exchange(plan(), OPENED.replace(b"1PTe", b"1pte")))])
    assert '<mark class="fail">1pteRnQtEWodd5Z5JBmlMXr41R4=</mark>' in whole
    assert (
        '<a href="https://www.rfc-editor.org/rfc/rfc6455#section-4.1">RFC 6455 section 4.1</a>, item 4' in whole
    )


def test_a_large_answer_makes_no_large_file():
    body = b"x" * 70 + b"\n"
    answer = b"HTTP/1.1 403 No\r\nContent-Length: 1420000\r\n\r\n" + body * 20_000
    made = report(exchange(plan(), answer))
    assert len(written(html, [made])) < 200_000
    text = written(markdown, [made])
    assert len(text) < 20_000
    assert "more bytes (--save and --json keep all)" in text


WORDS = (
    "`npm",
    "start`",
    "`a`,",
    "``",
    "x",
    'close(4401, "run',
    "`first`)",
    '"),',
    'close(4403, "no `b`")',
    "a_b.",
    "(`",
)


@given(st.lists(st.sampled_from(WORDS), min_size=1).map(" ".join))
def test_markdown_shows_each_word_as_it_is(said):
    shown = re.sub(r"</?(?:p|code)>", "", MarkdownIt("commonmark").render(f"so: {prose(said)}"))
    assert unescape(shown).rstrip("\n") == f"so: {said}"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_index_of_many_ends_a_cause_with_its_remedy(form):
    text = written(form, [refused_by_tornado()] * 2)
    assert text.count("wsprobe explain remedy tornado") == 3, "the summary, and each answer"


def moved(path):
    """An answer that redirects."""
    return exchange(plan(f"ws://h/{path}"), b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
