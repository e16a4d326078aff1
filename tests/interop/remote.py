"""A BullMQ client in another process, driven over the line protocol: Node's (node_remote.mjs) or the native one.

    with Remote.node(server.url) as node:
        queue = node.queue("paint")
        job = queue.add("cars", {"color": "blue"}, {"attempts": 3})
        worker = node.worker("paint", lambda job: job["data"]["color"], events=["completed"])
        worker.events["completed"].wait(1)

Methods, options, events and fields carry Node's names. Everything that waits has a deadline; a missed one shows what
the process wrote to stderr.
"""

import collections
import json
import os
import subprocess
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

from waiting import PATIENCE

HERE = Path(__file__).parent
# Node reads the npm package file by file, which is long on a machine with much else to do.
START_TIMEOUT = 90

# A processor that returns this sends no value at all: undefined in JavaScript.
UNDEFINED = object()


class RemoteError(Exception):
    """What the client threw."""

    def __init__(self, client, error):
        self.client = client
        super().__init__(f"{error.get('name')}: {error.get('message')} (code {error.get('code')})")
        self.name = error.get("name")
        self.message = error.get("message")
        self.code = error.get("code")


class NotSupported(RemoteError):
    """The client does not offer this class, method or option."""


class RemoteFailure(AssertionError):
    """The process ended, or a deadline passed."""


class JobError(Exception):
    """Raised by a processor: the job fails with exactly this."""

    def __init__(self, name="Error", message="", stack=None):
        super().__init__(message)
        self.fields = {"name": name, "message": message,
                       "stack": f"{name}: {message}\n    at processor" if stack is None else stack}


class Remotes:
    """Clients that outlive a test: one that died or missed a deadline is replaced before the next."""

    def __init__(self, **makers):
        self._makers = makers
        self._made = {}

    def __getitem__(self, name):
        made = self._made.get(name)
        if made is not None and made.is_broken():
            made.kill()
            made = None
        if made is None:
            made = self._made[name] = self._makers[name]()
        return made

    def close(self):
        for made in self._made.values():
            made.kill() if made.is_broken() else made.close()


