"""`shunt init`: what is found becomes a configuration that works."""

import contextlib
import json
import os
import re
import shutil
import stat
import time
import wave

import pytest

from conversation import Conversation
from found_servers import LIES, server_that_says, support_server
from ports import free_port


@pytest.fixture
def programs(tmp_path):
    """Adds programs to a folder that is all of PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()

    def add(name, script="#!/bin/sh\nexit 0\n", mode=0o755):
        (folder / name).write_text(script)
        (folder / name).chmod(mode)

    add.path = str(folder)
    return add


def init(shunt, programs, *arguments, ports=None):
    """Looks at no port but those that are given."""
    looked_at = [word for port in ports or [free_port()] for word in ("--port", str(port))]
    return shunt.run("init", *looked_at, *arguments, environment={"PATH": programs.path, "HOME": str(shunt.folder)})


def initialized(shunt, programs, *arguments, ports=None):
    """What --json tells; the service would start with what was written."""
    answer = init(shunt, programs, "--json", *arguments, ports=ports)
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    checked = shunt.run("config", "check", "--config", told["configuration"], environment={"PATH": programs.path})
    assert checked.returncode == 0, checked.stderr
    return told


def names(told):
    return [model["name"] for model in told["models"]]


def test_without_a_terminal_and_flags_it_says_what_to_pass(shunt, programs):
    answer = init(shunt, programs)
    assert answer.returncode == 2
    assert b"no terminal" in answer.stderr and b"--yes" in answer.stderr and b"--model" in answer.stderr
    assert not (shunt.folder / "shunt.toml").exists()


def test_a_machine_without_generators_gets_the_simulator(shunt, programs):
    assert names(initialized(shunt, programs)) == ["simulator"]
    answer = shunt.run("generate", "hello", environment={"SHUNT_MODELS_SIMULATOR_TOKENS": "3"})
    assert answer.returncode == 0, answer.stderr


def test_a_server_that_is_found_generates(shunt, programs):
    with support_server("openai_server.py") as port:
        told = initialized(shunt, programs, ports=[port])
        assert told["models"] == [
            {"name": "ok", "use": "chat", "from": f"ok of vLLM at http://127.0.0.1:{port}/v1"},
            {"name": "embed-1", "use": "embeddings", "from": f"embed-1 of vLLM at http://127.0.0.1:{port}/v1"}]
        answer = shunt.run("generate", "hello")
        assert answer.returncode == 0 and b"Trains roll" in answer.stdout, answer.stderr
        service = shunt.serve()
        status, _, body = service.request("POST", "/v1/chat/completions", {
            "model": "ok", "messages": [{"role": "user", "content": "hello"}]})
        assert status == 200 and "Trains" in json.loads(body)["choices"][0]["message"]["content"]


def test_programs_that_are_found_become_models(shunt, programs):
    programs("ffmpeg")
    programs("whisper-cli", '#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = -f ] && echo "heard $(/usr/bin/wc -c <"$2")"; shift; done\n')
    programs("piper")
    programs("espeak-ng", mode=0o644)
    weights = shunt.write("ggml-tiny.bin", "x")
    told = initialized(shunt, programs, "--whisper-model", weights)
    assert names(told) == ["transcription", "wav"]
    assert told["waiting"] == [{"program": "piper", "path": programs.path + "/piper"}]
    text = (shunt.folder / "shunt.toml").read_text()
    assert f'"-m", "{shunt.folder}/ggml-tiny.bin"' in text and "# piper is here" in text
    sound = shunt.write("sound.wav", "12345")
    answer = shunt.run("generate", "--model", "transcription", "--file", f"audio=@{sound}", environment={"PATH": programs.path})
    assert answer.returncode == 0 and b"heard 5" in answer.stdout, answer.stderr


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="needs espeak-ng")
def test_a_program_of_this_machine_speaks(shunt):
    assert shunt.run("init", "--yes", "--port", str(free_port())).returncode == 0
    answer = shunt.run("generate", "--model", "speech", "Good morning", "-o", "morning.wav")
    assert answer.returncode == 0, answer.stderr
    assert (shunt.folder / "morning.wav").read_bytes()[:4] == b"RIFF"


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg")
def test_a_program_of_this_machine_converts(shunt):
    assert shunt.run("init", "--yes", "--port", str(free_port())).returncode == 0
    with wave.open(str(shunt.folder / "sound.wav"), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(44100)
        sound.writeframes(b"\0" * 44100)
    answer = shunt.run("generate", "--model", "wav", "--file", "media=@sound.wav", "-o", "small.wav")
    assert answer.returncode == 0, answer.stderr
    with wave.open(str(shunt.folder / "small.wav")) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (1, 16000)


def test_what_programs_need_is_found_in_the_usual_places(shunt, programs):
    programs("piper")
    voices = shunt.folder / ".local/share/piper"
    voices.mkdir(parents=True)
    (voices / "en_US-lessac.onnx").write_text("x")
    told = initialized(shunt, programs)
    assert told["models"][0]["from"].endswith("/piper with " + str(voices / "en_US-lessac.onnx"))


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_lies_is_no_model(shunt, programs, lie):
    with server_that_says(LIES[lie]) as port:
        assert names(initialized(shunt, programs, ports=[port])) == ["simulator"]


def test_servers_that_say_nothing_are_not_waited_for_one_after_the_other(shunt, programs):
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(server_that_says(None)) for _ in range(8)]
        begun = time.monotonic()
        assert names(initialized(shunt, programs, ports=ports)) == ["simulator"]
        assert time.monotonic() - begun < 14, "each of them would have been given two seconds"


def test_shunt_itself_is_no_generator(shunt, programs):
    service = shunt.serve()
    assert names(initialized(shunt, programs, ports=[service.port])) == ["simulator"]


def test_the_file_is_for_its_owner_and_group_and_no_draft_stays(shunt, programs):
    old = os.umask(0o077)
    try:
        initialized(shunt, programs)
    finally:
        os.umask(old)
    assert stat.S_IMODE((shunt.folder / "shunt.toml").stat().st_mode) == 0o640
    assert [path.name for path in shunt.folder.iterdir() if path.is_file()] == ["shunt.toml"]


def test_a_file_that_is_there_is_left_alone_unless_it_is_forced(shunt, programs):
    shunt.write("shunt.toml", "mine")
    answer = init(shunt, programs, "--yes")
    assert answer.returncode == 1 and b"--force" in answer.stderr
    assert (shunt.folder / "shunt.toml").read_text() == "mine"
    initialized(shunt, programs, "--force")
    if os.geteuid() == 0:
        os.chown(shunt.folder / "shunt.toml", -1, 4711)
        initialized(shunt, programs, "--force")
        found = (shunt.folder / "shunt.toml").stat()
        assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o640, 4711)
    shunt.write("shunt.service", "mine")
    answer = init(shunt, programs, "--yes", "--output", "other.toml", "--unit", "shunt.service")
    assert answer.returncode == 1 and b"shunt.service is there" in answer.stderr
    assert not (shunt.folder / "other.toml").exists()
    (shunt.folder / "link.toml").symlink_to("nowhere")
    assert init(shunt, programs, "--yes", "--output", "link.toml").returncode == 1


@pytest.mark.parametrize("output", ["nowhere/shunt.toml", "programs"])
def test_a_place_that_cannot_be_written_is_named(shunt, programs, output):
    answer = init(shunt, programs, "--yes", "--force", "--output", output)
    assert answer.returncode == 1 and output.encode() in answer.stderr
    assert (shunt.folder / "programs").is_dir()


def test_some_models_and_servers_elsewhere_can_be_named(shunt, programs):
    programs("ffmpeg")
    told = initialized(shunt, programs, "--model", "wav", "--model", "chat=http://10.0.0.5:8000/v1#llama-3.1-8b")
    assert names(told) == ["wav", "chat"]
    assert told["models"][1]["from"] == "llama-3.1-8b of a server at http://10.0.0.5:8000/v1"


@pytest.mark.parametrize("arguments, expected", [
    (["--model", "nope"], "simulator"),
    (["--model", "chat=ftp://x"], "http or https"),
    (["--model", "simulator", "--model", "simulator"], "simulator"),
    (["--yes", "--listen", "nonsense"], "server.listen"),
    (["--yes", "--redis", "http://localhost"], "redis.url"),
    (["--yes", "--whisper-model", "nowhere.bin"], "nowhere.bin"),
])
def test_what_cannot_be_is_refused_and_nothing_is_written(shunt, programs, arguments, expected):
    answer = init(shunt, programs, *arguments)
    assert answer.returncode == 2 and expected in answer.stderr.decode(), answer
    assert not list(shunt.folder.glob("*.toml*")) and not list(shunt.folder.glob(".*.toml*"))


def test_an_address_for_others_gets_a_key_which_opens_it(shunt, programs):
    told = initialized(shunt, programs, "--listen", "0.0.0.0:0")
    service = shunt.serve(listen="0.0.0.0:0")
    assert service.request("GET", "/v1/models")[0] == 401
    assert service.request("GET", "/v1/models", headers={"Authorization": "Bearer " + told["key"]})[0] == 200
    assert told["key"] not in (shunt.folder / "shunt.toml").read_text()


def test_a_redis_turns_the_queue_on(shunt, programs, redis):
    told = initialized(shunt, programs, "--redis", redis.url)
    assert "key" not in told
    shown = {each["name"]: each["value"] for each in json.loads(shunt.run("config", "show", "--json").stdout)}
    assert shown["queue.enabled"] == "true"


def test_it_says_what_comes_next_and_that_works(shunt, programs):
    answer = init(shunt, programs, "--yes")
    assert answer.returncode == 0
    commands = re.findall(r"^  (shunt .*)$", answer.stdout.decode(), re.MULTILINE)
    assert [command.split()[1] for command in commands] == ["doctor", "generate", "serve"]
    assert "--unit" in answer.stdout.decode()
    assert shunt.run("doctor", "--set", "server.listen=127.0.0.1:0").returncode == 0
    assert shunt.run("generate", "--model", "simulator", "Good morning").returncode == 0


def test_a_unit_starts_this_binary_with_that_file(shunt, programs):
    told = initialized(shunt, programs, "--unit", "shunt.service")
    assert stat.S_IMODE((shunt.folder / told["unit"]).stat().st_mode) == 0o644
    unit = (shunt.folder / told["unit"]).read_text()
    assert f'ExecStart="{shunt.binary}" serve --config "{shunt.folder}/shunt.toml"\n' in unit


def test_four_questions_lead_to_a_file(shunt, programs):
    programs("ffmpeg")
    programs("whisper-cli")
    weights = shunt.write("ggml.bin", "x")
    with Conversation(shunt, "init", "--port", str(free_port()), "--whisper-model", weights,
                      environment={"PATH": programs.path}) as talk:
        talk.expect("Which of these")
        talk.say("7")
        talk.expect("Expected numbers from 1 to 2")
        talk.say("2")
        talk.expect("Where shall Shunt listen")
        talk.say("127.0.0.1:9123")
        talk.expect("Which Redis")
        talk.say("")
        talk.expect("systemd")
        talk.say("yes")
        talk.expect("shunt serve")
        assert talk.end() == 0
    text = (shunt.folder / "shunt.toml").read_text()
    assert 'listen = "127.0.0.1:9123"' in text and "[models.wav]" in text and "[models.transcription]" not in text
    assert "[queue]" in text and "\n[queue]" not in text
    assert (shunt.folder / "shunt.service").exists()


def test_who_does_not_answer_gets_no_file(shunt, programs):
    with Conversation(shunt, "init", "--port", str(free_port()), environment={"PATH": programs.path}) as talk:
        talk.expect("Which of these")
        talk.say("\x04", ending="")
        assert talk.end() == 2
    assert not (shunt.folder / "shunt.toml").exists()
