"""How long a page takes to read. The rule: 220 words of prose a minute. A table is searched for a row and code is looked
over, neither is read word by word, so their words count half. What a link points to, comments and markup are not read."""

import re

from markdown_page import LINK, parsed

WORDS_A_MINUTE = 220
LOOKED_AT = 0.5


def words(lines):
    text = LINK.sub(r"\1", "\n".join(lines))
    text = re.sub(r"<[^>]+>", " ", text)
    return sum(1 for word in text.split() if re.search(r"\w", word))


def minutes(text):
    page = parsed(text)
    return (words(page.prose) + LOOKED_AT * (words(page.table) + words(page.code))) / WORDS_A_MINUTE
