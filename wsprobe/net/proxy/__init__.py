"""Proxies, and what is said to them before the way to the target is open."""
