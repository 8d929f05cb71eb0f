const [hostname, port] = process.argv.slice(2);
Bun.serve({
    hostname, port: Number(port),
    fetch(request, server) {
        server.upgrade(request, { data: Number(new URL(request.url).pathname.slice(1)) });
    },
    websocket: {
        maxPayloadLength: 1 << 30, backpressureLimit: 1 << 30, perMessageDeflate: true,
        message(socket, data) { socket.data ? socket.close(socket.data, 'said so') : socket.send(data); },
    },
});
