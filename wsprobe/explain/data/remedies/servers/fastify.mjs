// Fastify with @fastify/websocket: a page reads why it was refused, a program gets a
// status.
//
// A hook that answers refuses the handshake with a status. So it leaves pages to the
// handler. A page reads 4401 "session expired", or asks GET /ws/why with fetch(). A
// program, which sends no Origin, gets a 401. A page of another origin gets a 403.

import websocket from '@fastify/websocket';
import fastify from 'fastify';

const PAGES = ['https://chat.example']; // origins
const PAUSE = 50; // ms: Firefox may lose a Close that comes right after the 101

/** Your check: a status and a reason, null to let in. */
function refusal(request) {
    if (/(^|; *)session=/.test(request.headers.cookie ?? '')) return null;
    return [401, 'session expired'];
}

async function before(request, reply) {
    const { origin } = request.headers;
    if (origin !== undefined && !PAGES.includes(origin)) return reply.code(403).send();
    const refused = refusal(request);
    if (refused && origin === undefined) return reply.code(refused[0]).send(refused[1]);
}

const app = fastify();
await app.register(websocket);

app.get('/ws', { websocket: true, preValidation: before }, (socket, request) => {
    const refused = refusal(request);
    if (refused) {
        setTimeout(() => socket.close(4000 + refused[0], refused[1]), PAUSE);
        return;
    }
    socket.on('message', (data, binary) => socket.send(data, { binary }));
});

app.get('/ws/why', async (request, reply) => {
    const { origin } = request.headers;
    reply.header('Vary', 'Origin');
    if (PAGES.includes(origin)) {
        reply.header('Access-Control-Allow-Origin', origin);
        reply.header('Access-Control-Allow-Credentials', 'true');
    }
    const [status, reason] = refusal(request) ?? [204];
    return reply.code(status).send(reason);
});

await app.listen({ port: 8080, host: '127.0.0.1' });
