"""GET /v1/generations/{id}/artifacts/{name}: ranges and conditions."""

import pytest


@pytest.fixture(scope="module")
def artifact(shunt):
    record = shunt.generate("picture").json()
    url = record["output"]["artifacts"][0]["url"]
    return url, shunt.request("GET", url)


def test_the_whole(artifact):
    _, whole = artifact
    assert whole.status == 200
    assert len(whole.body) == 1000
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert 'filename="' in whole.headers["content-disposition"]


@pytest.mark.parametrize("header, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=10-19", 10, 19), ("bytes=990-", 990, 999), ("bytes=-10", 990, 999),
    ("bytes=0-99999", 0, 999)])
def test_a_range_is_206(shunt, artifact, header, first, last):
    url, whole = artifact
    answer = shunt.request("GET", url, headers={"Range": header})
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/1000"
    assert answer.body == whole.body[first:last + 1]


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=-0"])
def test_a_range_outside_is_416(shunt, artifact, header):
    answer = shunt.request("GET", artifact[0], headers={"Range": header})
    assert (answer.status, answer.code) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */1000"


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=5-1", "lines=1-2", "bytes=a-b"])
def test_several_ranges_and_nonsense_get_the_whole(shunt, artifact, header):
    answer = shunt.request("GET", artifact[0], headers={"Range": header})
    assert answer.status == 200 and len(answer.body) == 1000


def test_if_none_match(shunt, artifact):
    url, whole = artifact
    tag = whole.headers["etag"]
    for header in (tag, f'"x", W/{tag}', "*"):
        answer = shunt.request("GET", url, headers={"If-None-Match": header})
        assert answer.status == 304 and answer.body == b"" and answer.headers["etag"] == tag
    assert shunt.request("GET", url, headers={"If-None-Match": '"other"'}).status == 200


def test_if_range(shunt, artifact):
    url, whole = artifact
    headers = {"Range": "bytes=0-9"}
    assert shunt.request("GET", url, headers={**headers, "If-Range": whole.headers["etag"]}).status == 206
    assert shunt.request("GET", url, headers={**headers, "If-Range": '"other"'}).status == 200


def test_head_is_get_without_the_body(shunt, artifact):
    url, whole = artifact
    answer = shunt.request("HEAD", url)
    assert answer.status == 200 and answer.body == b""
    assert answer.headers["content-length"] == "1000"
    assert answer.headers["etag"] == whole.headers["etag"]


def test_an_unknown_artifact_is_404(shunt, artifact):
    answer = shunt.request("GET", artifact[0] + "x")
    assert (answer.status, answer.code) == (404, "artifact_unknown")


def test_a_large_artifact_arrives_whole(shunt):
    answer = shunt.generate("picture", {"prompt": "x", "result_bytes": 8 * 1024 * 1024},
                            headers={"Accept": "application/octet-stream"})
    assert answer.status == 200 and len(answer.body) == 8 * 1024 * 1024
    url = shunt.record(answer.headers["shunt-generation-id"])["output"]["artifacts"][0]["url"]
    part = shunt.request("GET", url, headers={"Range": "bytes=5000000-5000099"})
    assert part.body == answer.body[5000000:5000100]
