"""What a client asks for: URLs, proxies, the fields of the request."""
