// Socket.IO: page and program read why they were refused.
//
// allowRequest refuses with a status, which a page cannot read: it is for pages of
// other origins, which get a bare 403. A middleware refuses after the handshake. The
// client gets connect_error, over each transport, and does not try again by itself:
//
//     socket.on('connect_error', (error) => show(error.message, error.data?.status));
//
// GET /why answers fetch(), and programs that are no clients of Socket.IO.

import { createServer } from 'node:http';
import { Server } from 'socket.io';

const PAGES = ['https://chat.example']; // origins

/** Your check: a status and a reason, null to let in. */
function refusal(request) {
    if (/(^|; *)session=/.test(request.headers.cookie ?? '')) return null;
    return [401, 'session expired'];
}

const server = createServer(why);
const io = new Server(server, { cors: { origin: PAGES, credentials: true }, allowRequest });

function allowRequest(request, done) {
    const { origin } = request.headers;
    done(null, origin === undefined || PAGES.includes(origin));
}

io.use((socket, next) => {
    const refused = refusal(socket.request);
    if (!refused) return next();
    const [status, reason] = refused;
    next(Object.assign(new Error(reason), { data: { status } }));
});
io.on('connection', (socket) => socket.on('message', (text) => socket.send(text)));

function why(request, response) {
    const { origin } = request.headers;
    const [status, reason] = refusal(request) ?? [204];
    response.statusCode = request.url === '/why' ? status : 404;
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.setHeader('Vary', 'Origin');
    if (PAGES.includes(origin)) {
        response.setHeader('Access-Control-Allow-Origin', origin);
        response.setHeader('Access-Control-Allow-Credentials', 'true');
    }
    response.end(reason);
}

server.listen(8080, '127.0.0.1');