class Remote:
    def __init__(self, argv, url, name):
        self.url = url
        self.name = name
        self.process = subprocess.Popen(argv, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self._stderr = collections.deque(maxlen=200)
        self._lock = threading.RLock()
        self._corked = False
        self._answers = {}
        self._objects = {}
        self._running = {}
        self._missed_a_deadline = False
        self._ended = False
        self._last_id = 0
        self._names = 0
        self._pool = ThreadPoolExecutor(64, thread_name_prefix=f"{name}-processor")
        self._threads = [threading.Thread(target=self._read, daemon=True),
                         threading.Thread(target=self._read_stderr, daemon=True)]
        for thread in self._threads:
            thread.start()
        self.wait(self.submit({"call": "capabilities"}), START_TIMEOUT)

    @classmethod
    def node(cls, url, name="node"):
        return cls(["node", str(HERE / "node_remote.mjs")], url, name)

    @classmethod
    def under_test(cls, url, name="cpp"):
        """The binary that SHUNT_BULLMQ_REMOTE names; without it Node again, which tests these tests."""
        binary = os.environ.get("SHUNT_BULLMQ_REMOTE")
        return cls([binary], url, name) if binary else cls.node(url, name)

    def new(self, kind, *args, events=(), **more):
        """Constructs; the events are subscribed to before the client can have emitted any."""
        self._names += 1
        made = RemoteObject(self, f"{kind}{self._names}", **more)
        self._objects[made.name] = made
        # In one write: on a busy machine the client might have worked and ended a job between two.
        with self._lock:
            self._corked = True
            asked = [self.submit({"new": kind, "as": made.name, "args": list(args)})]
            asked += [made.subscribe(event) for event in events]
            self._corked = False
            self._flush()
        try:
            for future in asked:
                self.wait(future)
        except RemoteError:
            self._objects.pop(made.name)
            raise
        return made

    def options(self, **opts):
        return {"connection": {"url": self.url}, **opts}

    def queue(self, name, /, events=(), **opts):
        queue = self.new("Queue", name, self.options(**opts), events=events)
        queue.waitUntilReady()
        return queue

    def worker(self, name, /, processor=None, events=(), inline=False, **opts):
        """inline runs the processor on the reading thread: quick, but it must not call the client."""
        return self.new("Worker", name, "remote" if processor else None, self.options(**opts), events=events,
                        processor=processor, inline=inline)

    def queue_events(self, name, /, events=(), **opts):
        """Reads from the start unless told otherwise, so that no event is missed between two calls."""
        made = self.new("QueueEvents", name, self.options(**{"lastEventId": "0", **opts}), events=events)
        made.waitUntilReady()
        return made

    def capabilities(self):
        return self.wait(self.submit({"call": "capabilities"}))

    def submit(self, request):
        """A future of the answer."""
        future = Future()
        with self._lock:
            self._last_id += 1
            self._answers[self._last_id] = future
            self._send({"id": self._last_id, **request})
        future.asked = request
        return future

    def wait(self, future, timeout=PATIENCE):
        try:
            return future.result(timeout)
        except FutureTimeout:
            self._missed_a_deadline = True
            raise RemoteFailure(
                f"{self.name}: no answer within {timeout} s to {future.asked}\n{self.stderr()}") from None

    def send(self, message):
        with self._lock:
            self._send(message)

    def stderr(self):
        lines = "\n".join(self._stderr)
        return f"stderr of {self.name}:\n{lines}" if lines else f"{self.name} wrote nothing to stderr"

    def is_broken(self):
        return self._missed_a_deadline or self.process.poll() is not None

    def close(self, timeout=PATIENCE):
        """End of input must end the process, with 0."""
        with self._lock:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RemoteFailure(
                f"{self.name} still runs {timeout} s after the end of its input\n{self.stderr()}") from None
        self._abandon_processors()
        self._pool.shutdown(wait=False)
        if code != 0:
            raise RemoteFailure(f"{self.name} ended with {code}\n{self.stderr()}")

    def kill(self):
        """SIGKILL: what a crash of the client leaves behind."""
        self.process.kill()
        self.process.wait()
        self._abandon_processors()
        self._pool.shutdown(wait=False)

    def _abandon_processors(self):
        for run in list(self._running.values()):  # nobody waits for their answer any more
            run.cancelled.set()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
        else:
            self.kill()

    def _send(self, message):
        if self._ended:
            raise RemoteFailure(f"{self.name} is gone\n{self.stderr()}")
        try:
            self.process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        except (BrokenPipeError, ValueError) as error:
            raise RemoteFailure(f"{self.name} is gone ({error})\n{self.stderr()}") from None
        if not self._corked:
            self._flush()

    def _flush(self):
        try:
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise RemoteFailure(f"{self.name} is gone ({error})\n{self.stderr()}") from None

    def _read(self):
        for line in self.process.stdout:
            try:
                self._take(json.loads(line))
            except Exception as error:  # a broken line must not end the reading, only be seen
                self._stderr.append(f"[rig] {type(error).__name__}: {error} on {line[:500]!r}")
        gone = RemoteFailure(f"{self.name} ended\n{self.stderr()}")
        with self._lock:
            self._ended = True
            waiting, self._answers = self._answers, {}
        for future in waiting.values():
            future.set_exception(gone)

    def _take(self, message):
        if "process" in message:
            call = message["process"]
            worker = self._objects[call["worker"]]
            run = ProcessCall(worker, call)
            self._running[run.number] = run
            if worker.inline:
                self._run(run)
            else:
                self._pool.submit(self._run, run)
        elif "cancel" in message:
            run = self._running.get(message["cancel"]["call"])
            if run:
                run.cancel_reason = message["cancel"].get("reason")
                run.cancelled.set()
        elif "event" in message:
            source = self._objects.get(message["from"])
            if source:
                source.events[message["event"]].add(message["args"])
        else:
            with self._lock:
                future = self._answers.pop(message["id"])
            if "error" in message:
                error = message["error"]
                future.set_exception((NotSupported if error.get("name") == "NotSupported" else RemoteError)(
                    self.name, error))
            else:
                future.set_result(message.get("ok"))

    def _run(self, run):
        answer = {"call": run.number}
        try:
            value = run.worker.processor(run)
            if value is not UNDEFINED:
                answer["resolve"] = value
        except JobError as error:
            answer["reject"] = error.fields
        except Exception as error:
            answer["reject"] = {"name": "Error", "message": f"{type(error).__name__}: {error}",
                                "stack": f"Error: {error}\n    at processor"}
        self._running.pop(run.number, None)
        try:
            self.send(answer)
        except RemoteFailure:
            pass  # the process is gone; whoever waits for it is told

    def _read_stderr(self):
        for line in self.process.stderr:
            self._stderr.append(line.decode(errors="replace").rstrip())


class EventLog:
    """The arguments of every event of one kind, in the order they came."""

    def __init__(self, what):
        self.what = what
        self.items = []
        self._changed = threading.Condition()

    def add(self, args):
        with self._changed:
            self.items.append([plain(arg) for arg in args])
            self._changed.notify_all()

    def wait(self, count=1, timeout=PATIENCE):
        return self.until(lambda items: len(items) >= count, f"{count} of them", timeout)

    def until(self, condition, what="the wanted ones", timeout=PATIENCE):
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self.items), timeout):
                raise RemoteFailure(f"{self.what}: not {what} within {timeout} s, only {len(self.items)}: "
                                    f"{self.items[-5:]}")
            return list(self.items)


