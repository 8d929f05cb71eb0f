// NestJS with @nestjs/platform-ws: a page reads why it was refused, a program gets a
// status.
//
// A guard runs for messages alone, not for the handshake. verifyClient refuses
// programs and strangers, handleConnection closes. A page reads 4401 "session
// expired", or asks GET /ws/why with fetch(). A program, which sends no Origin, gets
// a 401. A page of another origin gets a bare 403.

import 'reflect-metadata';
import { Controller, Get, Module, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';

const PAGES = ['https://chat.example']; // origins
const PAUSE = 50; // ms: Firefox may lose a Close that comes right after the 101

/** Your check: a status and a reason, null to let in. */
function refusal(request: IncomingMessage): [number, string] | null {
    if (/(^|; *)session=/.test(request.headers.cookie ?? '')) return null;
    return [401, 'session expired'];
}

type Done = (good: boolean, status?: number, text?: string) => void;

function verifyClient({ req }: { req: IncomingMessage }, done: Done) {
    const { origin } = req.headers;
    if (origin !== undefined) return done(PAGES.includes(origin), 403);
    const refused = refusal(req);
    done(!refused, ...(refused ?? []));
}

@WebSocketGateway({ path: '/ws', verifyClient })
class Chat implements OnGatewayConnection {
    handleConnection(client: WebSocket, request: IncomingMessage) {
        const refused = refusal(request);
        if (refused) {
            setTimeout(() => client.close(4000 + refused[0], refused[1]), PAUSE);
            return;
        }
        client.on('message', (data, binary) => client.send(data, { binary }));
    }
}

@Controller()
class Why {
    @Get('/ws/why')
    why(@Req() request: IncomingMessage, @Res() response: ServerResponse) {
        const { origin } = request.headers;
        const [status, reason] = refusal(request) ?? [204];
        response.statusCode = status;
        response.setHeader('Content-Type', 'text/plain; charset=utf-8');
        response.setHeader('Vary', 'Origin');
        if (origin && PAGES.includes(origin)) {
            response.setHeader('Access-Control-Allow-Origin', origin);
            response.setHeader('Access-Control-Allow-Credentials', 'true');
        }
        response.end(reason);
    }
}

@Module({ controllers: [Why], providers: [Chat] })
class App {}

async function main() {
    const app = await NestFactory.create(App);
    app.useWebSocketAdapter(new WsAdapter(app));
    await app.listen(8080, '127.0.0.1');
}

main();
