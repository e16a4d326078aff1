"""Draws the figures of ./bench/run bullmq as an SVG of bars: a group for each scenario with a scale of its own, a bar for
each client. Its own text, no plotting package; the colours follow the reader's light or dark scheme.
    plot.py FIGURES.json PICTURE.svg      from what --json FILE wrote"""
import html
import json
import sys

WIDTH = 1000
COLUMN = 490
LABEL = 130  # names of the clients, right-aligned before the bars
LONGEST = 190
BAR, STEP = 11, 16
TITLE, GAP = 22, 14
TOP = 64

STYLE = """
  text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; fill: #1f2328; }
  .head { font-size: 17px; font-weight: 600; }
  .title { font-weight: 600; }
  .dim { fill: #59636e; }
  .ours { fill: #0969da; }
  .same { fill: #818b98; }
  .other { fill: #d1d9e0; stroke: #818b98; stroke-width: 1; }
  .paper { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .dim { fill: #9198a1; }
    .ours { fill: #4493f8; }
    .same { fill: #9198a1; }
    .other { fill: #3d444d; stroke: #9198a1; }
    .paper { fill: #0d1117; }
  }
"""

# The figure of a scenario that is drawn, and how it is said.
DRAWN = {"rate": "{:,.0f}/s", "p50": "{:,.0f} us"}
SHARED = "worker process"


def groups_of(rows):
    """[(title, figure, [(client, value)])]: what belongs together, in the order of the rows."""
    groups = {}
    for row in rows:
        scenario, _, figure = row["figure"].rpartition(": ")
        if figure not in DRAWN:
            continue
        if SHARED in scenario:
            processes = scenario.split(" ", 1)[0]
            bars = groups.setdefault(("worker processes on one queue", figure), {})
            put(bars, row, lambda client: f"{client}, {processes}")
        else:
            title = scenario + (" (median; shorter is better)" if figure == "p50" else "")
            put(groups.setdefault((title, figure), {}), row, lambda client: client)
    grouped = [(title, figure, list(bars.items())) for (title, figure), bars in groups.items()]
    return [(title, figure, by_client(bars) if "," in bars[-1][0] else bars) for title, figure, bars in grouped]


def put(bars, row, name):
    bars[name("ours")] = row["ours"]
    if row["peer"] is not None:
        bars[name(row["peer_name"])] = row["peer"]


def by_client(bars):
    clients = list(dict.fromkeys(name.split(",")[0] for name, _ in bars))
    return sorted(bars, key=lambda bar: clients.index(bar[0].split(",")[0]))


def against(value, ours):
    """Our figure as a multiple of the peer's."""
    ratio = ours / value if value else 0
    return f" ({ratio:.{0 if ratio >= 10 else 1 if ratio >= 1 else 2}f}x)"


def draw_group(group, x, y, others):
    title, figure, bars = group
    longest, ours = max(value for _, value in bars) or 1, bars[0][1]
    yield f'<text class="title" x="{x}" y="{y + 12}">{html.escape(title)}</text>'
    for i, (name, value) in enumerate(bars):
        top = y + TITLE + i * STEP
        client = name.split(",")[0]
        kind = "ours" if client == "ours" else "other" if client in others else "same"
        length = max(1, round(LONGEST * value / longest))
        said = DRAWN[figure].format(value) + ("" if "," in name or kind == "ours" else against(value, ours))
        yield f'<text class="dim" text-anchor="end" x="{x + LABEL - 8}" y="{top + BAR - 1}">{html.escape(name)}</text>'
        yield f'<rect class="{kind}" x="{x + LABEL}" y="{top}" width="{length}" height="{BAR}" rx="2"/>'
        yield f'<text x="{x + LABEL + length + 6}" y="{top + BAR - 1}">{said}</text>'


def height_of(group):
    return TITLE + STEP * len(group[2]) + GAP


def columns_of(groups):
    """Two columns of about the same height: adds left, the rest right, and what makes them uneven moves over."""
    left = [group for group in groups if group[0].startswith("add") and group[1] == "rate"]
    right = [group for group in groups if group not in left]
    while len(right) > 1 and sum(map(height_of, right)) - sum(map(height_of, left)) > 2 * height_of(right[-1]):
        left.append(right.pop())
    return left, right


def legend(others):
    entries = [("ours", "Shunt's client"), ("same", "same format: shares queues with Node's BullMQ")]
    entries += [("other", "a format of its own")] if others else []
    x = 10
    for kind, text in entries:
        yield f'<rect class="{kind}" x="{x}" y="38" width="{BAR}" height="{BAR}" rx="2"/>'
        yield f'<text class="dim" x="{x + BAR + 6}" y="48">{text}</text>'
        x += 40 + 7 * len(text)
    yield f'<text class="dim" x="{x}" y="48">(…x): our figure against that one</text>'


def draw(rows, others=()):
    """The SVG as text. others: names of the clients that have a format of their own."""
    lines, bottom = [], TOP
    for column, groups in enumerate(columns_of(groups_of(rows))):
        y = TOP
        for group in groups:
            lines += draw_group(group, 10 + column * COLUMN, y, others)
            y += height_of(group)
        bottom = max(bottom, y)
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom}" width="{WIDTH}" height="{bottom}" '
        'role="img" aria-label="Rates and latencies of queue clients on one Redis">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{bottom}"/>',
        '<text class="head" x="10" y="24">Jobs a second, one Redis and one core for the client; each group has its own '
        "scale</text>"]
    return "\n".join([*head, *legend(others), *lines, "</svg>", ""])


def main():
    figures, picture = sys.argv[1:]
    with open(figures, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    about = next((line["about"] for line in lines if "about" in line), {"peers": {}})
    others = [name for name, peer in about["peers"].items() if not peer["wire_compatible"]]
    with open(picture, "w", encoding="utf-8") as file:
        file.write(draw([line for line in lines if "figure" in line], others))


if __name__ == "__main__":
    main()
