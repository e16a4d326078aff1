"""One run of `shunt doctor --json`, and what it found."""

import json
import time

SIMULATOR = '[models.words]\ndriver = "simulator"\n'
# Longer than the longest look, shorter than two of them one after the other.
BOUND = 15


class Doctor:
    """Findings by name, with the exit code that goes with them."""

    def __init__(self, shunt, text, *arguments, environment=None, listen="127.0.0.1:0"):
        shunt.write("shunt.toml", text)
        begun = time.monotonic()
        answer = shunt.run("doctor", "--json", "--set", f"server.listen={listen}", *arguments, environment=environment)
        self.seconds = time.monotonic() - begun
        told = json.loads(answer.stdout)
        self.findings = told["findings"]
        self.by_name = {finding["name"]: finding for finding in self.findings}
        severities = {finding["severity"] for finding in self.findings}
        worst = next(word for word in ("problem", "warning", "ok") if word in severities)
        assert told["status"] == worst
        assert answer.returncode == (1 if worst == "problem" else 0), answer
        for finding in self.findings:
            assert finding["found"] and bool(finding["advice"]) == (finding["severity"] != "ok"), finding

    def has(self, name, severity, found):
        finding = self.by_name[name]
        assert finding["severity"] == severity and found in finding["found"], finding
