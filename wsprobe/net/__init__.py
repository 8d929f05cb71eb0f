"""The network: the only place for trio, sockets, TLS and clocks. It writes recordings and reads none.

``probe`` makes one exchange, ``in_order`` many at the same time, ``rounds`` the same ones repeatedly; ``run``
calls them from ordinary code.
"""

from trio import Lock, sleep
from trio import current_time as clock

from wsprobe.exchange import PlanError
from wsprobe.net.descriptors import DescriptorWriter, pieces
from wsprobe.net.dial import addresses_of
from wsprobe.net.plan import check
from wsprobe.net.probe import probe
from wsprobe.net.run import (
    LONGEST_LINE,
    Aside,
    aside,
    begun_in_order,
    drawn,
    gathered,
    in_only_thread,
    in_order,
    in_thread_of_asyncio,
    lines,
    rounds,
    run,
    running,
    ticking,
)
from wsprobe.schedule import Pace

__all__ = [
    "LONGEST_LINE",
    "Aside",
    "DescriptorWriter",
    "Lock",
    "Pace",
    "PlanError",
    "addresses_of",
    "aside",
    "begun_in_order",
    "check",
    "clock",
    "drawn",
    "gathered",
    "in_only_thread",
    "in_order",
    "in_thread_of_asyncio",
    "lines",
    "pieces",
    "probe",
    "rounds",
    "run",
    "running",
    "sleep",
    "ticking",
]
