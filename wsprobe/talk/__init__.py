"""A held session: hundreds of thousands of messages in and out.

``codec`` is RFC 6455 and RFC 7692 in bulk, ``session`` the state of one session, ``input`` reads
standard input, ``output`` writes standard output, ``raw_frame`` is a frame written by hand. All modules are
pure: bytes and times in, bytes out. ``wsprobe.net.talk`` does the I/O.
"""
