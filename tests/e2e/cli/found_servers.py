"""Servers that a look at the machine finds: one that is as it should be, and some that are not."""

import contextlib
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

SUPPORT = pathlib.Path(__file__).resolve().parents[2] / "support"


@contextlib.contextmanager
def support_server(program):
    """The port of a server of tests/support, such as openai_server.py."""
    with subprocess.Popen([sys.executable, SUPPORT / program], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        yield int(process.stdout.readline())
        process.communicate()


@contextlib.contextmanager
def server_that_says(answer):
    """The port of a server that answers every connection with these bytes; with None it says nothing and waits."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connections = []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    connections.append(connection)
                    if answer is not None:
                        connection.settimeout(10)
                        with contextlib.suppress(OSError):
                            connection.recv(65536)
                            connection.sendall(answer)
                        connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for connection in connections:
            connection.close()


@contextlib.contextmanager
def server_of_its_own_authority(folder):
    """The port of a TLS server whose certificate nobody has signed."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True):
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def http_answer(body, status="200 OK", content_type="application/json"):
    data = body.encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


# What calls itself a server of models, and is none.
LIES = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "a page": http_answer("<html>hello</html>", content_type="text/html"),
    "another object": http_answer('{"models": ["a"]}'),
    "names that a terminal would obey": http_answer('{"data": [{"id": "\\u001b]0;x\\u0007"}, {"id": "a\\nb"}]}'),
    "an answer that ends early": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"data\"",
    "an answer without end": b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (9 << 20),
    "nested beyond measure": http_answer('{"data": ' + "[" * 5000 + "]" * 5000 + "}"),
}
