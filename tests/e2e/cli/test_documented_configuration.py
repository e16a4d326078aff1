"""What the documents show as configuration is configuration."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = [(path, block) for path in DOCUMENTS
            for block in re.findall(r"```toml\n(.*?)```", path.read_text(encoding="utf-8"), re.S)]


@pytest.mark.parametrize(("path", "block"), EXAMPLES, ids=[str(p.relative_to(ROOT)) for p, _ in EXAMPLES])
def test_an_example_of_the_documents_is_valid(shunt, path, block):
    # An example may show settings alone; a file needs a model.
    models = "" if "[models." in block else '\n[models.m]\ndriver = "simulator"\n'
    shunt.write("shunt.toml", block + models)
    checked = shunt.run("config", "check", "--config", "shunt.toml")
    assert checked.returncode == 0, checked.stderr.decode()


def test_there_are_examples():
    assert len(EXAMPLES) >= 3


def test_the_reference_has_every_setting(shunt):
    shown = shunt.run("config", "show").stdout.decode()
    names = [line.split()[0] for line in shown.splitlines() if re.match(r"[a-z_]+(\.[a-z_]+)? ", line)]
    reference = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert len(names) > 30
    assert [name for name in names if f"| `{name}`" not in reference] == []
