"""Draws a run of the demonstration: requests a second by where they ran, and what happened when."""

from html import escape

WIDTH, HEIGHT = 860, 330
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 92, 40
SERIES = (("sync", "ran in sync", "#4c78a8"), ("queue", "ran through the queue", "#f2a541"), ("failed", "failed", "#c4314b"))
INK, PALE = "#24292f", "#d0d7de"
LABEL_PIXELS = 84  # between labels on one line: nearer ones go to the next line
LABEL_LINES = 3


def rates(samples):
    """Requests a second between samples, each (seconds, counts). A failed one is not counted where it ran."""
    found = []
    for (before, old), (now, new) in zip(samples, samples[1:]):
        if now <= before:
            continue
        rate = {name: (new[name] - old[name]) / (now - before) for name in ("sync", "queue", "failed")}
        rate["queue"] = max(0.0, rate["queue"] - rate["failed"])
        found.append((now, rate))
    return found


def label_lines(places):
    """A line for each label, so that labels that would touch are below each other."""
    ends = [float("-inf")] * LABEL_LINES
    lines = []
    for place in places:
        line = next((i for i, end in enumerate(ends) if place - end >= LABEL_PIXELS), ends.index(min(ends)))
        ends[line] = place
        lines.append(line)
    return lines


def step_of(most):
    """A round distance between grid lines, four of them or so."""
    for step in (10, 20, 25, 50, 100, 200, 250, 500, 1000):
        if most / step <= 4:
            return step
    return 2000


def draw(samples, marks):
    """The SVG of samples and marks, each (seconds, text)."""
    points = rates(samples)
    if not points:
        raise ValueError("a picture needs two samples")
    first, last = samples[0][0], samples[-1][0]
    most = max(sum(rate.values()) for _, rate in points) * 1.08 or 1

    def x(seconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * (seconds - first) / (last - first)

    def y(rate):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rate / most

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">',
           "<title>Requests a second while a fleet flips to the queue and is taken back</title>",
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for value in range(0, int(most) + 1, step_of(most)):
        out.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="{PALE}"/>'
                   f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
    floor = [0.0] * len(points)
    for name, _, colour in SERIES:
        ceiling = [low + rate[name] for low, (_, rate) in zip(floor, points)]
        there = [f"{x(at):.1f} {y(value):.1f}" for (at, _), value in zip(points, ceiling)]
        back = [f"{x(at):.1f} {y(value):.1f}" for (at, _), value in zip(points, floor)]
        out.append(f'<path d="M{"L".join(there + back[::-1])}Z" fill="{colour}"/>')
        floor = ceiling
    for (at, text), line in zip(marks, label_lines([x(at) for at, _ in marks])):
        height = 50 + 14 * line
        end = x(at) > WIDTH - RIGHT - 90
        out.append(f'<path d="M{x(at):.1f} {height + 3}V{HEIGHT - BOTTOM}" stroke="{INK}" stroke-dasharray="3 3"/>'
                   f'<text x="{x(at) + (-3 if end else 3):.1f}" y="{height}" text-anchor="{"end" if end else "start"}">'
                   f"{escape(text)}</text>")
    for index, (_, text, colour) in enumerate(SERIES):
        place = LEFT + 190 * index
        out.append(f'<rect x="{place}" y="12" width="12" height="12" fill="{colour}"/>'
                   f'<text x="{place + 18}" y="22">{text}</text>')
    out.append(f'<text x="{WIDTH - RIGHT}" y="22" text-anchor="end">requests a second</text>')
    for seconds in range(0, int(last - first) + 1, 30):
        out.append(f'<text x="{x(first + seconds):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                   f"{seconds // 60}:{seconds % 60:02}</text>")
    return "\n".join([*out, "</svg>", ""])
