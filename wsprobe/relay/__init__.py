"""A relay between a client and a server, without sockets: ``relaying`` is whom it lets in and what it sends to
the server, ``client`` what a page is told. ``wsprobe.net.relay`` does the I/O."""
