"""`./run demo flip`: a whole flip under load, with a broken build of the workers on the way."""

import os
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

DEMO = Path(__file__).resolve().parents[3] / "examples/flip_demo/demo.py"


def test_the_demonstration_is_taken_back_by_its_controller(tmp_path):
    picture = tmp_path / "flip.svg"
    told = subprocess.run(["/usr/bin/python3", "-B", str(DEMO), os.environ["SHUNT_BIN"], "--picture", str(picture)],
                          capture_output=True, text=True, timeout=330, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    lines = told.stdout.splitlines()
    places = [line.split("  ", 1)[1].split(":")[0].split(",")[0] for line in lines[:12] if line[:1].isdigit()]
    for place in ("dark", "shadow", "canary 5%", "canary 25%", "off"):
        assert place in places, told.stdout
    # It may be over before anybody looks; the log has it.
    assert re.search(r" abort +aborting ", told.stdout), told.stdout
    assert "taken back by the controller" in told.stdout
    assert "0 were refused or lost" in told.stdout
    words = [element.text for element in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert {"dark", "shadow", "canary 5%", "canary 25%", "broken build", "taken back"} <= set(words), words
