"""Forms (multipart/form-data) as bytes, right and wrong ones."""

BOUNDARY = "----frontier"


def part(name, data, filename=None, media_type=None):
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    head += f'; filename="{filename}"' if filename is not None else ""
    head += f"\r\nContent-Type: {media_type}" if media_type else ""
    return head.encode() + b"\r\n\r\n" + (data if isinstance(data, bytes) else data.encode()) + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def file_form(data=b"hello", filename="hello.txt", media_type="text/plain", purpose="user_data", **fields):
    body = part("purpose", purpose) if purpose is not None else b""
    for name, value in fields.items():
        body += part(name, value)
    return body + part("file", data, filename, media_type) + END
