"""The service from the outside: what it prints, what it answers, what it refuses to start with."""

import io
import json
import socket
import struct
import wave


def samples_of(wav):
    with wave.open(io.BytesIO(wav)) as sound:
        assert sound.getsampwidth() == 2
        frames = sound.readframes(sound.getnframes())
        return struct.unpack(f"<{len(frames) // 2}h", frames[:len(frames) // 2 * 2]), sound.getframerate()


def test_it_prints_exactly_one_line_with_the_real_port(shunt):
    service = shunt.serve()
    assert service.first_line == f"listening on http://127.0.0.1:{service.port}\n"
    assert service.port > 0
    service.signal(15)
    assert service.wait() == 0
    assert service.process.stdout.read() == b""


def test_the_log_tells_the_executor_the_reason_and_the_models(shunt):
    line = next(line for line in shunt.serve().log().splitlines() if "service.started" in line)
    for field in ("executor=sync", "reason=queue_disabled", "models=simulator,speech", "roles="):
        assert field in line


def test_the_simulator_answers_with_text(shunt):
    status, headers, body = shunt.serve().generate("simulator", {"prompt": "hi", "tokens": 3, "first_token_ms": 0})
    record = json.loads(body)
    assert (status, record["state"]) == (200, "succeeded")
    assert headers["Content-Type"].startswith("application/json")
    assert len(record["output"]["text"].split()) == 3


def test_speech_is_a_wav_that_is_not_silence(shunt):
    status, headers, body = shunt.serve().generate("speech", {"text": "Trains roll down the hump"}, Accept="audio/wav")
    assert (status, headers["Content-Type"]) == (200, "audio/wav")
    assert body[:4] == b"RIFF"
    samples, rate = samples_of(body)
    assert len(samples) > rate / 2, "shorter than half a second"
    assert max(samples) > 2000 and min(samples) < -2000, "silence"


def test_metrics_count_generations_by_model_state_and_code(shunt):
    service = shunt.serve()
    service.generate("simulator", {"prompt": "hi", "tokens": 1, "first_token_ms": 0})
    service.generate("simulator", {"prompt": "hi", "tokens": 1, "first_token_ms": 0, "failure_rate": 1})
    service.generate("simulator", {"prompt": 7})
    value = service.metrics()
    assert value("shunt_generations_admitted_total", model="simulator", path="sync") == 2
    assert value("shunt_generations_ended_total", model="simulator", state="succeeded", code="") == 1
    assert value("shunt_generations_ended_total", model="simulator", state="failed", code="simulated_failure") == 1
    assert value("shunt_generations_refused_total", model="simulator", code="invalid_input") == 1
    assert value("shunt_generation_run_seconds_count", model="simulator") == 2
    assert value("shunt_generation_wait_seconds_count", model="simulator") == 2
    assert value("shunt_generations_running") == 0
    assert value("shunt_generations_waiting") == 0
    assert value("shunt_executor_info", executor="sync", reason="queue_disabled") == 1
    assert value("process_resident_memory_bytes") > 1e6
    assert value("process_open_fds") > 3
    assert value("process_start_time_seconds") > 1.6e9


def test_a_failed_generation_is_logged_with_its_code_and_without_its_input(shunt):
    service = shunt.serve()
    service.generate("simulator", {"prompt": "a secret", "tokens": 1, "first_token_ms": 0, "failure_rate": 1})
    line = next(line for line in service.log().splitlines() if "generation.failed" in line)
    assert "model=simulator" in line and "code=simulated_failure" in line and "id=gen_" in line
    assert "secret" not in service.log()


def test_a_taken_port_is_an_error_that_names_it(shunt):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        answer = shunt.run("serve", "--listen", address)
    assert answer.returncode == 1
    assert address in answer.stderr.decode() and "taken" in answer.stderr.decode()
    assert answer.stdout == b""


def test_a_public_address_without_keys_is_refused(shunt):
    answer = shunt.run("serve", "--listen", "0.0.0.0:0")
    assert answer.returncode == 78
    assert "keys" in answer.stderr.decode() and "0.0.0.0" in answer.stderr.decode()


def test_a_public_address_without_keys_is_served_when_told_so(shunt):
    service = shunt.serve("--set", "server.allow_unauthenticated=true", listen="0.0.0.0:0")
    assert service.request("GET", "/healthz")[0] == 200


def test_a_configured_key_opens_the_service(shunt):
    made = json.loads(shunt.run("config", "hash-key", "--new", "--json").stdout)
    config = shunt.write("keys.toml", f"""
[[server.keys]]
name = "website"
sha256 = "{made['sha256']}"

[models.simulator]
driver = "simulator"
""")
    service = shunt.serve("--config", config, listen="0.0.0.0:0")
    assert service.request("GET", "/v1/models")[0] == 401
    assert service.request("GET", "/v1/models", headers={"Authorization": f"Bearer {made['key']}"})[0] == 200


def test_a_bad_configuration_file_is_named_with_its_line(shunt):
    config = shunt.write("bad.toml", "[server]\n\nmax_connections = \"many\"\n")
    answer = shunt.run("serve", "--config", config)
    assert answer.returncode == 78
    assert "bad.toml:3" in answer.stderr.decode()
    assert answer.stdout == b""


def test_a_model_whose_program_is_missing_is_named_with_its_line(shunt):
    config = shunt.write("missing.toml", '[models.ghost]\ndriver = "command"\nargv = ["no-such-program"]\n')
    answer = shunt.run("serve", "--config", config)
    assert answer.returncode == 78
    message = answer.stderr.decode()
    assert "missing.toml:" in message and '"ghost"' in message and "no-such-program" in message


def test_a_missing_known_program_comes_with_the_package_to_install(shunt):
    config = shunt.write("missing.toml", '[models.speech]\ndriver = "command"\nargv = ["espeak-ng"]\n')
    answer = shunt.run("serve", "--config", config, environment={"PATH": str(shunt.folder)})
    assert answer.returncode == 78
    assert "apt-get install espeak-ng" in answer.stderr.decode()


def test_the_descriptor_limit_is_raised_to_what_is_allowed(shunt):
    service = shunt.serve()
    with open(f"/proc/{service.process.pid}/limits") as limits:
        line = next(line for line in limits if line.startswith("Max open files"))
    soft, hard = line.split()[3:5]
    assert soft == hard
