const [, , kind, host, port] = process.argv;
const faye = (request, socket, head) => {
    const Socket = require('faye-websocket-old');
    const one = new Socket(request, socket, head);
    one.onmessage = (event) => one.send(event.data);
};
const driver = (request, socket, head) => {
    const one = require('websocket-driver').http(request);
    one.io.write(head);
    socket.pipe(one.io).pipe(socket);
    one.messages.on('data', (message) => one.messages.write(message));
    one.start();
};
if (kind === 'ws') {
    const { Server } = require('ws-old');
    new Server({ host, port: Number(port) }).on('connection', (socket) => {
        socket.on('message', (data, flags) => socket.send(data, { binary: flags.binary }));
    });
} else {
    const server = require('http').createServer();
    server.on('upgrade', kind === 'faye-websocket' ? faye : driver);
    server.listen(Number(port), host);
}
