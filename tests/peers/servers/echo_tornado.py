import asyncio
import sys

from tornado.web import Application
from tornado.websocket import WebSocketHandler


class Echo(WebSocketHandler):
    def get_compression_options(self):
        return {}

    def on_message(self, message):
        if self.request.path[1:]:
            self.close(int(self.request.path[1:]), "said so")
        else:
            self.write_message(message, binary=isinstance(message, bytes))


async def main():
    Application([("/.*", Echo)], websocket_max_message_size=1 << 30).listen(int(sys.argv[2]), sys.argv[1])
    await asyncio.Event().wait()


asyncio.run(main())
