"""The code of bullmq's documentation is code that runs: each ```cpp and ```cmake block of bullmq/README.md and
docs/bullmq/ names the file it is from, on the line before it,

    <!-- code: examples/bullmq_producer/bullmq_producer.cpp -->        the whole file
    <!-- code: examples/bullmq_snippets/bullmq_snippets.cpp [once] -->  from "// [once]" to "// [end]", unindented

and is the same as what is there. Usage: doc_code.py ROOT [--fix]; --fix writes the blocks anew from the files."""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(sys.argv[1])
BLOCK = re.compile(r"^```(cpp|cmake)\n(.*?)^```$", re.M | re.S)
MARK = re.compile(r"<!-- code: (\S+)(?: \[([\w-]+)\])? -->\n\Z")


def code_of(name, region):
    text = (ROOT / name).read_text(encoding="utf-8")
    if not region:
        return text
    found = re.search(rf"^ *// \[{re.escape(region)}\]\n(.*?)^ *// \[end\]$", text, re.M | re.S)
    if not found:
        raise LookupError(f"{name} has no // [{region}] ... // [end]")
    return textwrap.dedent(found[1])


def check(page, fix):
    text = page.read_text(encoding="utf-8")
    problems = []

    def replace(block):
        where = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, block.start()) + 1}"
        mark = MARK.search(text, 0, block.start())
        if not mark:
            problems.append(f"{where}: code without a line <!-- code: FILE [REGION] --> before it")
            return block[0]
        try:
            wanted = code_of(*mark.groups())
        except (OSError, LookupError) as error:
            problems.append(f"{where}: {error}")
            return block[0]
        if block[2] != wanted and not fix:
            problems.append(f"{where}: is not what {mark[1]} has; doc_code.py ROOT --fix writes it anew")
        return f"```{block[1]}\n{wanted}```"

    fixed = BLOCK.sub(replace, text)
    if fix and fixed != text:
        page.write_text(fixed, encoding="utf-8")
    return problems, len(BLOCK.findall(text))


found = [check(page, "--fix" in sys.argv)
         for page in [ROOT / "bullmq/README.md", *sorted((ROOT / "docs/bullmq").glob("*.md"))]]
problems = [problem for page, _ in found for problem in page]
print("\n".join(problems) if problems else f"{sum(count for _, count in found)} blocks are what their files have")
sys.exit(1 if problems else 0)
