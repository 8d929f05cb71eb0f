"""Gecko's netwerk: what comes from the network, up to what the WebSocket object is told."""
