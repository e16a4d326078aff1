"""header_reference.py FOLDER: a Markdown page for each public header of the bullmq library, in FOLDER, from what Doxygen reads in
them. The settings are those of bullmq/Doxyfile.in, so a warning is an error here as in the target bullmq_docs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from header_page import written
from doxygen_xml import headers_in

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "bullmq"


def settings(folder):
    version = re.search(r"project\(bullmq VERSION ([\w.]+)", (LIBRARY / "CMakeLists.txt").read_text(encoding="utf-8"))
    values = {"PROJECT_VERSION": version[1] if version else "", "PROJECT_DESCRIPTION": "BullMQ for C++",
              "CMAKE_CURRENT_BINARY_DIR": str(folder), "CMAKE_CURRENT_SOURCE_DIR": str(LIBRARY),
              "Python3_EXECUTABLE": sys.executable}
    text = (LIBRARY / "Doxyfile.in").read_text(encoding="utf-8")
    text = re.sub(r"@(\w+)@", lambda name: values[name[1]], text)
    return text + f"\nOUTPUT_DIRECTORY = {folder}\nGENERATE_HTML = NO\nGENERATE_XML = YES\nXML_PROGRAMLISTING = NO\n"


def main(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "Doxyfile").write_text(settings(folder), encoding="utf-8")
    subprocess.run(["doxygen", str(folder / "Doxyfile")], check=True, stdout=subprocess.DEVNULL)
    headers = headers_in(folder / "xml")
    pages = folder / "pages"
    pages.mkdir()
    for name, text in written(headers).items():
        (pages / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
