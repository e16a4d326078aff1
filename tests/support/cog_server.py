#!/usr/bin/env python3
"""A local server that behaves as a container built by Cog does (its docs/http.md, and coglet 0.23 on the wire), with
faults to order.

    cog_server.py           prints its port on a line of its own, then serves until standard input closes

The first part of the path says what kind of container it is: a mode of CONTAINERS and its number, as in
"/streaming/1/predictions/ID". What a prediction does is up to its `input`: {"say": [texts]} yields them, {"file": type}
returns a file of that type, {"fail": why} raises, {"seconds": n} takes so long, {"print": text} prints.

    GET /control?name=streaming/1   what came there: {"puts", "cancels", "runs", "ids", "inputs"}

Standard library only.
"""

import asyncio
import base64
import collections
import json
import urllib.parse

from openai_server import run_server


class Container:
    def __init__(self):
        self.puts = 0
        self.cancels = 0
        self.runs = 0
        self.ids = []
        self.inputs = []
        self.running = {}  # id: an event that a cancel sets


containers = collections.defaultdict(Container)


def prediction(identifier, status, **more):
    return {"id": identifier, "status": status, "logs": "", "metrics": {"predict_time": 0.1}, **more}


async def run(container, identifier, given, tell):
    """Runs a prediction, telling its events, and returns it as it ended."""
    container.runs += 1
    cancelled = container.running[identifier] = asyncio.Event()
    try:
        if given.get("print"):
            await tell("log", {"source": "stdout", "data": given["print"]})
        output = []
        for index, text in enumerate(given.get("say", [])):
            await tell("output", {"chunk": text, "index": index})
            output.append(text)
        try:
            await asyncio.wait_for(cancelled.wait(), given.get("seconds", 0.001))
            return prediction(identifier, "canceled")
        except asyncio.TimeoutError:
            pass
        if "fail" in given:
            return prediction(identifier, "failed", error=given["fail"])
        if "file" in given:
            data = base64.b64encode(bytes(range(256)) * int(given.get("repeat", 1))).decode()
            output = {"picture": f"data:{given['file']};base64,{data}", "seed": 7}
        return prediction(identifier, "succeeded", output=output, logs=given.get("print", ""))
    finally:
        del container.running[identifier]


async def predict(exchange, container, kind, identifier):
    wants_stream = exchange.headers.get("accept") == "text/event-stream"
    if kind == "setup" and container.puts <= 2 or kind in ("setup_failed", "defunct", "odd_health"):
        return await exchange.respond_json(503, {"error": "Setup has not finished yet.", "status": "failed"})
    if wants_stream and kind != "streaming":
        return await exchange.respond_json(406, {"error": "This model does not support streaming responses."})
    if kind == "busy" and container.puts <= 3:
        return await exchange.respond_json(409, {"error": "At capacity - all prediction slots busy", "status": "failed"})
    if kind == "flapping":
        status, why = (409, "busy") if container.puts % 2 else (503, "setup")
        return await exchange.respond_json(status, {"error": why, "status": "failed"})
    if kind in ("lost_answer", "runs_already") and container.puts == 2:  # behind the question for a stream
        return await exchange.respond_json(503 if kind == "lost_answer" else 202, {"status": "processing"})
    if kind == "invalid":
        return await exchange.respond_json(422, {"detail": [{"loc": ["input", "n"], "msg": "not an integer"}]})
    if kind == "broken":
        return await exchange.respond_json(500, {"error": "worker lost"})
    if kind == "garbage":
        return await exchange.respond(200, "application/json", "{]<<<")
    if kind == "no_prediction":
        return await exchange.respond_json(200, {"hello": "world"})
    if kind == "bad_file":
        return await exchange.respond_json(200, prediction(identifier, "succeeded", output="data:image/png;base64,####"))
    if kind == "cut":
        await exchange.head(200, {"Content-Type": "application/json", "Content-Length": 1000})
        await exchange.write(b'{"status": "succeeded", "output": "')
        return exchange.close()
    if kind == "close_once" and container.puts == 2:
        return exchange.close()
    if kind == "hang":
        return await exchange.hang()
    given = exchange.body.get("input", {})
    if wants_stream:
        await exchange.begin_stream()

        async def tell(name, data):
            await exchange.send(f"event: {name}\ndata: {json.dumps(data)}\n\n")

        await tell("start", {"id": identifier, "status": "processing"})
        done = await run(container, identifier, given, tell)
        if not given.get("cut"):
            await tell("completed", done)
        return await exchange.end_stream()

    async def nobody(name, data):
        pass

    await exchange.respond_json(200, await run(container, identifier, given, nobody))


HEALTH = {"setup_failed": "SETUP_FAILED", "defunct": "DEFUNCT", "odd_health": "WELL"}


async def answer(exchange, method, url):
    if url.path == "/control":
        name = urllib.parse.parse_qs(url.query).get("name", [""])[0]
        container = containers[name]
        return await exchange.respond_json(200, {"puts": container.puts, "cancels": container.cancels,
                                                 "runs": container.runs, "ids": container.ids[-5:],
                                                 "inputs": container.inputs[-5:]})
    kind, number, *path = url.path.strip("/").split("/")
    container = containers[f"{kind}/{number}"]
    if method == "GET" and path == ["health-check"]:
        status = HEALTH.get(kind, "STARTING" if kind in ("setup", "flapping") else "READY")
        return await exchange.respond_json(200, {"status": status, "setup": {"logs": "no weights at /weights"}})
    if method == "PUT" and path[0] == "predictions" and len(path) == 2:
        container.puts += 1
        container.ids.append(path[1])
        container.inputs.append(exchange.body.get("input"))
        return await predict(exchange, container, kind, path[1])
    if method == "POST" and path[-1] == "cancel":
        container.cancels += 1
        running = container.running.get(path[1])
        if running:
            running.set()
        return await exchange.respond_json(200 if running else 404, {})
    await exchange.respond_json(404, {"detail": "Not Found"})


if __name__ == "__main__":
    asyncio.run(run_server(answer))
