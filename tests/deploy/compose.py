"""docker-compose.yml as docker-compose understands it, and its commands as processes of this machine.

Only what a container would bring is put in: the folder of a volume, the port that a container has for itself, the name
of another container, and the binary of the image."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import yaml

from processes import clean_environment

ROOT = Path(__file__).resolve().parents[2]


def config(*arguments, environment=None):
    """The model that docker-compose makes of the file; raises with its words."""
    done = subprocess.run(["docker-compose", *arguments, "config"], cwd=ROOT, capture_output=True, text=True,
                          env=clean_environment(environment), timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return yaml.safe_load(done.stdout)


def stages_of_the_dockerfile():
    """The text of each stage by its name; the last one, which is what runs, has none."""
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.M)[1:]
    named = [re.match(r"\S+(?: AS (\w+))?\n", stage) for stage in stages]
    return {match.group(1): stage for match, stage in zip(named, stages)}


def image_of_the_dockerfile(stage=None):
    """ENTRYPOINT, CMD and ENV of a stage; but for PATH, which a program of this machine has of its own."""
    text = stages_of_the_dockerfile()[stage]
    found = dict(re.findall(r"^(ENTRYPOINT|CMD) (\[.*\])$", text, re.M))
    environment = dict(re.findall(r"^ENV (\w+)=(\S+)$", text, re.M))
    environment.pop("PATH", None)
    return json.loads(found["ENTRYPOINT"]), json.loads(found["CMD"]), environment


class Containers:
    """Makes commands of services runnable here. `places`: what a container says -> what it is here."""

    def __init__(self, model, shunt, places):
        self.model = model
        self.shunt = shunt
        self.places = places

    def _here(self, text):
        text = text.replace("$$", "$")
        for there, here in self.places.items():
            text = text.replace(there, here)
        return text

    def _environment(self, service, base=None):
        listed = self.model["services"][service].get("environment", {})
        return {name: self._here(str(value)) for name, value in {**(base or {}), **listed}.items()}

    def of_shunt(self, service):
        """Command and environment of a service that runs the image of our Dockerfile."""
        entrypoint, command, environment = image_of_the_dockerfile()
        command = self.model["services"][service].get("command") or command
        command = shlex.split(command) if isinstance(command, str) else command
        assert entrypoint == ["shunt"]
        return [self.shunt, *map(self._here, command)], self._environment(service, environment)

    def of(self, service):
        """The same of another image."""
        return [self._here(part) for part in self.model["services"][service]["command"]], self._environment(service)

    def health_check(self, service):
        kind, *rest = self.model["services"][service]["healthcheck"]["test"]
        command = ["sh", "-c", rest[0]] if kind == "CMD-SHELL" else rest
        if command[0] == "shunt":
            # Where the API listens is said by the image's command, and the default in there.
            return [self.shunt, *command[1:]], self._environment(service, {"SHUNT_SERVER_LISTEN": "127.0.0.1:8080"})
        return [self._here(part) for part in command], self._environment(service)
