const { WebSocketServer } = require('ws');
const [, , host, port] = process.argv;
const server = new WebSocketServer({
    host, port: Number(port), perMessageDeflate: true,
    verifyClient: (info, done) => {
        const path = info.req.url;
        if (path === '/refuse') done(false);
        else if (path === '/quota') done(false, 429, 'slow down', { 'Retry-After': '30' });
        else done(true);
    },
});
server.on('connection', (socket, request) => {
    if (request.url === '/close') socket.close(4403, 'no entry');
    else if (request.url === '/drop') socket.terminate();
    else socket.on('message', (data, binary) => socket.send(data, { binary }));
});
