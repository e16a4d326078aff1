"""Collects a benchmark's figures and prints them: an aligned table for people, or one JSON object a line."""
import json
import statistics
import sys


class Report:
    def __init__(self, as_json):
        self.as_json = as_json
        self.rows = []

    def add(self, figure, ours, unit, peer=None, peer_name=None, wanted=None):
        """ours and peer: one number, or a list of runs (the median counts). wanted: for people, e.g. ">= 3x"."""
        ours, peer = middle(ours), middle(peer)
        ratio = round(ours / peer, 3) if peer else None
        row = {"figure": figure, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ratio, "unit": unit}
        self.rows.append(row | {"wanted": wanted})
        if self.as_json:
            print(json.dumps(row), flush=True)

    def progress(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def close(self):
        self.progress("")
        if self.as_json:
            return
        head = ["figure", "ours", "peer", "", "ratio", "unit", "wanted"]
        table = [head] + [
            [r["figure"], number(r["ours"]), number(r["peer"]), r["peer_name"] or "", number(r["ratio"]), r["unit"],
             r["wanted"] or ""] for r in self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(head))]
        for row in table:
            cells = [c.rjust(w) if i in (1, 2, 4) else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))]
            print("  ".join(cells).rstrip())


def middle(value):
    if isinstance(value, list):
        value = statistics.median(value)
    return value if value is None else round(value, 3)


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:g}"
