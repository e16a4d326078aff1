"""What the site's generator is given of a page: lists as deep as it wants them, no comments, links to where pages lie there."""

import pytest

from to_material import page, with_deep_lists, with_links, with_narrow_tables


@pytest.mark.parametrize("text, wanted", [
    ("- a\n  b\n- c", "- a\n    b\n- c"),
    ("- a\n  - b\n    c", "- a\n    - b\n        c"),
    ("1. a\n\n   b\n\n       code\n2. c", "1. a\n\n    b\n\n        code\n2. c"),
    ("words\n- a", "words\n\n- a"),
    ("- a\n\nwords", "- a\n\nwords"),
    ("- a\n\n  ```sh\n  - no item\n  ```\n- b", "- a\n\n    ```sh\n    - no item\n    ```\n- b"),
    ("words\n| a |\n| --- |", "words\n\n| a |\n| --- |"),
    ("    - code", "    - code"),
    ("a - b\n2 - 1", "a - b\n2 - 1"),
    ("", ""),
])
def test_lists_are_indented_by_fours_and_stand_alone(text, wanted):
    assert with_deep_lists(text) == wanted


def test_links_are_moved_and_code_is_left_alone():
    text = "[a](b.md#c) ![p](d.svg)\n```\n[x](y.md)\n```\n`[q]` [`w[0]`](z.md \"t\")"
    assert with_links(text, str.upper) == "[a](B.MD#C) ![p](D.SVG)\n```\n[x](y.md)\n```\n`[q]` [`w[0]`](Z.MD \"t\")"


def test_comments_go_but_for_those_in_code():
    assert page("a <!-- x\ny --> b\n```html\n<!-- z -->\n```", str) == "a b\n```html\n<!-- z -->\n```"


def test_a_table_of_settings_has_two_columns():
    text = ("| setting | default | value | variable, flag | meaning |\n| --- | --- | --- | --- | --- |\n"
            "| `a.b` | `1` | number | `A_B` | What `x \\| y` is |\n\n| other |\n| --- |\n| row |")
    assert with_narrow_tables(text) == (
        "| setting, default, values | meaning |\n| --- | --- |\n"
        "| `a.b`<br><small>default: `1`<br>number<br>`A_B`</small> | What `x \\| y` is |\n\n| other |\n| --- |\n| row |")
