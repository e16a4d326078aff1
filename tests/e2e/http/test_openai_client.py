"""OpenAI's own client (npm) against /v1/files."""

import json
import subprocess
from pathlib import Path

import npm_packages
from shunt_process import CONFIG

HERE = Path(__file__).parent / "clients"


def test_files_of_openais_client(start, tmp_path):
    npm_packages.install(HERE)
    server = start(CONFIG + f'\n[files]\nmin_free = 0\ndirectory = "{tmp_path}/files"\n')
    done = subprocess.run(["node", "files.mjs", f"{server.url}/v1", "none"], cwd=HERE, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    made = seen["made"]
    assert made["object"] == "file" and made["bytes"] == 300_000 and made["filename"] == "käse.png"
    assert made["expires_at"] == made["created_at"] + 3600
    assert seen["retrieved"] == made and seen["same"]
    assert seen["listed"] == seen["made_ids"]  # over two pages
    assert seen["removed"] == {"id": made["id"], "object": "file", "deleted": True}
    assert seen["unknown"] == ["NotFoundError", 404]
    assert seen["purpose"][1] in (400, 422)
