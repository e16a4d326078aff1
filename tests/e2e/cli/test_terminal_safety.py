"""What others write (models, clients, programs) must not steer the terminal of whoever looks at it."""

import http.server
import json
import threading

import pytest

from terminal import on_a_terminal

# Escape, carriage return over a line, C1's CSI, right-to-left override.
EVIL = "\x1b]0;owned\x07\x1b[2Jhidden\rshown \x9b31m \u202egnp.exe"
FORBIDDEN = ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e")
RECORD = {"id": "gen_" + EVIL, "model": EVIL, "state": EVIL, "created_at": EVIL, "cancel_reason": EVIL,
          "metadata": {EVIL: EVIL}, "error": {"code": EVIL, "message": EVIL},
          "progress": {"fraction": 0.5, "message": EVIL},
          "output": {"text": EVIL + "\nsecond line", "result": {EVIL: EVIL},
                     "artifacts": [{"name": EVIL, "media_type": EVIL, "size": 3, "url": EVIL}]}}
STATUS = {"status": EVIL, "reason": EVIL, "version": EVIL, "roles": [EVIL], "strategy": {"mode": EVIL, "reason": EVIL},
          "models": [{"name": EVIL}], "redis": {"url": EVIL, "version": EVIL, "last_error": EVIL},
          "workers": [{"name": EVIL, "version": EVIL, "models": [{"name": EVIL}]}]}
EVENTS = [{"sequence": 1, "type": "log", "level": "warn", "message": EVIL},
          {"sequence": 2, "type": "progress", "fraction": 0.5, "message": EVIL},
          {"sequence": 3, "type": "delta", "text": EVIL}]


class Hostile(http.server.BaseHTTPRequestHandler):
    """Answers as a service would whose every text is somebody else's."""

    def answer(self, status, body, content_type="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path.startswith("/admin/status"):
            self.answer(200, STATUS)
        elif "missing" in self.path:
            self.answer(404, {"code": EVIL, "detail": EVIL})
        elif self.path.startswith("/v1/generations?"):
            self.answer(200, {"generations": [RECORD], "next_cursor": None})
        else:
            self.answer(200, RECORD)

    def do_POST(self):
        self.answer(200, RECORD)

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def check(seen):
    for text in FORBIDDEN:
        assert text not in seen, (text, seen)
    assert "hidden\r" not in seen
    assert "gnp.exe" in seen, "it is shown all the same"


@pytest.mark.parametrize("command", [("jobs", "ls"), ("jobs", "ls", "--json"), ("jobs", "show", "x"),
                                     ("jobs", "show", "--json", "x"), ("jobs", "show", "missing"), ("jobs", "cancel", "x"),
                                     ("status",), ("status", "--json")])
def test_a_services_words_steer_no_terminal(shunt, url, command):
    check(on_a_terminal(shunt, *command, "--url", url)[0])


PROGRAM = r'''
[models.program]
driver = "command"
argv = ["/usr/bin/printf", '\033]0;owned\007\033[2Jhidden\rshown \302\23331m \342\200\256gnp.exe']
produces = ["text/plain"]
'''


def test_a_models_words_steer_no_terminal_and_stay_as_they_are_in_a_pipe(shunt):
    shunt.write("shunt.toml", PROGRAM)
    raw = shunt.run("generate", "--model", "program", "--input", "{}")
    assert raw.returncode == 0, raw.stderr
    if EVIL.encode() in raw.stdout:  # text, or an artifact of bytes
        check(on_a_terminal(shunt, "generate", "--model", "program", "--input", "{}")[0])


def test_log_lines_are_plain_text(shunt):
    shunt.write("shunt.toml", '[log]\nlevel = "debug"\n[models.simulator]\ndriver = "simulator"\n')
    for form in ("text", "json"):
        service = shunt.serve("--set", f"log.format={form}")
        service.request("POST", "/v1/generations", {"model": EVIL, "input": {EVIL: 1}, "context": {"tenant": EVIL}})
        service.request("POST", "/v1/generations", {"model": "simulator", "input": {"prompt": "x"}, "options": {
            "metadata": {"x": EVIL}}, "context": {"tenant": EVIL}})
        log = service.log()
        for text in FORBIDDEN:
            assert text not in log
        service.stop()
