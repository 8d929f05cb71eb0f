const raw = (url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onclose = ({ code, reason }) => resolve([code, reason]);
});
const rails = (url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    let reason = '';
    socket.onmessage = ({ data }) => { reason = JSON.parse(data).reason; };
    socket.onclose = ({ code }) => resolve([code, reason]);
});
const why = async (url) => {
    try {
        const answer = await fetch(url, { credentials: 'include' });
        return [answer.status, (await answer.text()).trim()];
    } catch { return null; }
};
const io = async (port) => {
    await new Promise((resolve) => {
        document.body.append(Object.assign(document.createElement('script'),
            { src: `http://HOST:${port}/socket.io/socket.io.js`, onload: resolve }));
    });
    const client = window.io(`http://HOST:${port}`, { transports: ['websocket'] });
    return await new Promise((resolve) => client.on('connect_error', (error) => {
        resolve([error.message, error.data?.status ?? null, client.active]);
        client.close();
    }));
};
(async () => {
    window.results = {};
    for (const [name, port] of Object.entries(PORTS)) {
        const url = `ws://HOST:${port}/ws`, where = `http://HOST:${port}`;
        results[name] = name === 'socket.io' ? [await io(port), await why(where + '/why')]
            : [await (name === 'rails' ? rails : raw)(url), await why(where + '/ws/why')];
    }
    window.finished = true;
})();
