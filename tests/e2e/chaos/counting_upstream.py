"""A small OpenAI-compatible server that writes a bill for each request that it has read to its last byte and works on, and
that misbehaves: connections cut at every place, refusals, errors after the work, and hours in which it is closed.

What is billed is named by the request's last message. Standard library only.
"""

import collections
import json
import random
import socket
import struct
import threading
import time

# How often each happens, of a thousand requests.
CHANCES = {"answers": 560, "answers_slowly": 90, "cuts_before_reading": 50, "cuts_after_the_request": 90,
           "cuts_within_the_answer": 50, "says_429": 50, "says_loading": 40, "fails_after_the_work": 40, "says_503": 30}


class Request:
    def __init__(self, head, body):
        self.head = head
        self.body = body

    @property
    def name(self):
        return json.loads(self.body)["messages"][-1]["content"]


def read_request(stream):
    """None when the client has closed."""
    head = {}
    line = stream.readline()
    if not line:
        return None
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        head[name.strip().lower()] = value.strip()
    length = int(head.get(b"content-length", 0))
    body = stream.read(length)
    return Request(head, body) if len(body) == length else None


def event(data):
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def piece(text, finish=None):
    return event({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})


def chunked(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class CountingUpstream:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.bills = collections.Counter()
        self.happened = collections.Counter()
        self.connections = set()
        self.listener = None
        self.calm = False
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.open()

    def open(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def close(self):
        """Refuses connections, and cuts those that there are."""
        listener, self.listener = self.listener, None
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with self.lock:
            cut = list(self.connections)
        for connection in cut:
            self.cut(connection)

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            stream = connection.makefile("rb")
            while self.serve_one(connection, stream):
                pass
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.connections.discard(connection)
            connection.close()

    def choose(self):
        with self.lock:
            if self.calm:
                return "answers"
            chosen = self.random.choices(list(CHANCES), CHANCES.values())[0]
            self.happened[chosen] += 1
            return chosen

    def bill(self, request):
        with self.lock:
            self.bills[request.name] += 1

    def serve_one(self, connection, stream):
        # The first byte says that a request comes, so that each of a kept connection has a fate of its own.
        if not stream.peek(1):
            return False
        what = self.choose()
        if what == "cuts_before_reading":
            return self.cut(connection)
        request = read_request(stream)
        return getattr(self, what)(connection, request) if request else False

    @staticmethod
    def cut(connection):
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        return False

    @staticmethod
    def refuse(connection, status, message):
        body = json.dumps({"error": {"message": message, "type": "server_error"}}).encode()
        connection.sendall(b"HTTP/1.1 %d No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                           % (status, len(body), body))
        return True

    def answers(self, connection, request, seconds=0.05, complete=True):
        self.bill(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for text in (request.name[:8], request.name[8:]):
            time.sleep(seconds / 2)
            connection.sendall(chunked(piece(text)))
        if not complete:
            return self.cut(connection)
        connection.sendall(chunked(piece("", "stop")) + chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        return True

    def answers_slowly(self, connection, request):
        return self.answers(connection, request, 1.5)

    def cuts_after_the_request(self, connection, request):
        self.bill(request)
        return self.cut(connection)

    def cuts_within_the_answer(self, connection, request):
        return self.answers(connection, request, complete=False)

    def says_429(self, connection, _request):
        return self.refuse(connection, 429, "slow down")

    def says_loading(self, connection, _request):
        return self.refuse(connection, 503, "Loading model")

    def fails_after_the_work(self, connection, request):
        self.bill(request)
        return self.refuse(connection, 500, "something broke at the end")

    def says_503(self, connection, request):
        self.bill(request)  # who knows what was done before
        return self.refuse(connection, 503, "overloaded")
