"""The reader of documents itself: what it takes for a command."""

import pytest

from document import blocks, commands_in

TEXT = """\
Prose with `code`.

    curl -s x \\
      -d 'a b'
    QUEUE_ENABLED=true ./run worker   # a comment

    [models.x]
    driver = "y"

```console
$ echo one
one
$ run() { echo "$1"; }
```

```json
{"curl": 1}
```

```
wget http://x
```

```sh
node -e "
  1 + 1"
unheard-of --flag
```
"""


def test_commands_are_what_a_reader_would_type():
    assert [command.text for command in commands_in("p", TEXT)] == [
        "curl -s x \\\n  -d 'a b'", "QUEUE_ENABLED=true ./run worker   # a comment", "echo one",
        'run() { echo "$1"; }', "wget http://x", 'node -e "\n  1 + 1"', "unheard-of --flag"]


def test_commands_know_their_lines_and_programs():
    first, second, *_ = commands_in("p", TEXT)
    assert (first.line, first.program) == (3, "curl")
    assert (second.line, second.program) == (5, "./run")


@pytest.mark.parametrize("text", ["    curl 'unfinished\n", "```sh\nfor x in y; do\n```\n"])
def test_what_no_shell_takes_is_a_command_all_the_same(text):
    assert len(commands_in("p", text)) == 1


def test_paragraphs_of_an_indented_block_are_looked_at_one_by_one():
    assert [block.line for block in blocks(TEXT) if not block.language] == [3, 7, 21]
