#!/usr/bin/env python3
"""A small server that speaks S3's protocol: one bucket, "box", whose objects are in memory. It checks signatures.

    s3_server.py      prints its port on a line of its own, then waits until standard input closes

The keys are "access" and "secret", the region is "us-east-1". An object whose name begins with one of these has bad luck:
    fault-403/        every request is refused
    fault-500/        every request fails
    fault-twice/      the first two requests for each object fail, then it works
    fault-hang/       no answer
    fault-cut/        GET sends half of the bytes and closes
    fault-other/      GET sends other bytes
Standard library only.
"""
import collections
import hashlib
import hmac
import re
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCESS, SECRET, REGION = "access", "secret", "us-east-1"
objects = {}
requests = collections.Counter()
lock = threading.Lock()


def hmac_of(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature_problem(request, body):
    """What is wrong with the request's signature, as AWS's documentation says it is made; None if nothing."""
    authorization = request.headers.get("Authorization", "")
    if not authorization.startswith("AWS4-HMAC-SHA256 "):
        return "no AWS4-HMAC-SHA256 Authorization"
    parts = dict(part.strip().split("=", 1) for part in authorization.split(" ", 1)[1].split(","))
    access, day, region, service, end = parts["Credential"].split("/")
    if (access, region, service, end) != (ACCESS, REGION, "s3", "aws4_request"):
        return f"credential {parts['Credential']}"
    when = request.headers.get("x-amz-date", "")
    if not when.startswith(day):
        return f"x-amz-date {when}"
    if request.headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
        return "x-amz-content-sha256 is not the body's"
    names = parts["SignedHeaders"].split(";")
    for needed in ("host", "x-amz-content-sha256", "x-amz-date"):
        if needed not in names:
            return f"{needed} is not signed"
    url = urllib.parse.urlsplit(request.path)
    canonical = "\n".join([request.command, url.path, url.query,
                           *(f"{name}:{(request.headers.get(name) or '').strip()}" for name in names), "",
                           ";".join(names), request.headers["x-amz-content-sha256"]])
    scope = f"{day}/{region}/{service}/{end}"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", when, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + SECRET).encode()
    for part in (day, region, service, end):
        key = hmac_of(key, part)
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return None if hmac.compare_digest(expected, parts["Signature"]) else "the signature does not match"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code, message=""):
        self.answer(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode())

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, bucket, name = self.path.split("/", 2)
        with lock:
            requests[name] += 1
            count = requests[name]
        problem = signature_problem(self, body)
        if problem:
            return self.refuse(403, "SignatureDoesNotMatch", problem)
        if bucket != "box":
            return self.refuse(404, "NoSuchBucket")
        if name.startswith("fault-403/"):
            return self.refuse(403, "AccessDenied")
        if name.startswith("fault-500/") or (name.startswith("fault-twice/") and count <= 2):
            return self.refuse(500, "InternalError")
        if name.startswith("fault-hang/"):
            time.sleep(30)
            return None
        if self.command == "PUT":
            objects[name] = body
            return self.answer(200)
        if self.command == "DELETE":
            objects.pop(name, None)
            return self.answer(204)
        if name not in objects:
            return self.refuse(404, "NoSuchKey")
        if name.startswith("fault-other/"):
            return self.answer(200, b"something else")
        found = objects[name]
        if name.startswith("fault-cut/"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found[:len(found) // 2])
            self.wfile.flush()
            self.close_connection = True
            return None
        if part := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or ""):
            first, last = int(part[1]), min(int(part[2]), len(found) - 1)
            if first >= len(found):
                return self.refuse(416, "InvalidRange")
            return self.answer(206, found[first:last + 1], {"Content-Range": f"bytes {first}-{last}/{len(found)}"})
        return self.answer(200, found)

    do_GET = do_PUT = do_DELETE = handle_request


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
