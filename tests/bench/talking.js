// Sends the lines of standard input to URL with npm's WS, and prints COUNT messages.
const [ws, url, count] = process.argv.slice(2), { WebSocket } = require(ws);
const socket = new WebSocket(url, { maxPayload: 1 << 30 });
let left = Number(count);
socket.on('open', () => {
    const lines = require('readline').createInterface({ input: process.stdin });
    lines.on('line', (line) => socket.send(line));
});
socket.on('message', (data) => {
    process.stdout.write(data + '\n');
    if (--left === 0) { socket.close(); process.stdin.destroy(); }
});
