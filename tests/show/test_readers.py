"""Who received an answer, and the request fields that set its readers apart."""

from msgspec.structs import replace

from tests.show.test_screen import refused
from wsprobe.read.head import split_head
from wsprobe.report.result import engine_answer
from wsprobe.show.lines import Look, text_of
from wsprobe.show.readers import SharedAnswer, who


def test_a_field_that_browsers_sent_and_wsprobe_did_not_is_named():
    of = refused()
    own = engine_answer(of.reading, of.verdict, of.outcome)

    def asks(fields):
        return replace(own, asked=split_head(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")[0])

    plain, with_site = asks(b"User-Agent: A\r\n"), asks(b"User-Agent: B\r\nSec-Fetch-Site: same-origin\r\n")
    of = replace(of, answers=(plain, with_site, with_site, plain, plain))
    first = SharedAnswer(plain, (0,), ours=False)
    heading = text_of(who(of, SharedAnswer(with_site, (1, 2), ours=True), first, Look()))
    assert heading == (
        "answer to Firefox, WebKitGTK, wsprobe (Firefox, WebKitGTK sent Sec-Fetch-Site: same-origin; "
        "Chromium did not)"
    )
