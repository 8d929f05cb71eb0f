const [hostname, port] = Deno.args;
Deno.serve({ hostname, port: Number(port), onListen() {} }, (request) => {
    const code = Number(new URL(request.url).pathname.slice(1));
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => code ? socket.close(code, 'said so') : socket.send(data);
    return response;
});
