"""Both modes for tests of commands that ask a running service."""

import json

from time_for_redis import TIME_FOR_REDIS


class Mode:
    """A service, with a worker of its own process where there is a queue."""

    def __init__(self, name, shunt, redis):
        self.name = name
        self.shunt = shunt
        self.environment = {}
        if redis:
            self.environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url,
                                "SHUNT_ARTIFACTS_DIRECTORY": str(shunt.folder / "kept"), **TIME_FOR_REDIS}

    def serve(self, *arguments, listen="127.0.0.1:0"):
        return self.shunt.serve(*arguments, environment=self.environment, listen=listen)

    def worker(self, *arguments):
        """Only with a queue."""
        return self.shunt.worker(*arguments, environment=self.environment) if self.environment else None

    @property
    def has_queue(self):
        return bool(self.environment)


class Asked:
    """Runs commands against one service."""

    def __init__(self, shunt, service):
        self.shunt = shunt
        self.url = f"http://127.0.0.1:{service.port}"

    def run(self, *arguments, environment=None):
        return self.shunt.run(*arguments, "--url", self.url, environment=environment)

    def ok(self, *arguments, environment=None):
        """What it prints; it has to work."""
        answer = self.run(*arguments, environment=environment)
        assert answer.returncode == 0, (answer.stdout, answer.stderr)
        return answer.stdout.decode()

    def lines(self, *arguments):
        """One JSON object a line."""
        return [json.loads(line) for line in self.ok(*arguments).splitlines()]
