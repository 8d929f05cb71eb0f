const http = require('http');
const { WebSocketServer } = require('ws');
const [, , host, ...ports] = process.argv;
const same = (info) => !info.origin || info.origin.replace(/^https?:\/\//, '') === info.req.headers.host;
const kinds = {
    plain: { path: '/chat' },
    api: { path: '/api/chat' },
    origin: { path: '/chat', verifyClient: same },
    protocol: { path: '/chat', verifyClient: (info, done) =>
        (info.req.headers['sec-websocket-protocol']
            ? done(true) : done(false, 400, 'subprotocol chat wanted')) },
};
Object.values(kinds).forEach((options, number) => {
    const server = http.createServer((request, response) => {
        response.writeHead(404, { 'Content-Type': 'text/plain' });
        response.end(`Cannot ${request.method} ${request.url}\n`);
    });
    const sockets = new WebSocketServer({ server, ...options });
    sockets.on('connection', (socket) => {
        socket.on('error', () => {});
        socket.on('message', (data, binary) => socket.send(data, { binary }));
    });
    server.listen(Number(ports[number]), host);
});
