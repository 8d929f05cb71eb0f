"""A session that is held: messages in and out by the hundred thousand, and no recording that nobody asked for.

``codec`` is RFC 6455 and RFC 7692 in bulk, ``held`` the state of one session, ``kept`` what of it is recorded,
``said`` what standard input says, ``heard`` what standard output gets, ``byhand`` a frame written by hand. All
of it is pure: bytes and times come in, bytes come out. ``wsprobe.net.talk`` carries it.
"""
