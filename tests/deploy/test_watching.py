"""The dashboard and the alerts ask for metrics that exist: docs/metrics.md and docs/metrics/ have them, and another test holds that to the
code."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "deploy/grafana/flip.json"
ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
METRIC = re.compile(r"\bshunt_[a-z0-9_]+")


def documented():
    text = "".join(page.read_text(encoding="utf-8")
                   for page in [ROOT / "docs/metrics.md", *sorted((ROOT / "docs/metrics").glob("*.md"))])
    # The first table has only the middles of its names.
    first = text[text.index("## Where a generation's time goes"):text.index("## Counters of the executor")]
    times = {f"shunt_generation_{phase}_seconds" for phase in re.findall(r"^\| `([a-z]+)` \|", first, re.M)}
    return times | set(METRIC.findall(text))


def rules():
    return [rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def expressions_of(dashboard):
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    targets = [target["expr"] for panel in panels for target in panel["targets"]]
    return targets + [note["expr"] for note in dashboard["annotations"]["list"]]


def unknown_in(expression):
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in METRIC.findall(expression)}
    return names - documented()


def test_the_dashboard_shows_metrics_that_there_are():
    expressions = expressions_of(json.loads(DASHBOARD.read_text(encoding="utf-8")))
    assert len(expressions) > 20
    assert {expression: unknown_in(expression) for expression in expressions if unknown_in(expression)} == {}


def test_the_alerts_are_about_metrics_that_there_are():
    assert len(rules()) > 10
    assert {rule["alert"]: unknown_in(rule["expr"]) for rule in rules() if unknown_in(rule["expr"])} == {}


def test_a_metric_that_there_is_not_is_found():
    assert unknown_in("max(shunt_flip_nothing_total) > 0") == {"shunt_flip_nothing_total"}


def test_panels_do_not_overlap_and_have_one_number_each():
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells


def test_each_alert_says_what_is_so_and_what_it_means():
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in ("info", "warning", "critical"), rule["alert"]
        assert rule["annotations"]["summary"] and rule["annotations"]["description"].endswith("."), rule["alert"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="the package prometheus is not installed")
def test_promtool_takes_the_alerts():
    checked = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
