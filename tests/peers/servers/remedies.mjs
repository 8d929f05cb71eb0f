import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { refuse, tellThePage, why } from './tell-the-page.mjs';
const [, , host, port, bare, oneArgument, byHand, endpoint, same] = process.argv;
const quota = (info, done) => info.req.url === '/quota' ? done(false, 429, 'slow down') : done(true);
const greet = (client, request) => { if (request.url === '/close') client.close(4403, 'no entry'); };
const wss = new WebSocketServer({ host, port: Number(port), verifyClient: quota });
const strict = new WebSocketServer({ host, port: Number(oneArgument), verifyClient: (info) => false });
const before = new WebSocketServer({ host, port: Number(bare), verifyClient: quota });
for (const each of [wss, strict]) { tellThePage(each); each.on('connection', greet); }
const own = new WebSocketServer({ noServer: true });
createServer().on('upgrade', (request, socket, head) =>
    refuse(own, request, socket, head, 403, 'no entry: ' + '\u20ac'.repeat(50))
).listen(Number(byHand), host);
createServer(why(quota, ['http://page.example'])).listen(Number(endpoint), host);
const origin = (info) => info.origin === `http://${info.req.headers.host}`;
createServer(why(origin, [])).listen(Number(same), host);
