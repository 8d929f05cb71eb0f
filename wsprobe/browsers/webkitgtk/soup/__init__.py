"""libsoup: HTTP, the opening handshake, frames; and what GLib says where there is no connection."""
