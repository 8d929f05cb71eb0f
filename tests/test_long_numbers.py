"""Numbers of more digits than ``int`` reads (sys.set_int_max_str_digits), wherever a server may write one."""

import json
from base64 import b64encode

from tests.cases import every, share
from tests.recording.test_odd_recordings import loaded, read_in_every_way, saved
from wsprobe.browsers.webkitgtk.uri import resolved
from wsprobe.read import read

DIGITS = 5000
NINES, ZEROS = "9" * DIGITS, "0" * DIGITS
REFUSED = (
    "HTTP/1.1 403 No\r\nContent-Length: {0}\r\nAge: {0}\r\nRetry-After: {0}\r\nSec-WebSocket-Version: {0}\r\n"
    "Set-Cookie: a=b; Max-Age={0}\r\nStrict-Transport-Security: max-age={0}\r\nX-RateLimit-Reset: {0}\r\n\r\nx"
)
PAGE = 'HTTP/1.1 403 No\r\nContent-Type: application/json\r\n\r\n{{"code": {0}, "error": "{0}"}}'
CHUNKED = "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n{0}\r\nx"
STATUS = "HTTP/1.1 {0} No\r\n\r\n"
VERSION = "HTTP/{0}.{0} 403 No\r\n\r\n"
ELSEWHERE = "HTTP/1.1 302 No\r\nLocation: ws://127.0.0.1:{0}/\r\n\r\n"
NUMBER_HOST = "HTTP/1.1 302 No\r\nLocation: ws://{0}/\r\n\r\n"
OPEN = (
    "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; {parameter}={0}\r\n\r\n"
)
ANSWERS = (
    *(REFUSED, PAGE, CHUNKED, STATUS, VERSION, ELSEWHERE, NUMBER_HOST),
    *(OPEN.replace("{parameter}", f"{side}_max_window_bits") for side in ("server", "client")),
)

NUMBERS = {"nines": NINES, "zeros": ZEROS, "zeros and a nine": f"{ZEROS}9"}
CASES = {
    f"{name}, answer {place}": (template, digits)
    for place, template in enumerate(ANSWERS)
    for name, digits in NUMBERS.items()
}


@every(dict(share(CASES.items())))
def test_every_reader_reads_an_answer_with_a_long_number(case):
    template, digits = case
    value = json.loads(saved()[5])
    opened, _ = loaded(json.dumps(value))
    assert opened is not None
    accept = read(opened).final.head.all(b"sec-websocket-accept")[0].value.decode()
    text = template.replace("{accept}", accept).format(digits)
    received = next(each for each in value["events"] if each["event"] == "received")
    received["data"] = b64encode(text.encode()).decode()
    exchange, _ = loaded(json.dumps(value))
    assert exchange is not None
    read_in_every_way(exchange)


def test_a_host_that_is_a_long_number_is_a_name():
    assert resolved("ws://127.0.0.1/", f"ws://{'9' * 60}/").host == "9" * 60
