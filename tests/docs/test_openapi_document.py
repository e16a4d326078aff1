"""docs/openapi.json is what the service says of itself with the configuration that is shipped; the docs site is made from it."""

import json

from page_session import ROOT, Session


def served():
    session = Session()
    try:
        return json.loads(session.ask("/openapi.json"))
    finally:
        session.close()


def written(document):
    return json.dumps(document, indent=1) + "\n"


def test_the_document_is_the_services_own():
    document = served()
    path = ROOT / "docs/openapi.json"
    if path.read_text(encoding="utf-8") != written(document):
        fresh = ROOT / "build/openapi.json"
        fresh.parent.mkdir(exist_ok=True)
        fresh.write_text(written(document), encoding="utf-8")
        raise AssertionError(f"the API has changed: cp {fresh.relative_to(ROOT)} docs/openapi.json, in {ROOT}")
