"""Files in an S3 bucket, for processes that have no folder in common: uploads, generations that use them, and a bucket
that is away, in both modes."""

import hashlib
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from forms import END, FORM, part
from shunt_process import CONFIG, end
from test_files import LARGE, MIB, upload, upload_large

SUPPORT = Path(__file__).parents[2] / "support"
S3_SERVER = SUPPORT / "s3_server.py"
KEYS = {"AWS_ACCESS_KEY_ID": "access", "AWS_SECRET_ACCESS_KEY": "secret"}

MODEL = """
[models.read]
driver = "command"
argv = ["/bin/cat", "{input.document}"]
input_mode = "none"
input.document = { type = "file", required = true }
"""


class Bucket:
    def __init__(self):
        self.process = subprocess.Popen([sys.executable, str(S3_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def names(self, prefix="shunt-files/"):
        with urllib.request.urlopen(f"{self.url}/names?{prefix}", timeout=20) as answer:
            return answer.read().decode().split()

    def stop(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait(20)


@pytest.fixture
def bucket():
    made = Bucket()
    yield made
    made.stop()


@pytest.fixture
def start_on(start, bucket, tmp_path):
    """Starts servers on the bucket; a worker has another folder than its API."""

    def start_one(files="", models=""):
        text = CONFIG + MODEL + models + f"""
[files]
min_free = 0
{files}
[artifacts.s3]
bucket = "box"
endpoint = "{bucket.url}"
timeout = "20s"
tries = 1
"""
        server = start(text, {**KEYS, "SHUNT_ARTIFACTS_DIRECTORY": str(tmp_path / "api")})
        if hasattr(server, "start_worker"):
            end(server.worker)
            server.worker = server.start_worker(SHUNT_ARTIFACTS_DIRECTORY=str(tmp_path / "worker"))
        return server

    return start_one


def read(server, document):
    return server.generate("read", {"document": document})


def test_a_file_is_kept_read_listed_and_removed(start_on, bucket, tmp_path):
    server = start_on()
    file = upload(server).json()
    assert file["sha256"] == hashlib.sha256(b"hello").hexdigest()
    content = f"/v1/files/{file['id']}/content"
    assert server.request("GET", content).body == b"hello"
    assert server.request("GET", content, headers={"Range": "bytes=1-3"}).body == b"ell"
    assert [each["id"] for each in server.request("GET", "/v1/files").json()["data"]] == [file["id"]]
    assert len(bucket.names()) == 3  # bytes, holder, record
    assert server.request("DELETE", f"/v1/files/{file['id']}").json()["deleted"]
    assert server.request("GET", content).status == 404
    assert bucket.names() == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_generations_read_their_files_wherever_they_run(start_on, bucket):
    server = start_on()
    file = upload(server).json()
    assert read(server, {"file": file["id"]}).json()["output"]["text"] == "hello"
    form = part("request", json.dumps({"model": "read"}), None, "application/json")
    answer = server.request("POST", "/v1/generations", form + part("document", b"howdy", "a.txt") + END, FORM)
    assert answer.json()["output"]["text"] == "howdy"
    # What a generation was given outlives the file's record.
    assert server.request("DELETE", f"/v1/files/{file['id']}").status == 200
    assert f"shunt-files/objects/{file['sha256']}" in bucket.names()
    assert read(server, {"file": file["id"]}).status == 422


@pytest.fixture
def upstream():
    process = subprocess.Popen([sys.executable, str(SUPPORT / "openai_server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.communicate(timeout=20)


def test_what_a_message_names_is_read_wherever_it_runs(start_on, upstream):
    server = start_on(models=f'[models.chat]\ndriver = "openai"\nbase_url = "{upstream}/v1"\nmodel = "ok"\n')
    part_of_file = {"type": "file", "file": {"file_id": upload(server).json()["id"]}}
    answer = server.generate("chat", {"messages": [{"role": "user", "content": [part_of_file]}]})
    assert answer.json()["state"] == "succeeded", answer.text()
    with urllib.request.urlopen(f"{upstream}/control?model=ok", timeout=20) as seen:
        sent = json.load(seen)["requests"][-1]["body"]["messages"][0]["content"]
    assert [each["file"]["file_data"].partition(";base64,")[2] for each in sent] == ["aGVsbG8="]


def test_processes_without_a_common_folder_have_the_same_files(start_on):
    one, two = start_on(), start_on()
    file = upload(one).json()
    assert two.request("GET", f"/v1/files/{file['id']}/content").body == b"hello"
    assert read(two, {"file": file["id"]}).json()["output"]["text"] == "hello"
    assert two.request("DELETE", f"/v1/files/{file['id']}").status == 200
    assert one.request("GET", f"/v1/files/{file['id']}").status == 404


def test_a_bucket_that_is_away_harms_its_own_requests_only(start_on, bucket):
    server = start_on()
    file = upload(server).json()
    bucket.stop()
    assert upload(server).code == "file_store_failed"
    assert server.request("GET", "/v1/files").code == "file_store_failed"
    assert read(server, {"file": file["id"]}).code == "file_store_failed"
    assert server.generate("quick").status == 200
    assert server.gauge('shunt_faults_total{reason="fault",where="file_store"}') >= 2


def test_bytes_that_were_changed_fail_the_generation(start_on, bucket):
    server = start_on()
    file = upload(server).json()
    request = urllib.request.Request(f"{bucket.url}/names/shunt-files/objects/{file['sha256']}", b"jello", method="PUT")
    urllib.request.urlopen(request, timeout=20).close()
    assert read(server, {"file": file["id"]}).code == "file_store_failed"


def test_a_quota_counts_what_is_in_the_bucket(start_on):
    server = start_on("max_files_per_key = 2")
    assert upload(server).status == 200
    file = upload(server).json()
    assert upload(server).code == "file_quota_exceeded"
    assert server.request("DELETE", f"/v1/files/{file['id']}").status == 200
    assert upload(server).status == 200


def test_a_large_upload_takes_little_memory(start_on):
    server = start_on('max_bytes = "2GiB"')
    file, digest, grown = upload_large(server)
    assert file["bytes"] == LARGE and file["sha256"] == digest
    assert grown <= MIB, f"{grown / MIB:.2f} MiB"


def test_a_bucket_without_keys_is_a_mistake_of_the_configuration(start, bucket):
    with pytest.raises(RuntimeError, match="AWS_ACCESS_KEY_ID with the access key is not"):
        start(CONFIG + f'\n[artifacts.s3]\nbucket = "box"\nendpoint = "{bucket.url}"\n', {"AWS_ACCESS_KEY_ID": ""})
