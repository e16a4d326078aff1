"""The check of a built site finds what is wrong on one that lies."""

import subprocess
import sys

import pytest

from check_site import Site
from links import ROOT


def site(folder, page, **others):
    (folder / "index.html").write_text(page)
    for name, text in {"other.html": '<h2 id="there">x</h2>', **others}.items():
        (folder / name.replace("_", ".", 1)).write_text(text)
    return sorted(Site(folder).problems())


@pytest.mark.parametrize("page", [
    '<a href="other.html">x</a>', '<a href="other.html#there">x</a>', '<p id="own"></p><a href="#own">x</a>',
    '<a href="https://example.com/x">a reader may go there</a>', '<link rel="canonical" href="https://example.com/">',
    '<img src="data:image/png;base64,AA">', '<style>a { background: url(data:image/png;base64,AA) }</style>',
    '<script>const link = "https://example.com"</script>', '<a href="mailto:a@example.com">x</a>',
])
def test_what_is_right_is_let_be(tmp_path, page):
    assert site(tmp_path, page) == []


@pytest.mark.parametrize("page, problem", [
    ('<a href="gone.html">x</a>', "gone.html: leads nowhere"),
    ('<a href="../index.html">x</a>', "../index.html: leads nowhere"),
    ('<a href="other.html#gone">x</a>', "there is no such anchor"),
    ('<a href="#gone">x</a>', "there is no such anchor"),
    ('<a href="javascript:x()">x</a>', "an unknown scheme"),
    ('<script src="https://cdn.example.com/x.js"></script>', "fetches https://cdn.example.com/x.js"),
    ('<script src="//cdn.example.com/x.js"></script>', "fetches //cdn.example.com/x.js"),
    ('<link rel="stylesheet" href="https://fonts.example.com/css">', "fetches https://fonts.example.com/css"),
    ('<link rel="preconnect" href="https://fonts.example.com">', "fetches https://fonts.example.com"),
    ('<img src="http://example.com/p.png">', "fetches http://example.com/p.png"),
    ('<style>@import "https://example.com/x.css";</style>', "fetches https://example.com/x.css"),
    ('<p style="background: url(\'https://example.com/x.png\')">', "fetches https://example.com/x.png"),
    ('<form action="https://example.com/search">', "fetches https://example.com/search"),
])
def test_what_is_wrong_is_named(tmp_path, page, problem):
    found, = site(tmp_path, page)
    assert problem in found


def test_a_style_file_is_read_too(tmp_path):
    found, = site(tmp_path, "", x_css="@font-face { src: url(https://fonts.example.com/f.woff2) }")
    assert found == "x.css: fetches https://fonts.example.com/f.woff2"


def test_a_folder_without_pages_is_no_site(tmp_path):
    done = subprocess.run([sys.executable, "-B", ROOT / "docs/site/check_site.py", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and "no page" in done.stdout
