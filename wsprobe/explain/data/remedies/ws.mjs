// Let a page read why your server (the package ws) refused its WebSocket.
//
// A page cannot see the answer to a failed handshake: its close event has code
// 1006 and no reason. It can read the code and reason of a Close. So a refusal
// becomes an open WebSocket that closes at once, with a reason:
//
//     tellThePage(wss);  // once: what verifyClient refuses, 401 by default,
//                        // reaches the page as 4401 and the text
//
// If you handle 'upgrade' yourself, refuse there in place of socket.write():
//
//     refuse(wss, request, socket, head, 403, 'no entry');
//
// A client that sends no Origin is not a page. It still gets the HTTP status. With
// tellThePage(wss, ['https://chat.example']) other pages get no more than that, too.
//
// An endpoint for fetch(), with CORS for these pages, asks the same verifyClient:
// 204, or the status and the text. answer() is for a check of your own.
//
//     createServer(why(verifyClient, ['https://chat.example']));     // node:http
//     app.get('/ws/why', why(verifyClient, ['https://chat.example'])); // Express

import { STATUS_CODES } from 'node:http';

const PAUSE = 50; // ms: Firefox may lose a Close that comes right after the 101
const REASON_BYTES = 123; // all that fits into a Close frame behind the code

export function tellThePage(wss, pages) {
    const { verifyClient } = wss.options;
    const { handleUpgrade } = wss;
    const refusals = new WeakMap();

    if (verifyClient) wss.options.verifyClient = (info, done) =>
        ask(verifyClient, info, (good, status, text, headers) => {
            if (good || !fromAPage(info.req, pages)) return done(good, status, text, headers);
            refusals.set(info.req, { status, text });
            done(true);
        });

    wss.handleUpgrade = (request, socket, head, opened) =>
        handleUpgrade.call(wss, request, socket, head, (client, ...rest) => {
            const refusal = refusals.get(request);
            if (refusal) close(client, refusal.status, refusal.text);
            else opened(client, ...rest);
        });
}

export function why(verifyClient, pages) {
    return (request, response) => {
        const secure = Boolean(request.socket.encrypted);
        const own = `${secure ? 'https' : 'http'}://${request.headers.host}`;
        // A page of this origin sends no Origin with GET, as it does with a handshake.
        const same = request.headers['sec-fetch-site'] === 'same-origin';
        const origin = request.headers.origin ?? (same ? own : undefined);
        ask(verifyClient, { origin, secure, req: request }, (good, status, text) =>
            answer(request, response, pages, good ? 204 : status, good ? '' : text));
    };
}

export function answer(request, response, pages, status, text = STATUS_CODES[status]) {
    const { origin } = request.headers;
    response.statusCode = status;
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Vary', 'Origin');
    if (pages.includes(origin)) {
        response.setHeader('Access-Control-Allow-Origin', origin);
        response.setHeader('Access-Control-Allow-Credentials', 'true');
    }
    response.end(text);
}

/** What verifyClient decides; it has one argument or two. */
function ask(verifyClient, info, done) {
    const decide = (good, status = 401, text = STATUS_CODES[status], headers) =>
        done(good, status, text, headers);
    if (verifyClient.length === 2) verifyClient(info, decide);
    else decide(verifyClient(info));
}

export function refuse(wss, request, socket, head, status, text = STATUS_CODES[status]) {
    if (fromAPage(request)) {
        wss.handleUpgrade(request, socket, head, (client) => close(client, status, text));
        return;
    }
    socket.end([
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        'Content-Type: text/plain; charset=utf-8',
        `Content-Length: ${Buffer.byteLength(text)}`,
        'Connection: close',
        '',
        text,
    ].join('\r\n'));
}

function fromAPage(request, pages) {
    const { origin } = request.headers; // browsers always send it
    return origin !== undefined && (pages?.includes(origin) ?? true);
}

function close(client, status, text) {
    client.on('error', () => {}); // the page may be gone
    setTimeout(() => client.close(4000 + status, firstWords(text)), PAUSE);
}

/** One line, cut at a character's edge to what a Close can carry. */
function firstWords(text) {
    let words = '';
    for (const character of text.replace(/\s+/g, ' ').trim()) {
        if (Buffer.byteLength(words + character) > REASON_BYTES) break;
        words += character;
    }
    return words;
}
