"""API processes that share a folder of batches, and what tests ask of them."""

import json
import tempfile
import uuid
from pathlib import Path

from redis_server import RedisServer
from shunt_process import QueueProcesses, ShuntProcess
from waiting import eventually

CHAT = "/v1/chat/completions"
ENDED = ("completed", "failed", "expired", "cancelled")


class Fleet:
    """A configuration and a folder of files, over which API processes come and go."""

    def __init__(self, mode, config):
        self.files = tempfile.TemporaryDirectory(prefix="shunt-e2e-files-")
        self.environment = {"SHUNT_FILES_DIRECTORY": self.files.name}
        self.config = config
        self.redis = RedisServer() if mode == "queue" else None
        self.api = (QueueProcesses(self.redis.url, config, self.environment) if self.redis
                    else ShuntProcess(config, self.environment))
        self.others = []

    def start_api(self):
        """One more, which finds what the earlier ones have left."""
        other = ShuntProcess(self.config, {**self.environment, **self.api.environment})
        self.others.append(other)
        return other

    def stop(self):
        for process in [*self.others, self.api]:
            process.stop()
        if self.redis:
            self.redis.close()
        self.files.cleanup()


def upload(api, text, key=None, media_type="", purpose="batch"):
    boundary = uuid.uuid4().hex
    kind = f"Content-Type: {media_type}\r\n" if media_type else ""
    form = (f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n--{boundary}\r\n'
            f'Content-Disposition: form-data; name="file"; filename="lines.jsonl"\r\n{kind}\r\n{text}\r\n--{boundary}--\r\n')
    answer = api.request("POST", "/v1/files", form.encode(),
                         {"Content-Type": f"multipart/form-data; boundary={boundary}", **authorization(key)})
    assert answer.status == 200, answer.text()
    return answer.json()["id"]


def authorization(key):
    return {"Authorization": f"Bearer {key}"} if key else {}


def lines_of(model, count):
    return "\n".join(json.dumps({"custom_id": f"line-{i}", "method": "POST", "url": CHAT, "body": {
        "model": model, "messages": [{"role": "user", "content": f"This is line {i}"}]}}) for i in range(count))


def bodies_as_lines(bodies, url):
    return "\n".join(json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body}) for name, body in bodies.items())


def create(api, text, key=None, endpoint=CHAT):
    body = {"input_file_id": upload(api, text, key), "endpoint": endpoint, "completion_window": "24h"}
    answer = api.request("POST", "/v1/batches", json.dumps(body), {"Content-Type": "application/json", **authorization(key)})
    assert answer.status == 200, answer.text()
    return answer.json()["id"]


def batch_of(api, batch_id, key=None):
    return api.request("GET", f"/v1/batches/{batch_id}", headers=authorization(key)).json()


def done_lines(api, batch_id):
    counts = batch_of(api, batch_id)["request_counts"]
    return counts["completed"] + counts["failed"]


def ended(api, batch_id, patience=60, key=None):
    return eventually(lambda: (batch := batch_of(api, batch_id, key))["status"] in ENDED and batch, patience=patience)


def results(api, file_id, key=None):
    text = api.request("GET", f"/v1/files/{file_id}/content", headers=authorization(key), timeout=60).text() if file_id else ""
    return [json.loads(line) for line in text.splitlines()]


def folder_of(fleet, batch_id):
    return next(Path(fleet.files.name).glob(f"batches/*/{batch_id}"))
