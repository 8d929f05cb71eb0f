const raw = (url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onclose = ({ code, reason }) => resolve([code, reason]);
});
const caught = (promise) => promise.then(() => 'open', ({ code, reason, status, body, final }) =>
    ({ code, reason, status: status ?? null, body: body ?? null, final }));
