const http2 = require('http2'), crypto = require('crypto'), fs = require('fs');
const [, , host, port, certificate, key, announces] = process.argv;
const server = http2.createSecureServer({
    key: fs.readFileSync(key), cert: fs.readFileSync(certificate), allowHTTP1: true,
    settings: { enableConnectProtocol: announces === 'yes' },
});
const refused = (path) => path === '/refuse';
const seen = (...words) => console.log('seen', ...words);
const frame = (opcode, payload) => Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);
const talk = (socket, path) => {
    const closes = path === '/close';
    if (closes) socket.write(frame(8, Buffer.from('1133', 'hex')));
    socket.on('error', () => {});
    socket.on('data', (data) => {
        const opcode = data[0] & 0x0f, size = data[1] & 0x7f, mask = data.subarray(2, 6);
        const payload = Buffer.from(data.subarray(6, 6 + size).map((byte, at) => byte ^ mask[at % 4]));
        if (!closes) socket.write(frame(opcode, payload));
        if (opcode === 8) socket.end();
    });
};
server.on('stream', (stream, headers) => {
    const path = headers[':path'], status = refused(path) ? 401 : 200;
    seen(headers[':method'], path, 'HTTP/2', status);
    stream.on('error', () => {});
    stream.respond({ ':status': status });
    if (status === 401) stream.end('token expired\n');
    else talk(stream, path);
});
server.on('upgrade', (request, socket) => {
    const path = request.url, hash = crypto.createHash('sha1');
    hash.update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11');
    const opened = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Accept: ' + hash.digest('base64'), '', ''];
    seen(request.method, path, 'HTTP/1.1', refused(path) ? 401 : 101);
    if (refused(path)) socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    else { socket.write(opened.join('\r\n')); talk(socket, path); }
});
server.listen(Number(port), host);
