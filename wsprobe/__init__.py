"""wsprobe: what a WebSocket server answered, and what a script in a browser is told of it."""

__version__ = "0.1.0"
