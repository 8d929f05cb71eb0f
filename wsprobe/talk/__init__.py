"""A session that is held: messages in and out by the hundred thousand, and no recording that nobody asked for.

``codec`` is RFC 6455 and RFC 7692 in bulk, ``session`` the state of one session, ``recording`` what is kept,
``input`` reads standard input, ``output`` writes standard output, ``raw_frame`` is a frame written by hand.
All of it is pure: bytes and times come in, bytes come out. ``wsprobe.net.talk`` carries it.
"""
