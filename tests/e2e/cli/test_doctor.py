"""`shunt doctor`: what is wrong, and what to do, within some seconds whatever the others do."""

import contextlib
import json
import os
import re
import shutil
import socket

import pytest

from doctor_run import BOUND, SIMULATOR, Doctor
from found_servers import LIES, server_of_its_own_authority, server_that_says, support_server
from ports import free_port
from redis_server import RedisServer
from terminal import on_a_terminal


def chat(name, url, more=""):
    return f'[models.{name}]\ndriver = "openai"\nbase_url = "{url}"\nmodel = "ok"\n{more}\n'


def test_where_all_is_well_it_says_so(shunt):
    doctor = Doctor(shunt, SIMULATOR)
    assert not [finding for finding in doctor.findings if finding["severity"] == "problem"]
    for name in ("configuration", "model.words", "port", "disk.files", "user", "kernel", "clock", "limits.memory"):
        assert name in doctor.by_name, name
    assert not [name for name in doctor.by_name if name.startswith("redis")]


def test_each_mistake_of_the_configuration_is_a_problem_and_the_machine_is_looked_at_all_the_same(shunt):
    doctor = Doctor(shunt, "[server]\nmax_conections = 7\n[log]\nlevel = \"loud\"\n" + SIMULATOR)
    mistakes = [finding["found"] for finding in doctor.findings if finding["name"] == "configuration"]
    assert len(mistakes) == 2 and "shunt.toml:2" in mistakes[0] and "shunt.toml:4" in mistakes[1]
    assert "limits.memory" in doctor.by_name and "model.words" not in doctor.by_name


def test_a_file_that_everybody_may_change_is_a_problem(shunt):
    shunt.write("open.toml", SIMULATOR)
    (shunt.folder / "open.toml").chmod(0o666)
    Doctor(shunt, SIMULATOR, "--config", "open.toml").has("configuration", "problem", "every user")


def test_programs_are_looked_for_as_the_service_would(shunt):
    (shunt.folder / "plain").write_text("no program")
    doctor = Doctor(shunt, '[models.gone]\ndriver = "command"\nargv = ["no-such-program"]\n'
                           f'[models.plain]\ndriver = "command"\nargv = ["{shunt.folder}/plain"]\n'
                           '[models.there]\ndriver = "command"\nargv = ["cat"]\n')
    doctor.has("model.gone", "problem", "no-such-program")
    doctor.has("model.plain", "problem", "plain")
    doctor.has("model.there", "ok", "cat")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_it_looks_with_the_rights_of_the_services_user(shunt):
    folder = shunt.folder
    program = folder / "mine"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    for parent in [folder, *folder.parents][:3]:  # pytest's folders are for their owner alone
        parent.chmod(parent.stat().st_mode | 0o011)
    text = f'[files]\ndirectory = "{folder}/kept"\n[models.mine]\ndriver = "command"\nargv = ["{program}"]\n'
    assert Doctor(shunt, text).by_name["model.mine"]["severity"] == "ok"
    # As the binary itself may lie where only root looks.
    copy = folder / "shunt"
    with contextlib.suppress(FileExistsError):
        os.link(shunt.binary, copy)
    doctor = Doctor(shunt, text, "--user", "nobody")
    doctor.has("user", "ok", "nobody")
    doctor.has("model.mine", "problem", "mine")
    doctor.has("disk.files", "problem", "Permission denied")


@pytest.mark.parametrize("user, expected", [("no-such-user", "no such user"), ("bad\x1bname", "\\x1b")])
def test_a_user_that_is_not_there_is_refused(shunt, user, expected):
    answer = shunt.run("doctor", "--user", user)
    assert answer.returncode == 2 and expected in answer.stderr.decode()


def test_servers_are_asked_with_their_keys(shunt):
    with support_server("openai_server.py") as port:
        doctor = Doctor(
            shunt, chat("plain", f"http://127.0.0.1:{port}/v1") +
            chat("other", f"http://127.0.0.1:{port}/v1").replace('"ok"', '"gone"') +
            chat("locked", f"http://127.0.0.1:{port}/keyed/v1") +
            chat("wrong", f"http://127.0.0.1:{port}/keyed/v1", 'api_key_env = "WRONG_KEY"') +
            chat("right", f"http://127.0.0.1:{port}/keyed/v1", 'api_key_env = "RIGHT_KEY"') +
            chat("nowhere", f"http://127.0.0.1:{port}/nothing"),
            environment={"RIGHT_KEY": "right", "WRONG_KEY": "hush-hush"})
    doctor.has("upstream.plain", "ok", 'has "ok"')
    doctor.has("upstream.other", "warning", 'no model "gone"; it has ok, embed-1')
    doctor.has("upstream.locked", "problem", "wants a key")
    doctor.has("upstream.wrong", "problem", "refuses the key")
    doctor.has("upstream.right", "ok", 'has "ok"')
    doctor.has("upstream.nowhere", "warning", "404")
    assert "hush-hush" not in json.dumps(doctor.findings)