def plain(value):
    """Jobs and errors of an answer as their fields; both spellings of an error are understood."""
    if isinstance(value, dict):
        if len(value) == 1:
            key, inner = next(iter(value.items()))
            if key in ("$job", "$error"):
                return inner
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


class Target:
    """object.method(args): the answer; object.submit("method", args): a future of it."""

    def submit(self, method, *args):
        return self.remote.submit({"on": self._address, "call": method, "args": list(args)})

    def call(self, method, *args, timeout=PATIENCE):
        return self._decode(self.remote.wait(self.submit(method, *args), timeout))

    def __getattr__(self, method):
        if method.startswith("_"):
            raise AttributeError(method)
        return lambda *args, **more: self.call(method, *args, **more)

    def _decode(self, value):
        if isinstance(value, dict) and "$job" in value:
            return RemoteJob(self.remote, self._owner, value["$job"])
        if isinstance(value, list):
            return [self._decode(item) for item in value]
        if isinstance(value, dict):
            return {key: self._decode(item) for key, item in value.items()}
        return value


class RemoteObject(Target):
    def __init__(self, remote, name, processor=None, inline=False):
        self.remote = remote
        self.name = name
        self.processor = processor
        self.inline = inline
        self.events = {}
        self._address = self._owner = name

    def subscribe(self, event):
        self.events.setdefault(event, EventLog(f"{event} of {self.name} ({self.remote.name})"))
        return self.remote.submit({"on": self.name, "call": "on", "args": [event]})

    def on(self, event):
        self.remote.wait(self.subscribe(event))
        return self.events[event]

    def job(self, id):
        return RemoteJob(self.remote, self.name, {"id": id})

    def get(self, prop):
        return self._decode(self.remote.wait(self.remote.submit({"get": self.name, "prop": prop})))

    def set(self, prop, value):
        return self.remote.wait(self.remote.submit({"set": self.name, "prop": prop, "value": value}))

    def free(self):
        return self.remote.wait(self.remote.submit({"free": self.name}))


class RemoteJob(Target):
    """job["data"] is a field as it was when the job was handed out, job.getState() asks the client."""

    def __init__(self, remote, owner, fields):
        self.remote = remote
        self.fields = fields
        self._owner = owner
        self._address = {"job": fields["id"], "of": owner}

    @property
    def id(self):
        return self.fields["id"]

    def __getitem__(self, field):
        return self.fields.get(field)

    def __repr__(self):
        return f"<job {self.fields}>"


class ProcessCall(RemoteJob):
    """What a processor gets: the job, its token, and its stop token."""

    def __init__(self, worker, call):
        super().__init__(worker.remote, worker.name, call["job"]["$job"])
        self.worker = worker
        self.number = call["call"]
        self.token = call.get("token")
        self.cancelled = threading.Event()
        self.cancel_reason = None
