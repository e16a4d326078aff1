"""What a request can make of the programs that it starts, and what they can make of Shunt: nothing."""

import json
import os
import re
import signal
import struct
import time
from pathlib import Path

import pytest

from redis_server import Resp
from shunt_process import end, first_line, start_shunt
from waiting import eventually

ROOT = Path(__file__).parents[3]
SHIPPED = (ROOT / "config" / "shunt.toml").read_text(encoding="utf-8")

PROGRAMS = r"""
[models.complaining]
driver = "command"
argv = ["/bin/sh", "-c", "echo 'progress: 50% halfway' >&2; printf 'root:x:0:0 \\033[31m of a file\\n' >&2; exit 3"]
input_mode = "none"

[models.open]
driver = "command"
argv = ["/bin/sh", "-c", "echo 'for all to see' >&2; exit 3"]
input_mode = "none"
stderr_to_caller = true

[models.curious]
driver = "command"
argv = ["/bin/sh", "-c", '''
exec 2>&1
for f in environ mem maps auxv; do head -c 100 /proc/$PPID/$f > stolen && echo "READ $f"; done
env; grep -c . /proc/self/status''']
input_mode = "none"
confine = "processes"

[models.echo]
driver = "command"
argv = ["/bin/sh", "-c", "printf '%s|' \"$@\"", "sh", "{input.word}", "--file={input.word}", "{input.n}"]
input_mode = "none"
defaults = { n = "1" }
[models.echo.input.word]
type = "string"
pattern = "(?s).*"
max_length = 8
[models.echo.input.n]
type = "integer"
minimum = 0
maximum = 100

[models.odd_file]
driver = "command"
argv = ["/bin/sh", "-c", '''
case $1 in
  link) ln -s /etc/passwd "$0";; fifo) mkfifo "$0";; folder) mkdir "$0";; device) ln -s /dev/zero "$0";;
  parent) mv "${{0%/*}}" moved; ln -s /etc "${{0%/*}}";; hard) echo x > a; ln a "$0";; fine) echo fine > "$0";;
  hole) exec dd if=/dev/null of="$0" bs=1 seek=900000 2>/dev/null;;
esac''', "{output_file}", "{input.what}"]
input_mode = "none"
output = "artifact"
artifact_name = "hosts"
max_output_bytes = 800000
input.what = { type = "string", pattern = "[a-z]+" }

[models.still]
driver = "command"
argv = ["/bin/sh", "-c", "echo begun > file; echo begun; exec sleep 1000"]
input_mode = "none"
"""


@pytest.fixture(scope="module")
def speaking(mode):
    process = mode.start(SHIPPED)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def programs(mode):
    process = mode.start(PROGRAMS)
    yield process
    process.stop()


def refused(response, field):
    assert response.status == 422, response.body
    problem = response.json()
    assert problem["code"] == "invalid_input"
    assert field in json.dumps(problem)
    assert len(response.body) < 2000
    return problem


VOICES = ["../../../../../etc/passwd", "/etc/passwd", "gmw/af", "..", "", "-w", "--path=x", "en\n", "en\u0000", "en de",
          "en+../../x", "x" * 33, "\u0435n", "!v/f1", 5, None, ["en"], {"a": 1}, True]


@pytest.mark.parametrize("voice", VOICES, ids=repr)
def test_a_voice_is_never_the_name_of_a_file(speaking, voice):
    refused(speaking.generate("speech", {"text": "x", "voice": voice}), "/input/voice")


def test_escapes_are_read_before_the_rules(speaking):
    body = r'{"model": "speech", "input": {"text": "x", "voice": "\u002e\u002e\u002fetc\u002fpasswd"}}'
    refused(speaking.request("POST", "/v1/generations", body, {"Content-Type": "application/json"}), "/input/voice")


@pytest.mark.parametrize("input", [{}, {"text": ""}, {"text": "  \n"}, {"text": 5}, {"text": "x" * 50_000 + "\u00e4" * 60_000}],
                         ids=["none", "empty", "blank", "number", "long"])
def test_a_text_with_nothing_to_say_is_refused(speaking, input):
    response = speaking.generate("speech", input)
    if response.status != 413:
        refused(response, "/input/text")


def test_what_is_refused_leaves_nothing_behind(speaking):
    before = speaking.request("GET", "/v1/generations?limit=100").json()["generations"]
    for form in ({}, {"Prefer": "respond-async"}, {"Accept": "text/event-stream"}, {"Idempotency-Key": "refused"}):
        refused(speaking.generate("speech", {"text": "x", "voice": "../x"}, form), "/input/voice")
    assert speaking.request("GET", "/v1/generations?limit=100").json()["generations"] == before
    assert speaking.generate("speech", {"text": "x"}, {"Idempotency-Key": "refused"}).status == 200


