#!/usr/bin/env python3
"""A small server that speaks S3's protocol: one bucket, "box", whose objects are in memory. It checks signatures.

    s3_server.py      prints its port on a line of its own, then waits until standard input closes

The keys are "access" and "secret", the region is "us-east-1". An object whose name begins with one of these has bad luck:
    fault-403/        every request is refused
    fault-500/        every request fails
    fault-twice/      the first two requests for each object fail, then it works
    fault-hang/       no answer
    fault-stall/      no answer to GET of an object, and lists are there
    fault-cut/        GET sends half of the bytes and closes
    fault-other/      GET sends other bytes
    fault-507/        PUT finds no room
    fault-slow/       every answer takes 50 ms
    fault-size/       GET tells another size than there is
    fault-list-cut/   lists end in the middle
    fault-list-loop/  lists go on for ever with the same names
    fault-list-drip/  lists go on for ever with one name each
    fault-list-lie/   lists have a name of somewhere else
    fault-list-large/ lists have more than anybody wants to read
The word may be followed by a hyphen and more: fault-507-files/ has the same bad luck as fault-507/.
Lists are ListObjectsV2 with prefix, start-after and max-keys. GET /names?PREFIX, without a signature and without bad luck,
answers the names that begin so, a line each; PUT and DELETE /names/NAME store and remove an object likewise.
Standard library only.
"""
import collections
import hashlib
import hmac
import html
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


def quoted(text):
    return urllib.parse.quote(text, safe="-_.~")


def is_faulty(name, fault):
    return re.match(rf"fault-{fault}(-[a-z0-9-]*)?/", name) is not None


def list_of(query):
    """The body of a list."""
    prefix, after, most = query["prefix"], query.get("start-after", ""), min(1000, int(query["max-keys"]))
    if is_faulty(prefix, "list-loop"):
        after = ""
    with lock:
        names = sorted(name for name in objects if name.startswith(prefix) and name > after)
    truncated = len(names) > most or is_faulty(prefix, "list-loop")
    if is_faulty(prefix, "list-drip"):
        count = after.rpartition("-")[2]
        names, truncated = [f"{prefix}-{int(count) + 1 if count.isdigit() else 10 ** 9}"], True
    if is_faulty(prefix, "list-lie"):
        names = ["elsewhere/" + name for name in names] or ["elsewhere/x"]
    contents = "".join(f"<Contents><Key>{html.escape(name)}</Key><LastModified>2026-11-29T00:00:00.000Z</LastModified>"
                       f"<Size>{len(objects.get(name, b''))}</Size></Contents>" for name in names[:most])
    if is_faulty(prefix, "list-large"):
        contents += "<Contents><Key>" + prefix + "x" * 2_000_000 + "</Key></Contents>"
    text = ('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>box</Name><Prefix>{prefix}</Prefix><IsTruncated>{str(truncated).lower()}</IsTruncated>"
            f"{contents}</ListBucketResult>").encode()
    return text[:len(text) // 2] if is_faulty(prefix, "list-cut") else text


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
    for name in names:
        if name not in request.headers:
            return f"{name} is signed and not sent"
    url = urllib.parse.urlsplit(request.path)
    query = "&".join(sorted(f"{quoted(name)}={quoted(value)}"
                            for name, value in urllib.parse.parse_qsl(url.query, keep_blank_values=True)))
    canonical = "\n".join([request.command, url.path, query,
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
    disable_nagle_algorithm = True

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
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/names"):
            return self.answer_test(url, body)
        _, bucket, name = (url.path + "/").split("/", 2)
        name = name.removesuffix("/")
        query = dict(urllib.parse.parse_qsl(url.query)) if url.query else None
        about = query["prefix"] if query else name
        with lock:
            requests[self.path] += 1
            count = requests[self.path]
        problem = signature_problem(self, body)
        if problem:
            return self.refuse(403, "SignatureDoesNotMatch", problem)
        if bucket != "box":
            return self.refuse(404, "NoSuchBucket")
        if is_faulty(about, "403"):
            return self.refuse(403, "AccessDenied")
        if is_faulty(about, "500") or (is_faulty(about, "twice") and count <= 2):
            return self.refuse(500, "InternalError")
        if is_faulty(about, "507") and self.command == "PUT":
            return self.refuse(507, "XMinioStorageFull")
        if is_faulty(about, "hang") or (is_faulty(about, "stall") and self.command == "GET" and not query):
            time.sleep(30)
            return None
        if is_faulty(about, "slow"):
            time.sleep(0.05)
        if query:
            return self.answer(200, list_of(query), {"Content-Type": "application/xml"})
        return self.answer_object(name, body)

    def answer_test(self, url, body):
        name = url.path.removeprefix("/names/")
        if self.command == "PUT":
            with lock:
                objects[name] = body
            return self.answer(200)
        if self.command == "DELETE":
            with lock:
                objects.pop(name, None)
            return self.answer(204)
        with lock:
            return self.answer(200, "".join(f"{name}\n" for name in sorted(objects) if name.startswith(url.query)).encode())

    def answer_object(self, name, body):
        with lock:
            if self.command == "PUT":
                objects[name] = body
            found = objects.get(name)
            if self.command == "DELETE":
                objects.pop(name, None)
        if self.command != "GET":
            return self.answer(200 if self.command == "PUT" else 204)
        if found is None:
            return self.refuse(404, "NoSuchKey")
        if is_faulty(name, "other"):
            return self.answer(200, b"something else")
        if is_faulty(name, "cut"):
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
            return self.answer(206, found[first:last + 1], {"Content-Range": f"bytes {first}-{last}/{len(found) + is_faulty(name, 'size')}"})
        return self.answer(200, found)

    do_GET = do_PUT = do_DELETE = handle_request


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # A client that has given up is what tests of bad luck are about.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
