"""Pages of the C++ headers from Doxygen's XML, and of the HTTP API from its document."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

import openapi_pages
from doxygen_xml import Compound, Header, Member, block, inline, tidy
from header_page import folded, written
from links import ROOT
from markdown_page import parsed

DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("xml, markdown", [
    ("<para>a <computeroutput>x&lt;y&gt;</computeroutput> b</para>", "a `x<y>` b"),
    ('<para>see <ref refid="c1">Job</ref>.</para>', "see [`Job`](ref:c1)."),
    ('<para>asks <ref refid="c1">Redis</ref></para>', "asks Redis"),
    ("<para>\\&lt;prefix\\&gt; &lt;b&gt;</para>", "&lt;prefix&gt; &lt;b&gt;"),
    ("<para><bold>b</bold> <emphasis>e</emphasis></para>", "**b** *e*"),
])
def test_a_comment_becomes_markdown(xml, markdown):
    assert inline(ElementTree.fromstring(xml)) == markdown


def test_lists_and_code_in_a_comment_stand_alone():
    xml = ("<d><para>one<itemizedlist><listitem><para>a</para></listitem><listitem><para>b</para></listitem></itemizedlist>"
           "two</para><para><programlisting><codeline><highlight>int<sp/>x;</highlight></codeline></programlisting></para></d>")
    assert block(ElementTree.fromstring(xml)) == "one\n\n- a\n- b\n\ntwo\n\n```cpp\nint x;\n```"


@pytest.mark.parametrize("code, wanted", [
    ("const Data & data", "const Data& data"), ("std::vector< int >", "std::vector<int>"),
    ("(int a=1, std::string b=\"{}\")", "(int a = 1, std::string b = \"{}\")"), ("(Queue &&)=delete", "(Queue&&) = delete"),
])
def test_code_is_written_as_in_the_headers(code, wanted):
    assert tidy(code) == wanted


def test_a_long_declaration_has_a_line_for_each_parameter():
    text = "void f(" + ", ".join(f"std::map<std::string, int> parameter_{number}" for number in range(4)) + ") const"
    lines = folded(text).split("\n")
    assert len(lines) == 5 and lines[-1].endswith("parameter_3) const")


def test_a_reference_to_another_header_leads_there():
    job = Compound("c1", "class", "bullmq::Job", [], "A job.", 1, [])
    options = Compound("c2", "struct", "bullmq::Options", [], "Of a [`Job`](ref:c1), [`gone`](ref:c9).", 1, [
        Member("m1", "variable", "n", "int n = 1", "a | b", 2, "1", "int")])
    pages = written({"bullmq/job.hpp": Header("bullmq/job.hpp", [job]),
                     "bullmq/options.hpp": Header("bullmq/options.hpp", [options])})
    assert set(pages) == {"index.md", "job.md", "options.md"}
    assert "Of a [`Job`](job.md#c1), `gone`." in pages["options.md"]
    assert '| <a id="m1"></a>`n` | `int` | `1` | a \\| b |' in pages["options.md"]


def test_every_call_of_the_api_has_its_place_and_every_link_leads_to_one():
    pages = openapi_pages.pages(DOCUMENT)
    anchors = {name: set(parsed(text).anchors) for name, text in pages.items()}
    calls = list(openapi_pages.operations_in(DOCUMENT))
    assert len(calls) > 40
    assert all(operation["operationId"] in anchors[openapi_pages.area_of(path).page] for path, _, operation in calls)
    for name, text in pages.items():
        for link in parsed(text).links:
            page, _, anchor = link.target.partition("#")
            assert page in ("../api.md", "openapi.json") or anchor in anchors[page], f"{name}: {link.target}"


def test_a_schema_is_told_with_its_bounds_and_what_is_inside():
    table = openapi_pages.members_table({"required": ["a"], "properties": {
        "a": {"type": "integer", "minimum": 1, "maximum": 5, "description": "x | y"},
        "b": {"type": "array", "items": {"type": "object", "properties": {"c": {"enum": ["d", "e"]}}}}}})
    assert table.split("\n")[2:] == ["| `a` * | integer | x \\| y; from 1; to 5 |", "| `b` | list of object |  |",
                                     "| `b[].c` | `d`, `e` |  |"]


def test_no_model_of_the_example_is_part_of_the_api():
    assert not re.search("Input_", "".join(openapi_pages.pages(DOCUMENT).values()))
