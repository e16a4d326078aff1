#!/usr/bin/env python3
"""batches.py LIMIT FILE...: prints the number of a batch for each file, separated by semicolons. The files of a batch are
compiled as one (cmake/ShuntBatches.cmake): they cost about LIMIT lines together, and no two of them declare the same name, as
a helper in an unnamed namespace, or give a name two meanings."""

import re
import sys
from pathlib import Path

# What stands at the beginning of a line is declared in a namespace: the formatter indents all else.
TYPE = re.compile(r"(?:template <.*> )?(?:class|struct|union|enum(?: class)?) (\w+)(?!\w|::)")
ALIAS = re.compile(r"using (\w+) =")
MACRO = re.compile(r"# *define (\w+)")
FUNCTION_OR_OBJECT = re.compile(r"(?!\s|namespace\b)(?:\[\[\w+\]\] )?[\w:<>,*&\[\] ]*?(?<![:\w])(\w+)(?:\(| = |\{|;|\[)")
DECLARATIONS = (TYPE, ALIAS, MACRO, FUNCTION_OR_OBJECT)
# What looks like a declaration and is a macro's call.
CALLS = {"TEST", "TEST_F", "TEST_P", "TYPED_TEST", "INSTANTIATE_TEST_SUITE_P", "static_assert"}

# What a file brings into its namespace from a library, which in another file may be the name of a variable. Our own names
# with small letters are functions, and a variable may hide these.
BROUGHT = re.compile(r"^using (?:std|boost|nlohmann)::(?:\w+::)*([a-z]\w*);", re.MULTILINE)
UNQUALIFIED = re.compile(r"(?<![\w:.>])[a-z]\w*")

COROUTINE = re.compile(r"\bco_(?:await|return|yield)\b")
# Lines of other code that cost a compiler as much as one of these words.
LINES_FOR_COROUTINE = 25


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


class File:
    def __init__(self, text):
        self.names = names(text)
        self.cost = cost(text)
        self.brought = set(BROUGHT.findall(text))
        self.words = set(UNQUALIFIED.findall(text)) - self.brought

    def goes_with(self, other):
        hidden = self.brought & other.words or other.brought & self.words
        return not hidden and not self.names & other.names


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
    files = [File(Path(path).read_text(encoding="utf-8")) for path in sys.argv[2:]]
    print(";".join(map(str, batches(files, int(sys.argv[1])))), end="")


if __name__ == "__main__":
    main()
