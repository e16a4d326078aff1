"""What the units of the package would start, started without systemd: their command and environment, as their user, in
their folder."""

import json
import os
import signal
import subprocess
import tempfile
import urllib.request

from debian_chroot import BARE_ENVIRONMENT


def unit_settings(chroot, unit):
    found = {}
    for line in (chroot.root / "usr/lib/systemd/system" / unit).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            found.setdefault(line.split("=", 1)[0], []).append(line.split("=", 1)[1])
    return found


class Service:
    """The process of a unit, ready."""

    def __init__(self, chroot, unit, ready, **environment):
        settings = unit_settings(chroot, unit)
        argv = settings["ExecStart"][0].replace("%H", "host").replace("%i", "1").split()
        named = dict(value.split("=", 1) for value in settings["Environment"])
        user = settings["User"][0]
        self.log = tempfile.TemporaryFile("w+")
        state = f"/var/lib/{settings['StateDirectory'][0]}"
        self.process = subprocess.Popen(
            chroot.command("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--no-new-privs",
                           "env", f"--chdir={state}", *argv),
            env={**BARE_ENVIRONMENT, **named, "STATE_DIRECTORY": state, **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.line = self.process.stdout.readline()
        assert ready in self.line, self.logged()

    def logged(self):
        self.log.seek(0)
        return self.log.read()

    @property
    def url(self):
        return self.line.split()[-1]

    def ask(self, path, body=None, **headers):
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode(),
                                         {"Content-Type": "application/json", **headers})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    @property
    def user_id(self):
        return os.stat(f"/proc/{self.process.pid}").st_uid

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """As systemd does."""
        self.signal(signal.SIGTERM)
        return self.process.wait(90)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()
