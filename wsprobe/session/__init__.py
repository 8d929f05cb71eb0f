"""The client's side of the conversation, without input or output."""

from wsprobe.session.client import Client
from wsprobe.session.turn import Phase, Turn

__all__ = ["Client", "Phase", "Turn"]
