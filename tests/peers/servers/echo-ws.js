const { WebSocketServer } = require('ws');
const server = new WebSocketServer(
    { host: process.argv[2], port: Number(process.argv[3]), perMessageDeflate: true, maxPayload: 1 << 30 });
server.on('connection', (socket, request) => {
    const code = Number(request.url.slice(1));
    socket.on('message', (data, binary) => {
        if (code) socket.close(code, 'said so');
        else socket.send(data, { binary });
    });
});
