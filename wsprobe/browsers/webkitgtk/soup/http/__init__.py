"""libsoup's HTTP/1.1: heads, bodies, redirects and credentials."""
