"""Files that callers keep: /v1/files with OpenAI's shapes, in both modes, with everything a hostile client may send."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import threading
import time
from pathlib import Path

import pytest
from forms import BOUNDARY, END, FORM, file_form, part
from sanitizer_reports import skip_with
from shunt_process import CONFIG
from waiting import eventually

KEYS = {name: f"{name}-" + "k" * 40 for name in ("ann", "bob", "small")}
MIB = 1 << 20
# A GiB takes a minute on a busy machine; the suite sends as much as shows the same.
LARGE = int(os.environ.get("SHUNT_LARGE_UPLOAD_MIB", "64")) * MIB


def keys_config():
    tables = ""
    for name, key in KEYS.items():
        own = "max_stored_bytes = 1000\n" if name == "small" else ""
        tables += f'\n[[server.keys]]\nname = "{name}"\nsha256 = "{hashlib.sha256(key.encode()).hexdigest()}"\n{own}'
    return tables


def config(files="", keys=""):
    return CONFIG + f"\n[files]\nmin_free = 0\n{files}\n{keys}"


@pytest.fixture
def files_folder(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def server(start, files_folder):
    return start(config(f'directory = "{files_folder}"\nmax_bytes = "100MiB"'))


def bearer(name):
    return {"Authorization": f"Bearer {KEYS[name]}"} if name else {}


def upload(server, body=None, caller=None, headers=None):
    return server.request("POST", "/v1/files", file_form() if body is None else body,
                          {**FORM, **bearer(caller), **(headers or {})}, timeout=120)


def head_of(length, caller=None):
    authorization = f"Authorization: Bearer {KEYS[caller]}\r\n" if caller else ""
    return (f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
            f"{authorization}Content-Length: {length}\r\n\r\n").encode()


def left(folder):
    """Everything that is stored; locks are no part of any file."""
    return [path for path in Path(folder).rglob("*") if path.is_file() and path.name != "lock"]


def resident(process):
    text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"RssAnon:\s+(\d+) kB", text).group(1)) * 1024


def test_a_file_is_openais_object_and_comes_back_as_it_was(server):
    data = os.urandom(300_000)
    made = upload(server, file_form(data, "cat.png", "image/png"))
    assert made.status == 200
    file = made.json()
    assert file["object"] == "file" and file["bytes"] == len(data) and file["filename"] == "cat.png"
    assert file["purpose"] == "user_data" and file["media_type"] == "image/png" and file["status"] == "processed"
    assert file["sha256"] == hashlib.sha256(data).hexdigest()
    assert abs(file["created_at"] - time.time()) < 60 and file["expires_at"] == file["created_at"] + 30 * 86400
    assert server.request("GET", f"/v1/files/{file['id']}").json() == file
    content = server.request("GET", f"/v1/files/{file['id']}/content")
    assert content.body == data and content.headers["content-type"] == "image/png"
    assert content.headers["x-content-type-options"] == "nosniff"
    some = server.request("GET", f"/v1/files/{file['id']}/content", headers={"Range": "bytes=10-19"})
    assert some.status == 206 and some.body == data[10:20]
    same = server.request("GET", f"/v1/files/{file['id']}/content", headers={"If-None-Match": content.headers["etag"]})
    assert same.status == 304
    gone = server.request("DELETE", f"/v1/files/{file['id']}")
    assert gone.json() == {"id": file["id"], "object": "file", "deleted": True}
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        assert server.request(method, f"/v1/files/{file['id']}{path}").code == "file_unknown"


def test_a_removed_or_refused_file_leaves_nothing(server, files_folder):
    file = upload(server).json()
    assert eventually(lambda: len(left(files_folder)) == 3)  # bytes, holder, record
    server.request("DELETE", f"/v1/files/{file['id']}")
    assert left(files_folder) == []
    for body in (file_form(purpose=None), file_form(purpose="no such!"), file_form()[:-10], file_form(x="1")):
        assert upload(server, body).status in (400, 422)
    assert eventually(lambda: left(files_folder) == [])


def test_an_empty_file_and_its_type_by_name(server):
    file = upload(server, file_form(b"", "a.WAV", None)).json()
    assert file["bytes"] == 0 and file["media_type"] == "audio/wav"
    assert server.request("GET", f"/v1/files/{file['id']}/content").body == b""


def test_pages_are_openais(server):
    ids = [upload(server, file_form(str(i).encode(), purpose=("vision", "batch")[i % 2])).json()["id"]
           for i in range(5)]
    listed = server.request("GET", "/v1/files").json()
    assert sorted(each["id"] for each in listed["data"]) == sorted(ids) and listed["has_more"] is False
    order = [each["id"] for each in listed["data"]]
    page = server.request("GET", "/v1/files?limit=2").json()
    assert [each["id"] for each in page["data"]] == order[:2] and page["has_more"] and page["last_id"] == order[1]
    page = server.request("GET", f"/v1/files?limit=3&after={order[1]}").json()
    assert [each["id"] for each in page["data"]] == order[2:] and not page["has_more"]
    assert [e["id"] for e in server.request("GET", "/v1/files?order=asc").json()["data"]] == order[::-1]
    assert len(server.request("GET", "/v1/files?purpose=batch").json()["data"]) == 2
    page = server.request("GET", f"/v1/files?purpose=batch&order=asc&after={ids[0]}").json()
    assert len(page["data"]) == 2 and not page["has_more"]
    assert server.request("GET", "/v1/files?after=file-" + "0" * 32).code == "file_unknown"
    for wrong in ("limit=0", "limit=x", "after=nothing", "order=up", "unknown=1"):
        assert server.request("GET", f"/v1/files?{wrong}").code == "invalid_parameter"


def test_a_file_expires_when_its_upload_says_so(server):
    file = upload(server, file_form(**{"expires_after[anchor]": "created_at", "expires_after[seconds]": "60"})).json()
    assert file["expires_at"] == file["created_at"] + 60
    for seconds in ("59", "-1", "x", str(10 ** 30)):
        assert upload(server, file_form(**{"expires_after[seconds]": seconds})).code == "invalid_request"
    assert upload(server, file_form(**{"expires_after[anchor]": "last_used"})).code == "invalid_request"


def test_nobody_sees_another_keys_file(start, files_folder):
    server = start(config(f'directory = "{files_folder}"', keys_config()))
    file = upload(server, caller="ann").json()
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        assert server.request(method, f"/v1/files/{file['id']}{path}", headers=bearer("bob")).code == "file_unknown"
        assert server.request(method, f"/v1/files/{file['id']}{path}").status == 401
    assert server.request("GET", "/v1/files", headers=bearer("bob")).json()["data"] == []
    assert server.request("GET", f"/v1/files/{file['id']}/content", headers=bearer("ann")).body == b"hello"
    # The same bytes of two callers are two files, and one's removal is not the other's.
    other = upload(server, caller="bob").json()
    server.request("DELETE", f"/v1/files/{file['id']}", headers=bearer("ann"))
    assert server.request("GET", f"/v1/files/{other['id']}/content", headers=bearer("bob")).body == b"hello"


def test_limits_and_quotas(start, files_folder):
    server = start(config(f'directory = "{files_folder}"\nmax_bytes = 2000\nmax_files_per_key = 3\n'
                          'types = ["text/*"]', keys_config()))
    too_large = upload(server, file_form(b"x" * 2001), "ann")
    assert too_large.code == "body_too_large" and too_large.json()["part"] == "file"
    assert upload(server, file_form(media_type="image/png"), "ann").code == "unsupported_media_type"
    assert upload(server, file_form(b"x" * 600), "small").status == 200
    over = upload(server, file_form(b"y" * 600), "small")
    assert over.code == "file_quota_exceeded" and over.json()["limit"] == 1000
    for _ in range(3):
        assert upload(server, caller="ann").status == 200
    assert upload(server, caller="ann").code == "file_quota_exceeded"
    # What a client announces is not even asked for.
    with server.connect() as connection:
        connection.send(f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
                        f"Authorization: Bearer {KEYS['ann']}\r\nExpect: 100-continue\r\nContent-Length: {10 ** 12}\r\n\r\n")
        assert connection.read_response().code == "body_too_large"


@pytest.mark.parametrize("body, code", [
    (b"", "malformed_multipart"),
    (b"hello", "malformed_multipart"),
    (file_form()[:-10], "malformed_multipart"),
    (file_form()[:40], "malformed_multipart"),
    (part("purpose", "a") + part("purpose", "b") + END, "malformed_multipart"),
    (part("purpose", "a") + part("file", "a", "a") + part("file", "b", "b") + END, "malformed_multipart"),
    (part("file", "no filename") + part("purpose", "a") + END, "invalid_request"),
    (part("purpose", "x" * 2000) + END, "body_too_large"),
    (file_form(purpose=None), "invalid_request"),
    (part("purpose", "a") + END, "invalid_request"),
    (file_form(other="x"), "unknown_field"),
    (file_form(media_type="no type"), "unsupported_media_type"),
    (f"--{BOUNDARY}\r\nX: {'x' * 9000}\r\n\r\n".encode() + END, "malformed_multipart"),
    (b"".join(part(f"p{i}", "") for i in range(70)) + END, "unknown_field"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_form_that_is_none_is_refused(server, body, code):
    assert upload(server, body).code == code
    assert upload(server).status == 200


@pytest.mark.parametrize("media_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 71,
                                        "multipart/form-data; boundary=\"a", "application/json", "text/plain", None])
def test_a_type_that_is_no_form_is_refused(server, media_type):
    answer = upload(server, headers={"Content-Type": media_type})
    assert answer.code in ("malformed_multipart", "unsupported_media_type")


def test_a_filename_is_no_path(server, files_folder):
    for name, kept in (("../../../etc/passwd", "passwd"), ("C:\\\\dir\\\\cat.png", "cat.png"), ("/", "")):
        file = upload(server, file_form(filename=name)).json()
        assert file["filename"] == kept
        content = server.request("GET", f"/v1/files/{file['id']}/content")
        assert content.headers["content-disposition"] == f'attachment; filename="{kept}"'
    for odd in ("file-..%2f..%2fx", "..%2f..%2fetc%2fpasswd", "file-" + "0" * 31 + "G"):
        assert server.request("GET", f"/v1/files/{odd}").code == "file_unknown"
    assert eventually(lambda: {path.parts[len(files_folder.parts)] for path in left(files_folder)} == {"objects", "callers"})


def test_a_client_that_leaves_or_is_slow_leaves_nothing(server, start, files_folder):
    body = file_form(b"x" * MIB)
    head = head_of(len(body))
    for leave in ("reset", "finish_sending"):
        with server.connect() as connection:
            connection.send(head + body[:MIB // 2])
            eventually(lambda: len(left(files_folder)) == 1)
            getattr(connection, leave)()
            if leave == "finish_sending":
                assert connection.read_response().code == "malformed_request"
        eventually(lambda: left(files_folder) == [])
    impatient = start(config(f'directory = "{files_folder}"').replace('body_timeout = "10s"', 'body_timeout = "1s"'))
    with impatient.connect() as connection:
        connection.send(head + body[:300])
        assert connection.read_response().code == "request_timeout"
    eventually(lambda: left(files_folder) == [])


def test_a_request_behind_an_upload_is_answered(server):
    body = file_form()
    head = head_of(len(body))
    with server.connect() as connection:
        connection.send(head + body + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.read_response().status == 200
        assert connection.read_response().json()["status"] == "ok"
        # Chunks of single bytes, and no length at all.
        connection.send(f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n")
        connection.send(b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n")
        assert connection.read_response().json()["bytes"] == 5


def test_a_length_that_lies_ends_the_connection(server):
    body = file_form()
    with server.connect() as connection:
        connection.send(f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
                        f"Content-Length: {len(body) - 20}\r\n\r\n".encode() + body)
        assert connection.read_response().code == "malformed_multipart"


def test_many_at_once(server):
    answers = []
    threads = [threading.Thread(target=lambda i=i: answers.append(upload(server, file_form(bytes([i]) * 100_000))))
               for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} == {200}
    assert len(server.request("GET", "/v1/files").json()["data"]) == 16


def upload_large(server):
    """The file of LARGE bytes, their digest, and by how much the server's memory has grown meanwhile."""
    skip_with(["asan", "tsan"], "a sanitizer's own memory grows with what is done")
    upload(server)  # what is there from the first one on
    before = resident(server.process)
    most = [before]
    done = threading.Event()

    def watch():
        while not done.wait(0.005):
            most[0] = max(most[0], resident(server.process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    piece = os.urandom(MIB)
    digest = hashlib.sha256()
    start_of_form = part("purpose", "user_data") + part("file", b"", "large.bin")[:-2]
    size = len(start_of_form) + LARGE + len(b"\r\n" + END)
    with server.connect(timeout=300) as connection:
        connection.send(f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
                        f"Content-Length: {size}\r\n\r\n".encode() + start_of_form)
        for _ in range(LARGE // MIB):
            connection.send(piece)
            digest.update(piece)
        connection.send(b"\r\n" + END)
        file = connection.read_response().json()
    done.set()
    watcher.join()
    return file, digest.hexdigest(), most[0] - before


def test_a_large_upload_takes_little_memory(start, files_folder):
    server = start(config(f'directory = "{files_folder}"\nmax_bytes = "2GiB"'))
    file, digest, grown = upload_large(server)
    assert file["bytes"] == LARGE and file["sha256"] == digest
    assert grown <= MIB, f"{grown / MIB:.2f} MiB"


def test_a_disk_without_room_is_said_to_be_full(start, files_folder):
    server = start(config(f'directory = "{files_folder}"').replace("min_free = 0", 'min_free = "1024GiB"'))
    assert upload(server).code == "storage_full"
    assert server.generate("quick").status == 200


def test_a_folder_that_cannot_be_written_to_harms_nothing_else(start, tmp_path):
    (tmp_path / "taken").write_text("a file")
    server = start(config(f'directory = "{tmp_path}/taken/files"'))
    assert upload(server).code == "file_store_failed"
    assert server.request("GET", "/v1/files").code == "file_store_failed"
    assert server.generate("quick").status == 200
    # Whoever runs it hears of it, too.
    assert server.gauge('shunt_faults_total{reason="fault",where="file_store"}') == 2
    assert server.log().count("fault.caught") == 1 and f"{tmp_path}/taken/files" in server.log()


def test_what_lies_there_is_not_believed(server, files_folder):
    file = upload(server).json()
    record = next(path for path in left(files_folder) if path.suffix == ".json")
    data = next(path for path in left(files_folder) if path.name == "data")
    data.write_bytes(b"hellooo")
    assert server.request("GET", f"/v1/files/{file['id']}/content").code == "file_store_failed"
    record.write_text(json.dumps({**json.loads(record.read_text()), "caller": "key:other"}))
    assert server.request("GET", f"/v1/files/{file['id']}").code == "file_unknown"
    record.write_text("{")
    assert server.request("GET", f"/v1/files/{file['id']}").code == "file_store_failed"
    assert server.request("GET", "/v1/files").json()["data"] == []


def test_uploads_under_way_count_for_the_quota(start, files_folder):
    keys = keys_config().replace("max_stored_bytes = 1000\n", 'max_stored_bytes = "1MiB"\n')
    server = start(config(f'directory = "{files_folder}"\n', keys))
    body = file_form(b"x" * (3 * MIB))
    with server.connect() as first, server.connect() as second:
        first.send(head_of(len(body), "small") + body[:MIB * 3 // 4])
        assert eventually(lambda: sum(path.stat().st_size for path in left(files_folder)) >= MIB // 2)
        second.send(head_of(len(body), "small") + body[:MIB * 3 // 4])
        refused = second.read_response()
        assert refused.code == "file_quota_exceeded" and refused.json()["limit"] == MIB
        assert upload(server, caller="ann").status == 200  # another's is not hurt
    # What was under way is forgotten with its connection.
    assert eventually(lambda: upload(server, file_form(b"x" * (MIB * 3 // 4)), "small").status == 200)


def test_one_caller_has_so_many_uploads_under_way(start, files_folder):
    server = start(config(f'directory = "{files_folder}"', keys_config()))
    body = file_form(b"x" * 1000)
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            connection = stack.enter_context(server.connect())
            connection.send(head_of(len(body), "ann") + body[:-500])
        assert eventually(lambda: "shunt_file_uploads 32\n" in
                          server.request("GET", "/metrics", headers=bearer("bob")).text())
        refused = upload(server, caller="ann")
        assert refused.code == "too_many_concurrent" and "retry-after" in refused.headers
        assert upload(server, caller="bob").status == 200
    assert eventually(lambda: upload(server, caller="ann").status == 200)


def test_quotas_hold_when_many_race(start, files_folder):
    server = start(config(f'directory = "{files_folder}"\nmax_files_per_key = 5', keys_config()))
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(upload(server, caller="ann").status)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 5 + [413] * 15
    assert len(server.request("GET", "/v1/files", headers=bearer("ann")).json()["data"]) == 5


def test_a_store_that_stands_still_holds_up_nothing_else(server, files_folder):
    upload(server)
    lock = next(Path(files_folder).rglob("lock"))
    answers = []
    with open(lock, "r+", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        threads = [threading.Thread(target=lambda: answers.append(upload(server))) for _ in range(6)]
        for thread in threads:
            thread.start()
        assert server.generate("quick").status == 200
        assert server.request("GET", "/readyz").status == 200
        assert answers == []
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} == {200}


def test_a_folder_that_vanishes_is_made_again(server, files_folder):
    file = upload(server).json()
    shutil.rmtree(files_folder)
    assert server.request("GET", f"/v1/files/{file['id']}").code == "file_unknown"
    assert server.request("GET", "/v1/files").json()["data"] == []
    again = upload(server).json()
    assert server.request("GET", f"/v1/files/{again['id']}/content").body == b"hello"


def test_bytes_that_vanish_are_gone(server, files_folder):
    file = upload(server).json()
    next(path for path in left(files_folder) if path.name == "data").unlink()
    assert server.request("GET", f"/v1/files/{file['id']}/content").code == "file_gone"
    assert server.request("HEAD", f"/v1/files/{file['id']}/content").status == 410
    # Whoever uploads them again has them, and so has the file of before.
    assert upload(server).status == 200
    assert server.request("GET", f"/v1/files/{file['id']}/content").body == b"hello"


def test_nobody_else_on_the_machine_reads_them(server, files_folder):
    upload(server)
    for path in [files_folder, *Path(files_folder).rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_processes_that_share_a_folder_share_its_files(start, files_folder):
    one = start(config(f'directory = "{files_folder}"'))
    two = start(config(f'directory = "{files_folder}"'))
    file = upload(one).json()
    assert two.request("GET", f"/v1/files/{file['id']}").json() == file
    assert two.request("GET", f"/v1/files/{file['id']}/content").body == b"hello"
    assert two.request("DELETE", f"/v1/files/{file['id']}").status == 200
    assert one.request("GET", f"/v1/files/{file['id']}").code == "file_unknown"


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/javascript"])
def test_a_strangers_page_does_not_run_here(server, media_type):
    file = upload(server, file_form(b"<script>alert(1)</script>", "x.html", media_type)).json()
    content = server.request("GET", f"/v1/files/{file['id']}/content")
    assert content.headers["content-disposition"].startswith("attachment; ")
    assert content.headers["x-content-type-options"] == "nosniff"
    assert content.headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("name", ["a%0d%0aX: y", "a\x00b", "a\tb", "a\x7fb"], ids=ascii)
def test_a_filename_has_no_control_characters(server, name):
    assert upload(server, file_form(filename=name)).code == "malformed_multipart"


def test_a_page_of_another_site_cannot_upload(server):
    assert upload(server, headers={"Origin": "http://evil.example"}).code == "foreign_origin"
