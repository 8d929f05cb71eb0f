"""The network: the only place for trio, sockets, TLS and clocks. It writes recordings and reads none.

``probe`` makes one exchange, ``in_order`` many of them side by side, ``run`` is the way in from ordinary code.
"""

from trio import sleep

from wsprobe.exchange import PlanError
from wsprobe.net.plan import check
from wsprobe.net.probe import Talking, probe
from wsprobe.net.run import in_order, leaves, run, running

__all__ = [
    "PlanError",
    "Talking",
    "check",
    "in_order",
    "leaves",
    "probe",
    "run",
    "running",
    "sleep",
]