@pytest.mark.parametrize("voice", [None, "de", "en-us", "fr+f3"])
def test_speech_is_a_wav_file_whose_header_tells_its_length(speaking, voice):
    given = {"text": "Hello from Shunt"} if voice is None else {"text": "Hello from Shunt", "voice": voice}
    answer = speaking.generate("speech", given, {"Accept": "audio/wav"})
    assert answer.status == 200, answer.body
    wav = answer.body
    riff, riff_bytes, form = struct.unpack("<4sI4s", wav[:12])
    assert (riff, form) == (b"RIFF", b"WAVE")
    assert riff_bytes + 8 == len(wav)
    rate, byte_rate = struct.unpack("<II", wav[24:32])
    data, data_bytes = struct.unpack("<4sI", wav[36:44])
    assert data == b"data" and data_bytes + 44 == len(wav)
    assert (rate, byte_rate) == (22050, 44100)
    assert 0.5 < data_bytes / byte_rate < 5


def test_a_voice_that_is_not_there_tells_no_more_than_that(speaking):
    answer = speaking.generate("speech", {"text": "x", "voice": "zz"})
    assert answer.json()["code"] == "program_exited"
    assert b"stderr" not in answer.body


def log_of(service):
    return service.worker_log() if hasattr(service, "worker") else service.log()


def test_callers_do_not_see_stderr_and_the_log_does(programs):
    answer = programs.generate("complaining")
    assert answer.json()["exit_code"] == 3
    link = answer.json()["instance"]
    for response in (answer, programs.request("GET", link), programs.request("GET", link + "/events")):
        assert b"root:x" not in response.body
    assert b"halfway" in programs.request("GET", link + "/events").body
    log = eventually(lambda: "root:x:0:0" in log_of(programs) and log_of(programs))
    assert "program.stderr" in log and "\x1b" not in log


def test_callers_see_stderr_where_the_model_says_so(programs):
    answer = programs.generate("open")
    assert answer.json()["stderr"] == "for all to see\n"
    assert b'"message":"for all to see"' in programs.request("GET", answer.json()["instance"] + "/events").body


@pytest.mark.parametrize("given, written", [
    ({"word": "a b;$(id)"[:8]}, "a b;$(id|--file=a b;$(id|1|"),
    ({"word": "x", "n": 5.0}, "x|--file=x|5|"),
    ({"word": "é€😀"}, "é€😀|--file=é€😀|1|"),
])
def test_values_that_keep_the_rules_arrive_as_they_are(programs, given, written):
    assert programs.generate("echo", given).json()["output"]["text"] == written


@pytest.mark.parametrize("given", [
    {}, {"word": "-x"}, {"word": "/x"}, {"word": "a/b"}, {"word": ".."}, {"word": "a\u0000b"}, {"word": "x" * 9},
    {"word": "x", "n": -1}, {"word": "x", "n": 101}, {"word": "x", "n": 1.5}, {"word": "x", "n": "1"},
    {"word": "x", "n": True}, {"word": "x", "n": None}], ids=json.dumps)
def test_values_that_do_not_are_refused(programs, given):
    refused(programs.generate("echo", given), "/input/")


@pytest.mark.parametrize("what, says", [
    ("link", "symbolic link"), ("device", "symbolic link"), ("fifo", "named pipe"), ("folder", "a folder"),
    ("parent", "is not there"), ("hard", "other names"), ("nothing", "is not there"), ("hole", "limit of 800000")])
def test_an_output_file_is_a_file_of_the_program_itself(programs, what, says):
    begin = time.monotonic()
    answer = programs.generate("odd_file", {"what": what}).json()
    assert answer["generation"]["state"] == "failed"
    assert says in answer["generation"]["error"]["message"]
    assert programs.request("GET", "/healthz").status == 200
    assert time.monotonic() - begin < 15


def test_an_output_file_is_named_after_the_artifact(programs):
    answer = programs.generate("odd_file", {"what": "fine"}, {"Accept": "application/octet-stream"})
    assert (answer.status, answer.body) == (200, b"fine\n")


