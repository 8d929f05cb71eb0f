"""A relay between a client and a server, without sockets: who may use it (``door``), the request to the server
(``forward``), the part of a session that is recorded (``keep``), what a page receives (``tell``)."""
