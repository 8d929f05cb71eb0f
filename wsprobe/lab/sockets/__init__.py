"""The lab on real sockets."""
