"""HTTP as bytes: a client that sends exactly what it is told, and reads strictly."""

import json
import socket
import struct


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # lower-case names
        self.body = body

    def json(self):
        return json.loads(self.body)

    def text(self):
        return self.body.decode()

    @property
    def code(self):
        """The problem's code; checks that it is a problem."""
        assert self.headers["content-type"] == "application/problem+json", (self.status, self.headers, self.body)
        problem = self.json()
        assert problem["status"] == self.status
        assert problem["type"] and problem["title"] and problem["detail"]
        return problem["code"]


class Connection:
    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"the server closed; unread: {self.buffer[:200]!r}")
        self.buffer += data

    def take_until(self, mark):
        while mark not in self.buffer:
            self.receive()
        taken, _, self.buffer = self.buffer.partition(mark)
        return taken

    def take(self, size):
        while len(self.buffer) < size:
            self.receive()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def read_head(self):
        lines = self.take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, reason = lines[0].split(" ", 2)
        assert version == "HTTP/1.1" and reason, lines[0]
        headers = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        assert "date" in headers or status == "100"
        return Response(int(status), headers, b"")

    def read_chunk(self):
        size = int(self.take_until(b"\r\n"), 16)
        data = self.take(size)
        assert self.take(2) == b"\r\n"
        return data

    def read_response(self, head_only=False):
        response = self.read_head()
        if head_only or response.status in (100, 204, 304):
            return response
        if response.headers.get("transfer-encoding") == "chunked":
            while chunk := self.read_chunk():
                response.body += chunk
        else:
            response.body = self.take(int(response.headers["content-length"]))
        return response

    def closed(self):
        """Whether the server ends the connection, and without another byte."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return True
        assert data == b"", data
        return True


def request_bytes(method, path, body=None, headers=None):
    """A body is JSON unless a header says otherwise; "Content-Type": None sends none."""
    headers = dict(headers or {})
    if body is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    text = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    for name, value in headers.items():
        if value is None:
            continue
        text += f"{name}: {value}\r\n"
    data = b"" if body is None else body if isinstance(body, bytes) else body.encode()
    if body is not None:
        text += f"Content-Length: {len(data)}\r\n"
    return text.encode() + b"\r\n" + data


def request(port, method, path, body=None, headers=None, timeout=20):
    with Connection(port, timeout) as connection:
        connection.send(request_bytes(method, path, body, headers))
        return connection.read_response(head_only=method == "HEAD")


def events(text):
    """The events of a text/event-stream as (id, type, data); comments are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = {}
        for line in block.split("\n"):
            if line and not line.startswith(":"):
                name, value = line.split(": ", 1)
                fields[name] = value
        if fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def post_stream(connection, model, input):
    """Submits with server-sent events as the answer, and reads its head: the generation's id."""
    body = json.dumps({"model": model, "input": input, "stream": True})
    connection.send(request_bytes("POST", "/v1/generations", body))
    return connection.read_head().headers["shunt-generation-id"]


def read_until(connection, kind):
    """What came of a stream until an event of that kind has, as bytes."""
    seen = b""
    while f"event: {kind}\n".encode() not in seen:
        seen += connection.read_chunk()
    return seen


def read_rest(connection):
    """What a stream still has to say, as bytes."""
    seen = b""
    while chunk := connection.read_chunk():
        seen += chunk
    return seen
