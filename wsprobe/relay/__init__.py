"""A relay between a client and a server, without sockets: who may use it (``door``), the request that the
server gets (``forward``), what a session leaves in the recording (``keep``), what a page is told (``tell``)."""
