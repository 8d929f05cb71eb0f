"""What script sees, as lines: engines that tell script the same stand together."""

from msgspec.structs import replace

from tests.cases import every
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import DomEvent
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse
from wsprobe.show.lines import Look, plain
from wsprobe.show.views import MESSAGE, blocks


@every(
    [
        ("a" * 300, MESSAGE),
        ("\u202e" * 300, 2 * MESSAGE - 11),
        ("\\" * 300, MESSAGE),
        ("a" * 150 + "\u202e" * 300, 2 * MESSAGE - 11),
        ("a" * 160 + "\u202e" * 40, 2 * MESSAGE + 1),
        ("a" * 159 + "\u202e" * 41, 2 * MESSAGE - 11),
        ("a" * 120 + "\u202e" * 80, 2 * MESSAGE - 11),
    ]
)
def test_a_message_has_one_line_with_its_escapes_too(case):
    message, least = case
    view = rehearse(ENGINES["chromium"], find("open"), load())
    [block] = blocks([replace(view, events=(DomEvent("message", 1, data=message),))], Look(unicode=True))
    [text] = [each for each in plain(block.lines).splitlines() if "message" in each]
    assert least <= len(text.partition('"')[2]) <= 2 * MESSAGE + 1
