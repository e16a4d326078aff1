"""Collects a benchmark's figures and prints them: an aligned table for people, or one JSON object a line."""
import json
import statistics
import sys


class Report:
    def __init__(self, as_json, json_file=None):
        """as_json: JSON instead of the table. json_file: a path; JSON goes there, beside the table."""
        self.rows = []
        self.as_json = as_json
        self.json = open(json_file, "w", encoding="utf-8") if json_file else sys.stdout if as_json else None

    def about(self, facts):
        """What was measured with what: a first line of the JSON, {"about": facts}."""
        self.write({"about": facts})

    def add(self, figure, ours, unit, peer=None, peer_name=None, wanted=None):
        """ours and peer: one number, or a list of runs (the median counts). wanted: for people, e.g. ">= 3x"."""
        runs = {name: value for name, value in (("ours", ours), ("peer", peer)) if isinstance(value, list)}
        ours, peer = middle(ours), middle(peer)
        ratio = round(ours / peer, 3) if peer else None
        row = {"figure": figure, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ratio, "unit": unit,
               "wanted": wanted}
        self.rows.append(row)
        self.write(row | {"runs": {name: [round(run, 3) for run in values] for name, values in runs.items()}})

    def write(self, line):
        if self.json:
            print(json.dumps(line), file=self.json, flush=True)

    def progress(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def close(self):
        self.progress("")
        if self.json and self.json is not sys.stdout:
            self.json.close()
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
