# SPDX-License-Identifier: MIT
"""An HTTP server on loopback, for what boots from the network."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .machine import HOST_ADDRESS


class Server:
    """Hands out pages (place to bytes; a short text for any other place; None
    is not found; (size, bytes) breaks off behind these bytes) and notes what it
    was asked for, as (place, the client's name)."""

    def __init__(self, pages=()):
        server = self
        self.pages = dict(pages)
        self.asked = []
        self.changed = threading.Condition()

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.answer(False)

            def do_GET(self):
                self.answer(True)

            def answer(self, whole):
                with server.changed:
                    server.asked.append((self.path,
                                         self.headers.get("User-Agent", "")))
                    server.changed.notify_all()
                body = server.pages.get(self.path, b"ok\n")
                if body is None:
                    self.send_error(404)
                    return
                size, body = body if isinstance(body, tuple) else \
                    (len(body), body)
                self.send_response(200)
                self.send_header("Content-Length", str(size))
                self.end_headers()
                if whole:
                    self.wfile.write(body)
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def url(self, place):
        """As a station on the wire names it."""
        return f"http://{HOST_ADDRESS}:{self.port}{place}"

    def places(self):
        return [place for place, _ in self.asked]

    def wait_for(self, place, timeout):
        """Waits until somebody asks for place; False if nobody did."""
        with self.changed:
            return self.changed.wait_for(lambda: place in self.places(),
                                         timeout)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
