"""FastAPI and Starlette: refuse before accept(); a middleware tells the page.

    wsprobe explain --code remedy asgi > tell_the_page.py
    uvicorn server:app --port 8080

A page reads 4401 "session expired", or asks GET /ws/why with fetch(). A program,
which sends no Origin, gets a 401. A page of another origin gets a bare 403.
"""

from fastapi import FastAPI, WebSocket
from starlette.responses import PlainTextResponse
from tell_the_page import TellThePage

PAGES = ["https://chat.example"]  # origins

app = FastAPI()
app.add_middleware(TellThePage, pages=PAGES, why="/why")


@app.websocket("/ws")
async def chat(socket: WebSocket) -> None:
    if socket.headers.get("origin") not in (None, *PAGES):
        await socket.close()
        return
    if "session" not in socket.cookies:  # your check
        await socket.send_denial_response(PlainTextResponse("session expired", 401))
        return
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)
