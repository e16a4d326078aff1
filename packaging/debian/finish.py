#!/usr/bin/env python3
"""Adds to the folders that CPack has laid out what every Debian package has: copyright and changelog, manual pages
compressed, lintian's overrides. Usage: finish.py --staging FOLDER --version V --maintainer M --scripts-licence FILE"""
import argparse
import email.utils
import gzip
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts"))

from build_time import build_time  # noqa: E402

PACKAGES = {"shunt": "shunt", "bullmq_runtime": "libbullmq1", "bullmq_dev": "libbullmq-dev"}


def compressed(path, data):
    # -n of gzip: no name and no time in it.
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, mtime=0))
    path.chmod(0o644)


def copyright_text(licence_of_scripts):
    """packaging/debian/copyright with the notice of the scripts as its last paragraph, which Debian's format indents."""
    lines = (" ." if not line.strip() else " " + line.rstrip() for line in licence_of_scripts.strip().split("\n"))
    return (HERE / "copyright").read_text(encoding="utf-8").replace("@NOTICE@", "\n".join(lines))


def changelog_text(package, arguments):
    date = email.utils.formatdate(build_time())
    return (f"{package} ({arguments.version}) unstable; urgency=medium\n\n"
            f"  * What changed is in /usr/share/doc/shunt/CHANGELOG.md of the package shunt.\n\n"
            f" -- {arguments.maintainer}  {date}\n")


def without_model(text, model):
    """The configuration with the tables of a model as comments."""
    lines, inside = [], False
    for line in text.split("\n"):
        if line.startswith("["):
            inside = line.startswith((f"[models.{model}]", f"[models.{model}."))
        lines.append("# " + line if inside and line and not line.startswith("#") else line)
    return "\n".join(lines)


def finish_configuration(path):
    """The service starts with what the package depends on: a model whose program may not be there is for the administrator
    to turn on."""
    text = path.read_text(encoding="utf-8")
    note = "# Install espeak-ng and take the # from these tables to have it.\n[models.speech]\n"
    path.write_text(without_model(text.replace("[models.speech]\n", note), "speech"), encoding="utf-8")


def finish(folder, package, arguments):
    docs = folder / "usr/share/doc" / package
    docs.mkdir(parents=True, exist_ok=True)
    licence = pathlib.Path(arguments.scripts_licence).read_text(encoding="utf-8")
    (docs / "copyright").write_text(copyright_text(licence), encoding="utf-8")
    compressed(docs / "changelog.gz", changelog_text("shunt", arguments).encode())
    if (configuration := folder / "etc/shunt/shunt.toml").exists():
        finish_configuration(configuration)
    for page in folder.glob("usr/share/man/man*/*.[1-8]"):
        compressed(page.with_name(page.name + ".gz"), page.read_bytes())
        page.unlink()
    overrides = HERE / package / "lintian-overrides"
    if overrides.exists():
        target = folder / "usr/share/lintian/overrides" / package
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(overrides.read_bytes())
    for path in [folder, *folder.rglob("*")]:
        # Whatever the umask was.
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o755 if path.parent == folder / "usr/bin" else 0o644)


def main():
    parser = argparse.ArgumentParser()
    for name in ("staging", "version", "maintainer", "scripts-licence"):
        parser.add_argument("--" + name, required=True)
    arguments = parser.parse_args()
    for component, package in PACKAGES.items():
        finish(pathlib.Path(arguments.staging) / component, package, arguments)


main()
