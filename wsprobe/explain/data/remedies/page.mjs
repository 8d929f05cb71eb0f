// Open a WebSocket, or learn why it does not open.
//
//     const socket = await openSocket('wss://chat.example/ws', {
//         onmessage: (event) => show(event.data),
//         endpoint: 'https://chat.example/ws/why',  // optional
//     });
//
// Rejects with Refused: `code` and `reason` of the server's Close. Where the
// handshake itself failed the code is 1006 and the browser hides the rest;
// then `status` and `body` are what the endpoint answers to fetch(). From
// another origin it needs Access-Control-Allow-Origin.
//
// 4401, 4403, and 401 and 403 of the endpoint are final: trying again would not
// help. After anything else it tries again, each time after a longer pause.

export class Refused extends Error {
    constructor({ code, reason }, answer = {}) {
        super(reason || answer.body || `closed with ${code}`);
        this.name = 'Refused';
        Object.assign(this, { code, reason, ...answer });
        this.final = [4401, 4403].includes(code) || [401, 403].includes(answer.status);
    }
}

export async function openSocket(url, options = {}) {
    const { tries = 6, firstPause = 500, longestPause = 30_000 } = options; // ms
    for (let failures = 1; ; failures++) {
        try {
            return await openOnce(url, options);
        } catch (error) {
            if (error.final !== false || failures >= tries) throw error;
        }
        const pause = Math.min(longestPause, firstPause * 2 ** (failures - 1));
        await after(pause * (0.5 + Math.random() / 2)); // not all pages at once
    }
}

async function openOnce(url, { protocols = [], onmessage, endpoint, settle = 200 }) {
    const socket = new WebSocket(url, protocols);
    socket.onmessage = onmessage ?? null;
    const closed = new Promise((resolve) => {
        socket.addEventListener('close', resolve, { once: true });
    });
    // A server that lets the page know opens first and then closes: `open` alone
    // is not yet a welcome. The first message is, or some time without a Close.
    const welcome = new Promise((resolve) => {
        socket.addEventListener('message', () => resolve(null), { once: true });
        socket.addEventListener('open', () => after(settle).then(() => resolve(null)));
    });
    const close = await Promise.race([closed, welcome]);
    if (close === null) return socket;
    throw new Refused(close, close.code === 1006 && endpoint ? await ask(endpoint) : {});
}

/** What the endpoint says: a URL, or a Request if cookies must go elsewhere. */
async function ask(endpoint) {
    try {
        const answer = await fetch(endpoint, { cache: 'no-store' });
        return { status: answer.status, body: (await answer.text()).trim() };
    } catch {
        return {}; // not reachable, or hidden by CORS
    }
}

function after(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
