"""Which source files are compiled as one (cmake/batches.py)."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cmake"))

from batches import LINES_FOR_COROUTINE, STEP, File, batches, cost, names  # noqa: E402


@pytest.mark.parametrize("line, found", [
    ("constexpr std::size_t kItems = 200;", {"kItems"}),
    ("const std::map<std::string, int> kOfName{", {"kOfName"}),
    ("thread_local const void* processing_for = nullptr;", {"processing_for"}),
    ("constexpr const char* kFlags[] = {", {"kFlags"}),
    ("std::vector<Reply> results_of(Reply exec, std::size_t size) {", {"results_of"}),
    ("[[nodiscard]] bool is_open(int code);", {"is_open"}),
    ("struct Case {", {"Case"}),
    ("enum class Kind { a, b };", {"Kind"}),
    ("template <typename T> class Held final : public Base {", {"Held"}),
    ("using Clock = std::chrono::steady_clock;", {"Clock"}),
    ("namespace asio = boost::asio;", set()),  # the same in all files that have it
    ("std::string Queue::name() {", set()),  # a member, as its class is
    ("struct Queue::State {", set()),
    ("using bullmq::Job;", set()),  # what it stands for is compared
    ("  int count = 0;", set()),  # in a function or a class
    ("TEST(Digest, IsOfTheBytes) {", set()),
    ("// A comment (of some length) = nothing.", set()),
    ("#define NAME(x) x", {"NAME"}),
    ("}  // namespace shunt", set()),
])
def test_names_are_what_a_line_declares_in_a_namespace(line, found):
    assert names(line + "\n") == found


def test_a_coroutine_costs_more_than_its_lines():
    assert cost("int a;\nint b;\n") == 2
    assert cost("co_await a();\nco_return;\n") == 2 + 2 * LINES_FOR_COROUTINE


def of(lines, *declared, folder=""):
    """A file of so many lines that declares these names."""
    return File("".join(f"int {name};\n" for name in declared) + "\n" * (lines - len(declared)), folder)


def test_files_share_a_batch_until_it_is_full():
    assert batches([of(300, "x"), of(300, "y"), of(300, "z"), of(100)], 700) == [0, 0, 1, 0]


def test_a_file_of_another_folder_moves_none():
    before = [of(300, "x", folder="a"), of(300, "y", folder="b"), of(300, "z", folder="b")]
    assert batches(before, 700) == [0, 1, 1]
    assert batches([before[0], of(500, folder="a"), *before[1:]], 700) == [0, 1, 2, 2]


def test_a_few_lines_more_move_none():
    assert of(STEP + 1).cost == of(STEP + 10).cost == 2 * STEP


def test_two_that_declare_the_same_name_are_kept_apart():
    assert batches([of(10, "x", "y"), of(10, "y"), of(10, "x")], 700) == [0, 1, 1]


def test_a_file_that_is_too_long_is_alone():
    assert batches([of(900), of(10), of(10)], 700) == [0, 1, 1]


def kept_apart(one, other):
    numbers = batches([File(one), File(other)], 700)
    assert numbers == batches([File(other), File(one)], 700)
    return numbers == [0, 1]


@pytest.mark.parametrize("other, apart", [
    ("  const auto seconds = number_in(text);\n", True),  # a variable hides what the first file brought
    ("using std::chrono::seconds;\n", False),
    ("  wait(std::chrono::seconds(1));\n", False),
    ("  wait(limits.seconds);\n", False),
])
def test_a_name_that_a_file_brings_in_means_the_same_in_all(other, apart):
    assert kept_apart("using std::chrono::seconds;\n", other) == apart


@pytest.mark.parametrize("one, other, apart", [
    ("using bullmq::Job;\n", "using bullmq::Job;\n", False),
    ("using bullmq::Job;\n", "using shunt::flip::Job;\n", True),
    ("using bullmq::Job;\n", "struct Job {\n", True),
    ("namespace json = boost::json;\n", "namespace json = boost::json;\n", False),
    ("namespace json = boost::json;\n", "namespace json = nlohmann;\n", True),
    ("namespace json = boost::json;\n", "std::string json(int value) {\n", True),
])
def test_a_short_name_stands_for_the_same_in_all(one, other, apart):
    assert kept_apart(one, other) == apart


@pytest.mark.parametrize("one, other, apart", [
    ("using namespace shunt::base;\n", "using namespace shunt::base;\n", False),
    ("using namespace shunt::base;\n", "using namespace bullmq;\n", True),
    ("using namespace shunt::base;\n", "", True),
    ("using namespace std::chrono_literals;\n", "", False),
    ("using namespace testing;\n", "", False),
])
def test_files_that_take_in_other_namespaces_are_kept_apart(one, other, apart):
    assert kept_apart(one, other) == apart
