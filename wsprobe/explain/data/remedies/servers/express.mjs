// Express with ws: a page reads why it was refused, a program gets a status.
//
//     wsprobe explain --code remedy ws > tell-the-page.mjs
//
// Express does not see handshakes: the event 'upgrade' of the HTTP server does. A
// page reads 4401 "session expired", or asks GET /ws/why with fetch(). A program,
// which sends no Origin, gets a 401. A page of another origin gets a bare 403.

import express from 'express';
import { WebSocketServer } from 'ws';
import { answer, refuse } from './tell-the-page.mjs';

const PAGES = ['https://chat.example']; // origins

/** Your check: a status and a reason, null to let in. */
function refusal(request) {
    if (/(^|; *)session=/.test(request.headers.cookie ?? '')) return null;
    return [401, 'session expired'];
}

const app = express();
app.get('/ws/why', (request, response) =>
    answer(request, response, PAGES, ...(refusal(request) ?? [204, ''])));

const wss = new WebSocketServer({ noServer: true });
wss.on('connection', (client) => {
    client.on('error', console.error);
    client.on('message', (data, binary) => client.send(data, { binary }));
});

const server = app.listen(8080, '127.0.0.1');
server.on('upgrade', (request, socket, head) => {
    socket.on('error', console.error);
    const { origin } = request.headers;
    const stranger = origin !== undefined && !PAGES.includes(origin);
    if (stranger) return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    const refused = refusal(request);
    if (refused) return refuse(wss, request, socket, head, ...refused);
    wss.handleUpgrade(request, socket, head, (client) => wss.emit('connection', client, request));
});
