"""What libbullmq.so shows is exported_symbols.txt, no more and no less: a name that goes or changes breaks programs that
were linked before, and then the soname must change (docs/install.md). `test_exported_symbols.py --write` writes the list
anew."""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from built_packages import BUILD, output_of  # noqa: E402

LIST = Path(__file__).with_name("exported_symbols.txt")
STRING = re.compile(r"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> ?>")
VIEW = re.compile(r"std::basic_string_view<char, std::char_traits<char> ?>")
# Types of exceptions, and what has one definition; templates and inline functions are where each program uses them.
LISTED = set("TDBRV")
# Asio's are the program's, too: bullmq.map says why they are shown.
OURS = re.compile(r"^bullmq::|^(typeinfo|typeinfo name|vtable) for bullmq::\w+$")


def library():
    return BUILD / "lib" / "libbullmq.so"


def exported():
    """(type, name) of all that the library shows."""
    found = set()
    for line in output_of("nm", "--dynamic", "--defined-only", "--demangle", library()).splitlines():
        kind, name = line[17], line[19:].split("@@")[0]
        found.add((kind, VIEW.sub("std::string_view", STRING.sub("std::string", name))))
    return found


def public_face():
    return sorted({name for kind, name in exported() if kind in LISTED and OURS.match(name)})


def test_the_list_of_exported_names_is_what_the_library_shows():
    assert public_face() == LIST.read_text().splitlines()


def test_nothing_of_the_inside_is_shown_but_what_inline_code_of_the_headers_calls():
    inside = [name for name in public_face() if name.startswith("bullmq::detail::")]
    assert {name.split("(")[0].split("[")[0].removeprefix("bullmq::detail::") for name in inside} == {
        "BatchWaiter::abandon", "BatchWaiter::complete", "join_batch", "make_batch_runner", "quoted_text",
        "read_json_value", "write_json_value"}
    assert not [name for name in public_face() if re.match(r"bullmq::(blocking::)?\w+::(State|Loop|Owned)::", name)]


def test_nothing_of_others_is_shown_but_asio():
    foreign = [name for kind, name in exported() if kind in "TDBR" and not OURS.match(name) and "boost::asio::" not in name]
    assert foreign == []


def test_the_soname_has_the_number_of_the_package():
    assert "[libbullmq.so.1]" in output_of("readelf", "--dynamic", library())
    assert os.path.realpath(library()).startswith(str(library()) + ".1.")


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    LIST.write_text("\n".join(public_face()) + "\n")
