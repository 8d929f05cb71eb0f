"""Django Channels: refuse before accept(); a middleware tells the page.

    wsprobe explain --code remedy asgi > tell_the_page.py
    daphne --port 8080 server:application

A page reads 4401, and asks GET /ws/why with fetch() for "session expired": Daphne
drops the reason of a Close, other servers do not. A program, which sends no Origin,
gets a 403: Channels sends no other status. A page of another origin gets it too.
"""

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from channels.sessions import CookieMiddleware
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path
from tell_the_page import TellThePage

PAGES = ["https://chat.example"]  # origins

if not settings.configured:  # your project has its own
    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=())
    django.setup()


class Chat(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        if "session" not in self.scope["cookies"]:  # your check
            await self.close(4401, "session expired")
            return
        await self.accept()

    async def receive(self, text_data: str = "", bytes_data: bytes = b"") -> None:
        await self.send(text_data, bytes_data)


class Sockets:
    """Programs send no Origin, which OriginValidator would refuse."""

    def __init__(self) -> None:
        self.app = CookieMiddleware(URLRouter([path("ws", Chat.as_asgi())]))
        self.checked = OriginValidator(self.app, PAGES)

    async def __call__(self, scope, receive, send):
        page = any(name == b"origin" for name, _ in scope["headers"])
        await (self.checked if page else self.app)(scope, receive, send)


router = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": Sockets()})
application = TellThePage(router, pages=PAGES, why="/why")
