"""The way to the server: names, addresses, proxies, TLS, what else was there, and how it ended."""
