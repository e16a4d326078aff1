#!/usr/bin/env python3
"""batches.py LIMIT FILE...: prints the number of a batch for each file, separated by semicolons. The files of a batch are
compiled as one (cmake/ShuntBatches.cmake): they are of one folder, cost about LIMIT lines together, and no two of them
declare the same name, as a helper in an unnamed namespace, or give a name two meanings."""

import re
import sys
from pathlib import Path

# What stands at the beginning of a line is declared in a namespace: the formatter indents all else.
TYPE = re.compile(r"(?:template <.*> )?(?:class|struct|union|enum(?: class)?) (\w+)(?!\w|::)")
ALIAS = re.compile(r"using (\w+) =")
MACRO = re.compile(r"# *define (\w+)")
FUNCTION_OR_OBJECT = re.compile(
    r"(?!\s|namespace\b|using\b)(?:\[\[\w+\]\] )?[\w:<>,*&\[\] ]*?(?<![:\w])(\w+)(?:\(| = |\{|;|\[)")
DECLARATIONS = (TYPE, ALIAS, MACRO, FUNCTION_OR_OBJECT)
# What looks like a declaration and is a macro's call.
CALLS = {"TEST", "TEST_F", "TEST_P", "TYPED_TEST", "TYPED_TEST_SUITE", "INSTANTIATE_TEST_SUITE_P", "static_assert"}

# What a file gives a second, short name, and what it brings into its namespace: each must mean the same in all files.
SHORT_NAME = re.compile(r"^namespace (\w+) = ([\w:]+);", re.MULTILINE)
BROUGHT = re.compile(r"^using ((?:\w+::)+)(\w+);", re.MULTILINE)
WHOLE_NAMESPACE = re.compile(r"^using namespace ([\w:]+);", re.MULTILINE)
# These bring names that nothing else has.
HARMLESS = re.compile(r"std::(?:chrono|string|string_view)_literals|testing")
# A function that is brought from a library may in another file be the name of a variable, which must not hide it. Our own
# names with small letters are functions, and a variable may hide these.
FOREIGN_FUNCTION = re.compile(r"^using (?:std|boost|nlohmann)::(?:\w+::)*([a-z]\w*);", re.MULTILINE)
UNQUALIFIED = re.compile(r"(?<![\w:.>])[a-z]\w*")

COROUTINE = re.compile(r"\bco_(?:await|return|yield)\b")
# Lines of other code that cost a compiler as much as one of these words.
LINES_FOR_COROUTINE = 25
# Costs are rounded up to this, so that a small change does not move files from one batch to another.
STEP = 50


def names(text):
    """The names that a file declares in namespaces. Too many do no harm: two files that share one are kept apart."""
    found = set()
    for line in text.splitlines():
        declared = next(filter(None, (form.match(line) for form in DECLARATIONS)), None)
        if declared:
            found.add(declared[1])
    return found - CALLS


def cost(text):
    return text.count("\n") + LINES_FOR_COROUTINE * len(COROUTINE.findall(text))


def meanings(text):
    """What a file's borrowed names stand for."""
    return dict(SHORT_NAME.findall(text)) | {name: scope + name for scope, name in BROUGHT.findall(text)}


class File:
    def __init__(self, text, folder=""):
        self.folder = folder
        self.names = names(text)
        self.meanings = meanings(text)
        self.cost = -(-cost(text) // STEP) * STEP
        self.namespaces = {found for found in WHOLE_NAMESPACE.findall(text) if not HARMLESS.fullmatch(found)}
        self.foreign = set(FOREIGN_FUNCTION.findall(text))
        self.words = set(UNQUALIFIED.findall(text)) - self.foreign

    def goes_with(self, other):
        if self.folder != other.folder or self.namespaces != other.namespaces or self.names & other.names:
            return False
        if self.names & other.meanings.keys() or other.names & self.meanings.keys():
            return False
        if any(other.meanings.get(name, meaning) != meaning for name, meaning in self.meanings.items()):
            return False
        return not self.foreign & other.words and not other.foreign & self.words


def batches(files, limit):
    """A number for each file: of the first batch that has room and whose files it goes with."""
    made, numbers = [], []
    for file in files:
        for number, batch in enumerate(made):
            has_room = sum(other.cost for other in batch) + file.cost <= limit
            if has_room and all(file.goes_with(other) for other in batch):
                break
        else:
            number, batch = len(made), []
            made.append(batch)
        batch.append(file)
        numbers.append(number)
    return numbers


def main():
    paths = [Path(path) for path in sys.argv[2:]]
    files = [File(path.read_text(encoding="utf-8"), path.parent) for path in paths]
    print(";".join(map(str, batches(files, int(sys.argv[1])))), end="")


if __name__ == "__main__":
    main()
