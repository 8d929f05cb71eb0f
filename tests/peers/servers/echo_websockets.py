import sys

from websockets.sync.server import serve


def handle(socket):
    code = socket.request.path[1:]
    for message in socket:
        if code:
            socket.close(int(code), "said so")
            return
        socket.send(message)


with serve(handle, sys.argv[1], int(sys.argv[2]), max_size=None) as server:
    server.serve_forever()
