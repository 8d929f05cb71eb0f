"""Finds which proxy broke a handshake: repeats it with one change at a time, and compares the answers."""
