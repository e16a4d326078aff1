"""The official Python client behind the line protocol of bullmq-remote (tests/interop): what the tests here need of it."""

import asyncio
import json
import sys

from bullmq import Job, Queue, QueueEvents, Worker
from bullmq.custom_errors import UnrecoverableError

JOB_FIELDS = ("id", "name", "data", "opts", "progress", "attemptsMade", "attemptsStarted", "timestamp", "delay",
              "priority", "processedOn", "finishedOn", "returnvalue", "failedReason", "stacktrace")
LONGEST_LINE = 64 * 1024 * 1024
# What upstream's Python spells its own way.
RENAMED = {"getWorkers": "get_workers", "getWorkersCount": "get_workers_count"}


class NotSupported(Exception):
    pass


def encode(value):
    if isinstance(value, Job):
        fields = {field: getattr(value, field, None) for field in JOB_FIELDS}
        return {"$job": {field: item for field, item in fields.items() if item is not None}}
    if isinstance(value, BaseException):
        return {"$error": {"name": type(value).__name__, "message": str(value)}}
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return [encode(item) for item in value] if isinstance(value, (list, tuple)) else value


def capabilities():
    """The classes and their methods, by the names that a request may call them by."""
    offered = {}
    for kind in (Queue, Worker, QueueEvents, Job):
        names = {name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name))}
        offered[kind.__name__] = sorted(names | {name for name, own in RENAMED.items() if own in names})
    return offered


async def settled(value):
    return await value if asyncio.iscoroutine(value) or isinstance(value, asyncio.Future) else value


class Program:
    def __init__(self):
        self.objects = {}
        self.held = {}  # (worker's name, job's id) -> the instance in a processor's hands
        self.running = {}  # call -> future of the caller's answer
        self.tasks = set()
        self.last_call = 0

    async def serve(self, lines):
        while line := await lines.readline():
            message = json.loads(line)
            if "call" in message and "id" not in message:
                self.answer_processor(message)
            else:
                task = asyncio.ensure_future(self.answer(message))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        for made in list(self.objects.values()):
            await made.close()

    async def answer(self, request):
        try:
            self.send({"id": request["id"], "ok": encode(await self.carry_out(request))})
        except Exception as error:
            self.send({"id": request["id"], "error": encode(error)["$error"]})

    async def carry_out(self, request):
        if "new" in request:
            return self.make(request["new"], request["as"], request["args"])
        if "free" in request:
            return await self.objects.pop(request["free"]).close()
        if "on" not in request:
            if request.get("call") == "capabilities":
                return capabilities()
            raise NotSupported(json.dumps(request))
        where, method, args = request["on"], request["call"], request.get("args", [])
        if isinstance(where, dict):
            return await self.on_job(where, method, args)
        made = self.objects[where]
        if method == "on":
            return self.subscribe(where, made, args[0])
        if method == "waitUntilReady":
            return None
        if method == "addBulk":  # upstream's Python indexes job["opts"]
            args = [[{"opts": {}, **job} for job in args[0]]]
        method = RENAMED.get(method, method)
        if not hasattr(made, method):
            raise NotSupported(method)
        return await settled(getattr(made, method)(*args))

    async def on_job(self, where, method, args):
        job = self.held.get((where["of"], where["job"])) or await Job.fromId(self.objects[where["of"]], where["job"])
        if not hasattr(job, method):
            raise NotSupported(method)
        return await settled(getattr(job, method)(*args))

    def make(self, kind, name, args):
        options = dict(args[-1])
        options["connection"] = options["connection"]["url"]
        if kind == "Queue":
            self.objects[name] = Queue(args[0], options)
        elif kind == "QueueEvents":
            self.objects[name] = QueueEvents(args[0], options)
        elif kind == "Worker":
            self.objects[name] = Worker(args[0], self.processor(name), options)
        else:
            raise NotSupported(kind)

    def subscribe(self, name, made, event):
        made.on(event, lambda *args: self.send({"event": event, "from": name, "args": encode(args)}))

    def processor(self, worker):
        async def process(job, token):
            self.last_call += 1
            call = self.last_call
            self.running[call] = asyncio.get_running_loop().create_future()
            self.held[worker, job.id] = job
            self.send({"process": {"call": call, "worker": worker, "job": encode(job), "token": token}})
            try:
                return await self.running[call]
            finally:
                del self.running[call], self.held[worker, job.id]

        return process

    def answer_processor(self, message):
        future = self.running.get(message["call"])
        if future is None or future.done():
            return
        if "reject" in message:
            unrecoverable = message["reject"]["name"] == "UnrecoverableError"
            future.set_exception((UnrecoverableError if unrecoverable else Exception)(message["reject"]["message"]))
        else:
            future.set_result(message.get("resolve"))

    def send(self, message):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


async def main():
    lines = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await Program().serve(lines)


asyncio.run(main())
