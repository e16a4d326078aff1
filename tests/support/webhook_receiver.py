"""An endpoint of webhooks that does as a test tells it, and remembers what came."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"fedcba9876543210fedcba9876543210").decode()


class Receiver:
    """`answers`: what is done with each request in turn, the last one with all further ones. An answer is a status, a
    pair of a status and headers, or a function of the request's handler."""

    def __init__(self, *answers):
        self.answers = list(answers) or [204]
        self.received = []
        self.running = self.most_running = 0
        self.lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.take(self)

            do_GET = do_POST

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self.lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            answer = self.answers[min(len(self.received), len(self.answers) - 1)]
            self.received.append({"path": handler.path, "headers": dict(handler.headers.items()), "body": body,
                                  "at": time.monotonic()})
        try:
            if callable(answer):
                answer(handler)
                return
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        except OSError:
            pass  # the sender has gone, as some tests want it to
        finally:
            with self.lock:
                self.running -= 1

    def bodies(self):
        return [json.loads(each["body"]) for each in self.received]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def signed_with(request, secret):
    """Whether one of the request's signatures is the secret's."""
    headers = {name.lower(): value for name, value in request["headers"].items()}
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request["body"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return wanted in headers["webhook-signature"].split(" ")
