"""The WebSockets of a page in a real Chromium: what DevTools reports of them, and what their scripts see."""