def test_a_worker_checks_what_comes_out_of_the_queue(mode):
    """Whoever reaches Redis can add a job; here it is an API whose configuration allows more."""
    if mode.name != "queue":
        pytest.skip("there is no queue")
    open_rules = PROGRAMS.replace('type = "string"\npattern = "(?s).*"\nmax_length = 8', "any = true\nallow_leading_dash = true")
    assert open_rules != PROGRAMS
    service = mode.start(open_rules, with_worker=False)
    try:
        accepted = [service.generate("echo", {"word": word}, {"Prefer": "respond-async"}) for word in ("-x", "../x", "fine")]
        assert [answer.status for answer in accepted] == [202] * 3
        service.config.write_text(PROGRAMS)
        service.start_worker()
        records = [service.eventually_state(answer.json()["id"], "failed", "succeeded") for answer in accepted]
        assert [record["state"] for record in records] == ["failed", "failed", "succeeded"]
        assert [record["error"]["code"] for record in records[:2]] == ["invalid_input"] * 2
    finally:
        service.stop()


def test_programs_cannot_look_into_shunt(start):
    secrets = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=s3cret-of-otlp", "AWS_SECRET_ACCESS_KEY": "s3cret-of-aws",
               "SHUNT_API_KEY": "s3cret-of-api"}
    service = start(PROGRAMS, environment=secrets)
    text = service.generate("curious").json()["output"]["text"]
    assert "READ" not in text and "s3cret" not in text
    for process in [service.process, *getattr(service, "workers", [])]:
        # We may read this as root alone; then the secrets are gone all the same.
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        except PermissionError:
            continue
        assert b"AWS_SECRET_ACCESS_KEY=" in environment, "the block itself is still there"
        assert b"s3cret" not in environment
        assert b"redis://" not in environment


def test_nobody_of_the_same_user_looks_into_shunt_unless_it_is_said(start):
    def owner(*arguments):
        service = start(PROGRAMS, arguments=arguments)
        return os.stat(f"/proc/{service.process.pid}/environ").st_uid, service

    if os.geteuid() == 0:
        pytest.skip("the owner of what cannot be looked into is root")
    assert owner()[0] == 0
    assert owner("--set", "debug.dumpable=true")[0] == os.geteuid()


def test_folders_of_a_killed_shunt_go_when_the_next_one_starts(mode, tmp_path):
    if mode.name != "sync":
        pytest.skip("the driver's own affair")
    environment = {"TMPDIR": str(tmp_path)}
    service = mode.start(PROGRAMS, environment=environment)
    response = service.generate("still", headers={"Prefer": "respond-async"})
    eventually(lambda: list(tmp_path.glob("shunt-programs-*/run-*/file")))
    service.process.send_signal(signal.SIGKILL)
    service.wait()
    left = list(tmp_path.glob("shunt-programs-*"))
    assert response.status == 202 and left
    other = mode.start(PROGRAMS, environment=environment)
    eventually(lambda: not any(folder.exists() for folder in left))
    other.stop()
    service.stop()
    assert not list(tmp_path.glob("shunt-*"))


def test_a_password_comes_from_a_file(mode, tmp_path):
    if mode.name != "queue":
        pytest.skip("without the queue nobody asks for it")
    name = f"reader{os.getpid()}"
    client = Resp(int(mode.redis.url.rsplit(":", 1)[1].split("/")[0]))
    client("ACL", "SETUSER", name, "on", ">from-a-file", "allkeys", "allchannels", "+@all")
    client.close()
    secret = tmp_path / "password"
    secret.write_text("from-a-file\r\n")
    address = mode.redis.url.replace("redis://", f"redis://{name}:wrong@")
    service = mode.start(PROGRAMS, environment={"REDIS_URL": address, "SHUNT_REDIS_PASSWORD_FILE": str(secret)})
    try:
        assert service.generate("echo", {"word": "x"}).status == 200
        shown = service.request("GET", "/admin/status").text()
        assert "from-a-file" not in shown
    finally:
        service.stop()


@pytest.mark.parametrize("content", [None, "", "\n", "x" * 20_000])
def test_a_password_file_that_has_none_stops_the_start(tmp_path, content):
    secret = tmp_path / "password"
    if content is not None:
        secret.write_text(content)
    log = tmp_path / "log"
    process = start_shunt(["serve", "--listen", "127.0.0.1:0"],
                          {"QUEUE_ENABLED": "true", "SHUNT_REDIS_PASSWORD_FILE": str(secret)}, log)
    assert process.wait(30) == 78
    process.stdout.close()
    assert re.search(r"redis\.password_file .*password: ", log.read_text())


def test_a_password_file_is_not_looked_at_without_the_queue(tmp_path):
    process = start_shunt(["serve", "--listen", "127.0.0.1:0"], {"SHUNT_REDIS_PASSWORD_FILE": "/no/such/file"},
                          tmp_path / "log")
    try:
        first_line(process, r"listening on (http://\S+)")
    finally:
        end(process)
