"""A service that answers what a test says, for what commands make of it."""

import http.server
import json
import threading


class CannedService:
    """`answers` has (status, document) by method and path without its query; `asked` what came."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path, _, query = self.path.partition("?")
                service.asked.append((self.command, path, query, json.loads(body) if body else None))
                status, document = service.answers.get((self.command, path), (404, {"code": "route_unknown"}))
                if isinstance(document, list):  # one answer after the other, the last one for ever
                    document = document.pop(0) if len(document) > 1 else document[0]
                data = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
