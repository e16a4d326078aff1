"""The docs site as ./docs/build makes it, looked at by a browser: SHUNT_TEST_SITE=1, or ./test --site."""

import functools
import http.server
import json
import os
import subprocess
import threading

import pytest

from links import ROOT

pytestmark = pytest.mark.skipif("SHUNT_TEST_SITE" not in os.environ, reason="SHUNT_TEST_SITE=1 builds the site")
SITE = ROOT / "build/docs/site"
VISITED = ["index.html", "trouble.html", "configuration.html", "flip.html", "flip/rollout.html", "errors.html", "metrics.html",
           "performance/bullmq.html", "http/index.html", "http/generations.html", "http/schemas.html", "bullmq/index.html",
           "bullmq/headers/index.html", "bullmq/headers/queue.html", "bullmq/headers/worker_options.html",
           "architecture/where-to-change.html", "source/config/shunt.toml.html", "changelog.html"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def built():
    # The build looks at every link and anchor itself, and ends with 1 when there is something to say.
    done = subprocess.run([ROOT / "docs/build"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return SITE


@pytest.fixture(scope="module")
def visits(built):
    """What a browser says of each page, at two widths in both schemes."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(built)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = subprocess.run(["node", ROOT / "tests/site/visit.mjs", f"http://127.0.0.1:{server.server_port}/", *VISITED],
                              capture_output=True, text=True, timeout=600)
    finally:
        server.shutdown()
        server.server_close()
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_page_of_the_tree_is_on_the_site(built):
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert len(pages) > 80 and sorted(str(page) for page in pages if not (built / page).is_file()) == []


def test_the_public_headers_and_the_calls_of_the_api_are_there(built):
    headers = {path.stem for path in (ROOT / "bullmq/include/bullmq").glob("*.hpp")}
    pages = {path.stem for path in (built / "bullmq/headers").glob("*.html")}
    # A header whose name is all of it (version.hpp is made by the build) is no page of its own.
    assert headers - pages <= {"version"}
    assert "createGeneration" in (built / "http/generations.html").read_text(encoding="utf-8")


def test_no_page_asks_another_host_for_anything(visits):
    assert len(visits) == 4 * len(VISITED)
    assert [visit for visit in visits if visit["foreign"]] == []


def test_no_page_has_an_error_or_misses_a_file(visits):
    assert [visit for visit in visits if visit["errors"]] == []


def test_no_page_is_wider_than_its_window(visits):
    assert [visit for visit in visits if visit["width"] > visit["window"]] == []


def test_the_scheme_is_the_readers(visits):
    assert {(visit["scheme"], visit["shown"]) for visit in visits} == {("light", "default"), ("dark", "slate")}


def test_the_search_finds_without_asking_anybody(visits):
    found = [visit["found"] for visit in visits if visit["page"] == "index.html"]
    assert found and all(count > 0 for count in found)
