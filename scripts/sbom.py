#!/usr/bin/env python3
"""sbom.py [--image ROOT] BINARY OUTPUT...: what is in a binary and which packages it needs to run, for scanners. An OUTPUT
that ends in .cdx.json is CycloneDX 1.5, one that ends in .spdx.json SPDX 2.3.

Linked libraries are what the dynamic loader finds, compiled-in ones the [run] section of packages.txt, the scripts those
of the npm lock file; versions are those of this machine's packages. With --image the libraries, and all else beside the
binary, are the packages that the file system ROOT has files of. The same input gives the same bytes.
"""

import argparse
import json
import sys
from pathlib import Path

from bill import bill_of
from bill_as_cyclonedx import cyclonedx
from bill_as_spdx import spdx

FORMATS = {".cdx.json": cyclonedx, ".spdx.json": spdx}


def format_of(output):
    found = next((made for suffix, made in FORMATS.items() if output.endswith(suffix)), None)
    return found or sys.exit(f"sbom.py: {output} ends in none of {', '.join(FORMATS)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", metavar="ROOT")
    parser.add_argument("binary")
    parser.add_argument("outputs", nargs="+", metavar="OUTPUT")
    options = parser.parse_args()
    formats = {output: format_of(output) for output in options.outputs}
    bill = bill_of(options.binary, options.image)
    for output, made in formats.items():
        Path(output).write_text(json.dumps(made(bill), indent=1) + "\n")


if __name__ == "__main__":
    main()
