const { WebSocketServer } = require('ws');
const [, , host, ...ports] = process.argv;
const pages = new Set(['http://app.example']);
const checks = {
    none: () => true,
    prefix: ({ origin }) => !origin || origin.startsWith('http://app.example'),
    suffix: ({ origin }) => !origin || origin.endsWith('app.example'),
    whole: ({ origin }) => !origin || pages.has(origin),
};
Object.values(checks).forEach((allowed, number) => {
    const server = new WebSocketServer({ host, port: Number(ports[number]), verifyClient: (info, done) => {
        if (!allowed(info)) done(false, 403);
        else if (!String(info.req.headers.cookie).includes('session=k3yOfTheSession')) done(false, 401);
        else done(true);
    } });
    server.on('connection', (socket) => { socket.on('error', () => {}); });
});
