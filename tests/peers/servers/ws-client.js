const WebSocket = require('ws');
const told = {};
const open = (url) => new Promise((resolve) => {
    const one = told[url] = {};
    const socket = new WebSocket(url, { handshakeTimeout: 10000 });
    socket.on('open', () => { one.open = true; socket.send('hello'); });
    socket.on('message', (data) => { one.message ??= String(data); socket.close(1000); });
    socket.on('unexpected-response', (request, response) => {
        one.status = response.statusCode; one.reason = response.statusMessage; one.fields = response.rawHeaders;
        request.destroy(); resolve();
    });
    socket.on('error', (error) => { one.error ??= error.message; });
    socket.on('close', (code, reason) => { one.code = code; one.text = String(reason); resolve(); });
});
(async () => {
    for (const url of process.argv.slice(2)) await open(url);
    console.log(JSON.stringify(told));
    process.exit(0);
})();