def test_servers_that_cannot_be_asked_are_told_apart_side_by_side(shunt):
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(server_that_says(None)) for _ in range(6)]
        liar = stack.enter_context(server_that_says(LIES["no HTTP"]))
        own = stack.enter_context(server_of_its_own_authority(shunt.folder))
        doctor = Doctor(shunt, "".join(chat(f"silent{n}", f"http://127.0.0.1:{port}/v1")
                                       for n, port in enumerate(silent)) +
                        chat("refuses", f"http://127.0.0.1:{free_port()}/v1") +
                        chat("nameless", "http://no-such-host.invalid/v1") +
                        chat("plain", f"https://127.0.0.1:{liar}/v1") +
                        chat("unsigned", f"https://127.0.0.1:{own}/v1") +
                        chat("liar", f"http://127.0.0.1:{liar}/v1"))
    for n in range(6):
        doctor.has(f"upstream.silent{n}", "problem", "says nothing")
    doctor.has("upstream.refuses", "problem", "cannot be reached")
    assert "Start that server" in doctor.by_name["upstream.refuses"]["advice"]
    assert "name in base_url" in doctor.by_name["upstream.nameless"]["advice"]
    for name in ("plain", "unsigned"):
        assert "certificate" in doctor.by_name[f"upstream.{name}"]["advice"]
    doctor.has("upstream.liar", "problem", "no answer of HTTP")
    assert doctor.seconds < BOUND


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie != "no HTTP"])
def test_what_a_lying_server_says_harms_nobody(shunt, lie):
    with server_that_says(LIES[lie]) as port:
        doctor = Doctor(shunt, chat("liar", f"http://127.0.0.1:{port}/v1"))
    assert doctor.by_name["upstream.liar"]["severity"] != "ok"
    assert doctor.seconds < BOUND


def test_a_port_that_is_taken_is_told_with_who_has_it(shunt):
    with socket.create_server(("127.0.0.1", 0)) as other:
        doctor = Doctor(shunt, SIMULATOR, listen=f"127.0.0.1:{other.getsockname()[1]}")
        doctor.has("port", "problem", f"(process {os.getpid()})")
    service = shunt.serve()
    Doctor(shunt, SIMULATOR, listen=f"127.0.0.1:{service.port}").has("port", "ok", "as Shunt does")
    Doctor(shunt, SIMULATOR, listen="192.0.2.1:8080").has("port", "problem", "no address")


def test_folders_are_looked_at_before_they_are_needed(shunt):
    shunt.write("a-file", "x")
    doctor = Doctor(shunt, f'[files]\ndirectory = "{shunt.folder}/a-file/below"\n' + SIMULATOR)
    doctor.has("disk.files", "problem", "Not a directory")
    doctor = Doctor(shunt, f'[files]\ndirectory = "{shunt.folder}/new/below"\n' + SIMULATOR)
    doctor.has("disk.files", "ok", "made when it is needed")
    assert not (shunt.folder / "new").exists()
    if shutil.disk_usage(shunt.folder).free < 1000 << 30:
        doctor = Doctor(shunt, f'[files]\ndirectory = "{shunt.folder}"\nmin_free = "1000GiB"\n' + SIMULATOR)
        doctor.has("disk.files", "problem", "free")


def in_queue_mode(shunt, url, *arguments):
    return Doctor(shunt, SIMULATOR, *arguments,
                  environment={"QUEUE_ENABLED": "true", "REDIS_URL": url,
                               "SHUNT_ARTIFACTS_DIRECTORY": str(shunt.folder / "kept")})


def test_redis_is_asked_for_all_that_the_queue_needs(shunt, redis):
    doctor = in_queue_mode(shunt, redis.url)
    doctor.has("redis.reach", "ok", "answered")
    doctor.has("redis.eviction", "ok", "noeviction")
    doctor.has("redis.persistence", "warning", "appendonly is off")
    doctor.has("redis.permissions", "ok", "every command")
    doctor.has("redis.clock", "ok", "apart")
    doctor.has("disk.artifacts", "ok", "kept")
    with contextlib.closing(RedisServer(arguments=["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"])) as evicting:
        in_queue_mode(shunt, evicting.url).has("redis.eviction", "problem", "allkeys-lru")


def test_rules_of_redis_that_forbid_too_much_are_named(shunt, redis):
    redis.client("ACL", "SETUSER", "app", "on", ">secret", "~{shunt}*", "+@all", "-@dangerous", "+info", "-xadd", "-set")
    doctor = in_queue_mode(shunt, redis.url.replace("://", "://app:secret@"))
    doctor.has("redis.permissions", "problem", "SET, XADD")
    assert "secret" not in json.dumps(doctor.findings)


def test_a_redis_that_is_not_there_or_says_nothing_is_a_problem_within_bounds(shunt):
    in_queue_mode(shunt, f"redis://127.0.0.1:{free_port()}").has("redis.reach", "problem", "cannot be used")
    for answer in (None, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$999999999999\r\n", b"-ERR no\r\n"):
        with server_that_says(answer) as port:
            doctor = in_queue_mode(shunt, f"redis://127.0.0.1:{port}")
            doctor.has("redis.reach", "problem", "cannot be used")
            assert doctor.seconds < BOUND


def test_a_page_for_people_is_aligned_and_in_colour_on_a_terminal_alone(shunt):
    shunt.write("shunt.toml", chat("chat", f"http://127.0.0.1:{free_port()}/v1"))
    plain = shunt.run("doctor", "--set", "server.listen=127.0.0.1:0")
    assert plain.returncode == 1
    text = plain.stdout.decode()
    assert "\x1b" not in text
    rows = [line for line in text.splitlines() if re.match(r"(ok|warning|problem) ", line)]
    columns = {re.match(r"\w+ +\S+ +", row).end() for row in rows}
    assert len(columns) == 1
    advice = next(line for line in text.splitlines() if "Start that server" in line)
    assert len(advice) - len(advice.lstrip()) == columns.pop()
    assert re.search(r"^1 problem, \d+ warnings?\.$", text, re.MULTILINE)
    screen, code = on_a_terminal(shunt, "doctor", "--set", "server.listen=127.0.0.1:0")
    assert code == 1 and "\x1b[31mproblem\x1b[0m" in screen and "\x1b[32mok\x1b[0m" in screen


def test_help_tells_the_exit_codes(shunt):
    for command in ("doctor", "init"):
        text = shunt.run(command, "--help").stdout.decode()
        assert "Exit codes:" in text and "Examples:" in text
