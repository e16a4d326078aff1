"""`shunt config`: what holds, where it comes from, whether it would work."""

import hashlib
import json
import os
import pty
import subprocess

import pytest

SIMULATOR = '[models.simulator]\ndriver = "simulator"\n'


def shown(shunt, *arguments, environment=None):
    answer = shunt.run("config", "show", "--json", *arguments, environment=environment)
    assert answer.returncode == 0, answer.stderr
    return {setting["name"]: setting for setting in json.loads(answer.stdout)}


def test_show_tells_the_source_of_each_value(shunt):
    shunt.write("my.toml", f'[server]\nmax_connections = 7\n[log]\nlevel = "warn"\n{SIMULATOR}')
    settings = shown(shunt, "--config", "my.toml", "--set", "log.level=debug",
                     environment={"SHUNT_SERVER_MAX_JSON_DEPTH": "9"})
    assert settings["server.max_connections"] == {"name": "server.max_connections", "value": "7",
                                                  "source": "my.toml:2"}
    assert settings["server.max_json_depth"]["value"] == "9"
    assert "SHUNT_SERVER_MAX_JSON_DEPTH" in settings["server.max_json_depth"]["source"]
    assert settings["log.level"]["value"] == '"debug"'
    assert "log.level" in settings["log.level"]["source"] and settings["log.level"]["source"].startswith("--")
    assert settings["server.listen"]["source"] == "default"


def test_the_flag_beats_the_environment_and_the_environment_the_file(shunt):
    shunt.write("shunt.toml", f"[server]\nmax_connections = 1\n{SIMULATOR}")
    environment = {"SHUNT_SERVER_MAX_CONNECTIONS": "2"}
    flag = ("--set", "server.max_connections=3")
    assert shown(shunt)["server.max_connections"]["value"] == "1"
    assert shown(shunt, environment=environment)["server.max_connections"]["value"] == "2"
    assert shown(shunt, *flag, environment=environment)["server.max_connections"]["value"] == "3"


def test_show_aligns_a_table_without_colour_in_a_pipe(shunt):
    lines = shunt.run("config", "show").stdout.decode().splitlines()
    assert lines[0].split() == ["NAME", "VALUE", "SOURCE"]
    column = lines[0].index("VALUE")
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("environment, coloured", [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                                                   ({"TERM": "dumb"}, False)])
def test_show_is_coloured_on_a_terminal_unless_told_not_to(shunt, environment, coloured):
    ours, theirs = pty.openpty()
    process = shunt.popen("config", "show", environment=environment, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    screen = b""
    try:
        while piece := os.read(ours, 65536):
            screen += piece
    except OSError:  # Linux says EIO once nobody has the other side
        pass
    os.close(ours)
    assert process.wait() == 0
    assert (b"\x1b[" in screen) == coloured


def test_check_accepts_what_would_start(shunt):
    answer = shunt.run("config", "check")
    assert answer.returncode == 0
    assert b"valid" in answer.stdout
    assert json.loads(shunt.run("config", "check", "--json").stdout)["valid"] is True


@pytest.mark.parametrize("text, expected", [
    ("[server]\nmax_conections = 7\n", ["bad.toml:2", "max_connections"]),
    ("[server\n", ["bad.toml:1"]),
    ('[models.ghost]\ndriver = "command"\nargv = ["no-such-program"]\n', ["bad.toml:", "no-such-program"]),
    (f'[server]\nlisten = "0.0.0.0:8080"\n{SIMULATOR}', ["bad.toml:2: refusing", "0.0.0.0", "keys"]),
    (f'[webhooks]\nurl = "https://example.com/hook"\n{SIMULATOR}', ["bad.toml:2: webhooks.url", "webhooks.secrets"]),
    (f'[redis]\nurl = "redis://127.0.0.1:1"\npassword_file = "/no/such"\n[queue]\nenabled = true\n{SIMULATOR}',
     ["bad.toml:3: redis.password_file", "/no/such"]),
    ('[models.chat]\ndriver = "openai"\nmodel = "m"\nbase_url = "http://127.0.0.1:1/v1/chat/completions"\n',
     ["bad.toml:4", "base_url", "/chat/completions"]),
    (f"[queue]\nenabled = true\n[redis]\nurl = \"http://localhost\"\n{SIMULATOR}", ["bad.toml:4", "redis.url"]),
])
def test_check_finds_what_would_not_start(shunt, text, expected):
    shunt.write("bad.toml", text)
    answer = shunt.run("config", "check", "--config", "bad.toml")
    assert answer.returncode == 78
    for part in expected:
        assert part in answer.stderr.decode()
    as_json = shunt.run("config", "check", "--config", "bad.toml", "--json")
    assert as_json.returncode == 78
    verdict = json.loads(as_json.stdout)
    assert verdict["valid"] is False and expected[-1] in verdict["error"]["message"]


def test_check_counts_one_model_as_one(shunt):
    shunt.write("one.toml", SIMULATOR)
    assert shunt.run("config", "check", "--config", "one.toml").stdout.endswith(b"one.toml, 1 model\n")


def test_a_variable_that_was_meant_for_a_setting_is_told(shunt):
    shunt.write("shunt.toml", SIMULATOR)
    environment = {"SHUNT_QUEUE_ENABLED": "true", "SHUNT_PORT": "tcp://10.0.0.1:8080"}
    answer = shunt.run("config", "check", environment=environment)
    assert answer.returncode == 0, "it may be somebody else's"
    assert b"SHUNT_QUEUE_ENABLED is no setting, and is not read. Did you mean QUEUE_ENABLED?" in answer.stderr
    assert b"SHUNT_PORT" not in answer.stderr
    as_json = json.loads(shunt.run("config", "check", "--json", environment=environment).stdout)
    assert as_json["unread_variables"] == [{"name": "SHUNT_QUEUE_ENABLED", "advice": "Did you mean QUEUE_ENABLED?"}]
    service = shunt.serve(environment=environment)
    assert "configuration.variable_unread" in service.log()


def test_check_does_not_mind_that_the_service_is_running(shunt):
    service = shunt.serve()
    answer = shunt.run("config", "check", "--set", f"server.listen=127.0.0.1:{service.port}")
    assert answer.returncode == 0, answer.stderr


def test_a_missing_file_is_named(shunt):
    answer = shunt.run("config", "show", "--config", "nowhere.toml")
    assert answer.returncode == 78
    assert "nowhere.toml" in answer.stderr.decode()


def test_reference_is_markdown_of_every_setting(shunt):
    text = shunt.run("config", "reference").stdout.decode()
    assert text.startswith("# ")
    for name in ("server.listen", "shutdown.grace", "queue.enabled"):
        assert name in text


def test_hash_key_prints_the_sha256_of_what_it_reads(shunt):
    expected = hashlib.sha256(b"secret").hexdigest()
    assert shunt.run("config", "hash-key", stdin=b"secret\n").stdout.decode() == expected + "\n"
    assert shunt.run("config", "hash-key", stdin=b"secret").stdout.decode() == expected + "\n"
    assert json.loads(shunt.run("config", "hash-key", "--json", stdin=b"secret").stdout) == {"sha256": expected}


def test_hash_key_of_nothing_is_refused(shunt):
    assert shunt.run("config", "hash-key").returncode == 2


def test_a_new_key_is_random_and_comes_with_its_hash(shunt):
    made = [json.loads(shunt.run("config", "hash-key", "--new", "--json").stdout) for _ in range(2)]
    assert made[0]["key"] != made[1]["key"]
    assert hashlib.sha256(made[0]["key"].encode()).hexdigest() == made[0]["sha256"]
