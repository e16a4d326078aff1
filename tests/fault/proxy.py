"""TCP proxies in front of Redis: connections that go silent, that break at a chosen moment, whose answers are late."""

import queue
import socket
import threading
import time
from ports import free_port



def shut_down(*sockets):
    for each in sockets:
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Proxy:
    """Passes everything on; what a connection does with the bytes is its subclass's affair."""

    def __init__(self, target):
        self.target = target
        self.port = free_port()
        self._sockets = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def close(self):
        self._listener.close()
        with self._lock:
            for each in self._sockets:
                each.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            with self._lock:
                self._sockets += [client, server]
            threading.Thread(target=self._pump, args=(client, server, self.request), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, self.answer), daemon=True).start()

    def request(self, data, client, server):
        """Bytes of the client: what is to be passed on, or None to break the connection."""
        return data

    def answer(self, data, server, client):
        return data

    def _pump(self, source, target, filter):
        try:
            while data := source.recv(65536):
                data = filter(data, source, target)
                if data is None:
                    break
                target.sendall(data)
        except OSError:
            pass
        shut_down(source, target)


class StallingProxy(Proxy):
    def __init__(self, target):
        self._silent = set()
        super().__init__(target)

    def stall(self):
        """The connections that there are go silent, without an error; new ones work."""
        with self._lock:
            self._silent |= set(self._sockets)

    def request(self, data, client, server):
        return b"" if client in self._silent else data

    def answer(self, data, server, client):
        return b"" if server in self._silent else data


class CuttingProxy(Proxy):
    """Breaks a connection at every so many script calls: in turn before the call reaches Redis, and after Redis has
    executed it but before the answer reaches the client."""

    def __init__(self, target, every):
        self.every = every
        self.calls = 0
        self.cut = {"command": 0, "answer": 0}
        self._doomed = set()
        super().__init__(target)

    def request(self, data, client, server):
        if b"EVAL" not in data:
            return data
        with self._lock:
            self.calls += 1
            if self.calls % self.every:
                return data
            if self.calls // self.every % 2:
                self.cut["command"] += 1
                return None
            self._doomed.add(server)
            return data

    def answer(self, data, server, client):
        with self._lock:
            if server in self._doomed:
                self.cut["answer"] += 1
                return None
        return data


class SlowProxy(Proxy):
    """Answers come late, by delay() seconds each; any number may be on their way, as on a long line."""

    def __init__(self, target):
        self.delay = lambda: 0
        super().__init__(target)

    def _pump(self, source, target, filter):
        if filter == self.request:
            return super()._pump(source, target, filter)
        answers = queue.Queue()
        threading.Thread(target=self._deliver, args=(answers, source, target), daemon=True).start()
        try:
            while data := source.recv(65536):
                answers.put((time.monotonic() + self.delay(), data))
        except OSError:
            pass
        answers.put((time.monotonic(), None))

    @staticmethod
    def _deliver(answers, source, target):
        try:
            while True:
                due, data = answers.get()
                time.sleep(max(0, due - time.monotonic()))
                if data is None:
                    break
                target.sendall(data)
        except OSError:
            pass
        shut_down(source, target)
