#!/usr/bin/env python3
"""A local server that speaks the chat completions protocol as OpenAI and llama.cpp put it on the wire, with
faults to order.

    openai_server.py        prints its port on a line of its own, then serves until standard input closes

The request's `model` says what happens: a mode and its parameters, as in "rate_limited?times=2&retry_after=1";
"ok#2" is "ok" under another name.
Modes (each with its parameters and their defaults) are the functions named mode_* below. Whatever the mode,

    GET /v1/models          lists two of them
    GET /control?model=...  tells what came for that model string, as JSON: {"calls", "closed" (connections that
                            the client closed in mid-answer), "connections" (different ones), "requests"}

Standard library only.
"""

import asyncio
import base64
import collections
import hashlib
import json
import re
import socket
import struct
import sys
import urllib.parse

WORDS = ["Trains", " roll", " down", " the", " hump", " – ", "één", " für", " 日本", " ☕"]


class Seen:
    """What came for one model string."""

    def __init__(self):
        self.calls = 0
        self.closed = 0
        self.connections = set()
        self.requests = []

    def as_json(self):
        return {"calls": self.calls, "closed": self.closed, "connections": len(self.connections),
                "requests": self.requests[-5:]}


seen = collections.defaultdict(Seen)


class Exchange:
    """One request and the means to answer it."""

    def __init__(self, reader, writer, target, headers, body, parameters):
        self.reader = reader
        self.writer = writer
        self.target = target
        self.headers = headers
        self.body = body
        self.parameters = parameters
        self.keep_open = True

    def number(self, name, default):
        return float(self.parameters.get(name, default))

    async def write(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status, headers):
        lines = [f"HTTP/1.1 {status} Status"] + [f"{name}: {value}" for name, value in headers.items()]
        await self.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def respond(self, status, content_type, body, headers=None):
        data = body if isinstance(body, bytes) else body.encode()
        await self.head(status, {"Content-Type": content_type, "Content-Length": len(data), **(headers or {})})
        await self.write(data)

    async def respond_json(self, status, value, headers=None):
        await self.respond(status, "application/json", json.dumps(value), headers)

    async def begin_stream(self):
        await self.head(200, {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"})

    async def send(self, text):
        data = text.encode()
        await self.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def event(self, value):
        await self.send("data: " + (value if isinstance(value, str) else json.dumps(value)) + "\n\n")

    async def text(self, content):
        await self.event(chunk({"content": content}))

    async def end_stream(self):
        await self.write(b"0\r\n\r\n")

    async def hang(self):
        """Waits until the client goes away."""
        self.keep_open = False
        await self.reader.read(1)
        raise ConnectionResetError

    def close(self):
        self.keep_open = False

    def reset(self):
        """Closes with RST instead of FIN."""
        self.keep_open = False
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def chunk(delta, finish_reason=None):
    return {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1790000000, "model": "tiny-1",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]}


def usage(count):
    return {"prompt_tokens": 9, "completion_tokens": count, "total_tokens": 9 + count}


def error(message, kind, code=None):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


async def stream_words(exchange, count, gap_ms=0):
    await exchange.begin_stream()
    await exchange.event(chunk({"role": "assistant", "content": ""}))
    for i in range(count):
        if gap_ms:
            await asyncio.sleep(gap_ms / 1000)
        await exchange.text(WORDS[i % len(WORDS)])


async def mode_ok(exchange):
    """A whole stream. tokens=5, gap_ms=0."""
    count = int(exchange.number("tokens", 5))
    await stream_words(exchange, count, exchange.number("gap_ms", 0))
    await exchange.event(chunk({}, "stop"))
    if exchange.body.get("stream_options", {}).get("include_usage"):
        await exchange.event({**chunk({}), "choices": [], "usage": usage(count)})
    await exchange.event("[DONE]")
    await exchange.end_stream()


async def mode_json(exchange):
    """A server that does not stream."""
    message = {"role": "assistant", "content": "".join(WORDS)}
    await exchange.respond_json(200, {
        "id": "chatcmpl-8", "object": "chat.completion", "created": 1790000000, "model": "tiny-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "length"}], "usage": usage(10)})


async def mode_tool_calls(exchange):
    """Two tool calls, their arguments in pieces."""
    await exchange.begin_stream()
    pieces = [
        {"role": "assistant", "content": None},
        {"tool_calls": [{"index": 0, "id": "call_a", "type": "function",
                         "function": {"name": "weather", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "{\"city\":"}}]},
        {"tool_calls": [{"index": 1, "id": "call_b", "type": "function",
                         "function": {"name": "time", "arguments": "{}"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "\"Utrecht\"}"}}]},
    ]
    for piece in pieces:
        await exchange.event(chunk(piece))
    await exchange.event(chunk({}, "tool_calls"))
    await exchange.event("[DONE]")
    await exchange.end_stream()


async def mode_talk(exchange):
    """Thoughts, text with log probabilities, a refusal, audio, an image, a tool call: one after another."""
    await exchange.begin_stream()
    pieces = [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "Let me "}, {"reasoning_content": "see \u65e5\u672c."},
        {"content": "I look"}, {"content": " it up."},
        {"refusal": "Not "}, {"refusal": "that."},
        {"audio": {"id": "audio_1", "data": "AAEC"}}, {"audio": {"data": "Aw==", "transcript": "hm", "expires_at": 1763912587}},
        {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}]},
        {"tool_calls": [{"index": 0, "id": "call_a", "type": "function", "function": {"name": "look", "arguments": "{\"at\":"}}]},
        {"tool_calls": [{"index": 0, "extra_content": {"google": {"thought_signature": "abc"}}, "function": {"arguments": "1}"}}]},
    ]
    for piece in pieces:
        value = chunk(piece)
        if piece.get("content"):
            value["choices"][0]["logprobs"] = {"content": [{"token": piece["content"], "logprob": -0.5}]}
        await exchange.event(value)
    await exchange.event(chunk({}, "tool_calls"))
    await exchange.event("[DONE]")
    await exchange.end_stream()


async def mode_half(exchange):
    """Half a stream, then the connection ends in the middle of a chunk. tokens=3."""
    await stream_words(exchange, int(exchange.number("tokens", 3)))
    await exchange.write(b"40\r\ndata: {\"cho")
    exchange.close()


async def mode_no_done(exchange):
    """A stream that ends in good order with neither finish_reason nor [DONE]."""
    await stream_words(exchange, 3)
    await exchange.end_stream()


async def mode_finish_only(exchange):
    """A finish_reason, but no [DONE]."""
    await stream_words(exchange, 3)
    await exchange.event(chunk({}, "stop"))
    await exchange.end_stream()


async def mode_done_then_hang(exchange):
    """Everything there, but the response never ends."""
    await stream_words(exchange, 3)
    await exchange.event(chunk({}, "stop"))
    await exchange.event("[DONE]")
    await exchange.hang()


async def mode_rate_limited(exchange):
    """429 for the first `times` calls, then as ok. times=1, retry_after (absent: no header)."""
    if seen[exchange.body["model"]].calls > exchange.number("times", 1):
        return await mode_ok(exchange)
    after = exchange.parameters.get("retry_after")
    await exchange.respond_json(429, error("Rate limit reached for requests", "requests", "rate_limit_exceeded"),
                                {"Retry-After": after} if after else None)


async def mode_status(exchange):
    """A status with an error object, for the first `times` calls. code=500, times=1000000."""
    if seen[exchange.body["model"]].calls > exchange.number("times", 1e6):
        return await mode_ok(exchange)
    code = int(exchange.number("code", 500))
    await exchange.respond_json(code, error("The server had an error", "server_error"))


async def mode_invalid(exchange):
    """400 as OpenAI words it."""
    await exchange.respond_json(400, error("max_tokens is too large: 1000000", "invalid_request_error",
                                           "context_length_exceeded"))


async def mode_unauthorized(exchange):
    """401 that quotes the key, as some servers do."""
    key = exchange.headers.get("authorization", "none")
    await exchange.respond_json(401, error(f"Incorrect API key provided: {key}", "invalid_request_error",
                                           "invalid_api_key"))


async def mode_key_in_stream(exchange):
    """An error that quotes the key, after the answer has begun."""
    await stream_words(exchange, 2)
    await exchange.event(error("no more tokens for " + exchange.headers.get("authorization", "none"), "quota"))
    await exchange.end_stream()


async def mode_html(exchange):
    """A web page with status 200, as from a wrong address."""
    await exchange.respond(200, "text/html", "<html><body>Welcome to nginx!</body></html>")


async def mode_error_json(exchange):
    """200, and nothing but an error as JSON."""
    await exchange.respond_json(200, error("The engine is gone", "server_error"))


async def mode_hang(exchange):
    """Nothing, ever."""
    await exchange.hang()


async def mode_hang_after_head(exchange):
    """A good head and then nothing."""
    await exchange.begin_stream()
    await exchange.hang()


async def mode_hang_in_error(exchange):
    """A bad status whose body never ends."""
    await exchange.head(400, {"Content-Type": "application/json", "Content-Length": 1000})
    await exchange.write(b'{"error": {"message": "it beg')
    await exchange.hang()


async def mode_hang_mid(exchange):
    """Some tokens, then nothing. tokens=3."""
    await stream_words(exchange, int(exchange.number("tokens", 3)))
    await exchange.hang()


async def mode_garbage(exchange):
    """Good tokens, then an event that is no JSON."""
    await stream_words(exchange, 2)
    await exchange.event("{]<<<\x07")
    await exchange.end_stream()


async def mode_binary(exchange):
    """Bytes that are no event stream at all."""
    await exchange.begin_stream()
    for _ in range(4):
        await exchange.write(b"100\r\n" + bytes(range(256)) + b"\r\n")
    await exchange.end_stream()


async def mode_drip(exchange):
    """A whole stream byte by byte, CRLF line ends and comments included. gap_ms=0 (each byte its own packet)."""
    text = ": ping\r\n\r\n"
    for word in WORDS[:4]:
        text += "event: message\r\ndata: " + json.dumps(chunk({"content": word}), ensure_ascii=False) + "\r\n\r\n"
    text += "data: " + json.dumps(chunk({}, "stop")) + "\r\n\r\ndata: [DONE]\r\n\r\n"
    sock = exchange.writer.get_extra_info("socket")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await exchange.begin_stream()
    for byte in text.encode():
        await exchange.write(b"1\r\n" + bytes([byte]) + b"\r\n")
        await asyncio.sleep(exchange.number("gap_ms", 0) / 1000)
    await exchange.end_stream()


async def mode_huge(exchange):
    """Text without end, until the client goes. bytes=1e9."""
    await exchange.begin_stream()
    sent = 0
    while sent < exchange.number("bytes", 1e9):
        await exchange.text("x" * 16384)
        sent += 16384
        if exchange.writer.transport.is_closing():
            raise ConnectionResetError
    await exchange.end_stream()


async def flood(exchange, piece):
    """Sends piece() until it has been bytes=1e9 long together, and hangs then if hang=1."""
    sent = 0
    while sent < exchange.number("bytes", 1e9):
        await piece()
        sent += 16384
        if exchange.writer.transport.is_closing():
            raise ConnectionResetError
    if exchange.number("hang", 0):
        await exchange.hang()


async def mode_huge_reasoning(exchange):
    """Thoughts without end. bytes=1e9, hang=0."""
    await exchange.begin_stream()
    await flood(exchange, lambda: exchange.event(chunk({"reasoning_content": "x" * 16384})))
    await exchange.end_stream()


async def mode_huge_tool_call(exchange):
    """One tool call whose arguments have no end. bytes=1e9, hang=0."""
    await exchange.begin_stream()
    await exchange.event(chunk({"tool_calls": [{"index": 0, "id": "call_a", "type": "function",
                                                "function": {"name": "f", "arguments": "{\"a\": \""}}]}))
    more = chunk({"tool_calls": [{"index": 0, "function": {"arguments": "x" * 16384}}]})
    await flood(exchange, lambda: exchange.event(more))
    await exchange.end_stream()


async def mode_huge_json(exchange):
    """A single JSON object without end. bytes=1e9, hang=0."""
    await exchange.head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
    await exchange.send('{"choices": [{"message": {"content": "')
    await flood(exchange, lambda: exchange.send("x" * 16384))
    await exchange.end_stream()


async def mode_huge_event(exchange):
    """One line without end."""
    await exchange.begin_stream()
    await exchange.send("data: ")
    while not exchange.writer.transport.is_closing():
        await exchange.send("x" * 65536)
    raise ConnectionResetError


async def mode_redirect(exchange):
    """307 to this very server, where it would be counted under "redirected"."""
    port = exchange.writer.get_extra_info("sockname")[1]
    await exchange.respond(307, "text/plain", "moved", {"Location": f"http://127.0.0.1:{port}/redirected"})


async def mode_reset(exchange):
    """RST instead of a response, for the first `times` calls, then as ok. times=1000000."""
    if seen[exchange.body["model"]].calls > exchange.number("times", 1e6):
        return await mode_ok(exchange)
    exchange.reset()


async def mode_reset_mid(exchange):
    """RST in mid-stream."""
    await stream_words(exchange, 2)
    await asyncio.sleep(1)  # what the client has not read by then is lost with the RST
    exchange.reset()


async def mode_close(exchange):
    """FIN instead of a response."""
    exchange.close()


async def mode_loading(exchange):
    """llama.cpp's 503 while it loads, for the first `times` calls, then as ok. times=2, retry_after (absent: no header)."""
    if seen[exchange.body["model"]].calls > exchange.number("times", 2):
        return await mode_ok(exchange)
    after = exchange.parameters.get("retry_after")
    await exchange.respond_json(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
                                {"Retry-After": after} if after else None)


def call(identifier, name, arguments, **more):
    return {"index": 0, "id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


# What servers send instead of the protocol, as lines of the stream. Each ends with a finish_reason and [DONE].
ODD_STREAMS = {
    # Two whole tool calls with one index.
    "one_index": [chunk({"tool_calls": [call("call_a", "weather", "{\"city\":\"Utrecht\"}")]}),
                  chunk({"tool_calls": [call("call_b", "time", "{}")]})],
    # A name in each piece, and an id that is empty later.
    "repeated_name": [chunk({"tool_calls": [call("call_a", "get_time", "{\"tz\":")]}),
                      chunk({"tool_calls": [call("", "get_time", "\"CET\"}")]})],
    # delta beside the message so far.
    "message_so_far": [{"choices": [{"index": 0, "delta": {"content": "Blue"}, "message": {"content": "Blue"}}]},
                       {"choices": [{"index": 0, "delta": {"content": "bird"}, "message": {"content": "Bluebird"}}]}],
    # content as typed parts.
    "parts": [chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}),
              chunk({"content": [{"type": "text", "text": "Bluebird"}]})],
    # Everything that means nothing.
    "noise": [": comment\r\n\r\n", "data:\n\n", "data: {\"type\": \"ping\"}\n\n", "event: status\ndata: busy {\n\n",
              chunk({"content": "Blue"}), "retry: 100\nid: 7\n\n", "data: null\n\n", chunk({"content": "bird"})],
    # In members that nobody reads.
    "unread": ["data: {\"nanos\": 18446744073709551615, \"probs\": [-Infinity, NaN], \"choices\": [{\"index\": 0, \"delta\": "
               "{\"content\": \"Bluebird\"}}]}\n\n"],
}


async def mode_odd(exchange):
    """A stream that is not quite of the protocol. what (ODD_STREAMS), type=text/event-stream."""
    await exchange.head(200, {"Content-Type": exchange.parameters.get("type", "text/event-stream"),
                              "Transfer-Encoding": "chunked"})
    for line in ODD_STREAMS[exchange.parameters["what"]]:
        await (exchange.send(line) if isinstance(line, str) else exchange.event(line))
    await exchange.event(chunk({}, "stop"))
    await exchange.send("data:  [DONE] \n\n")
    await exchange.end_stream()


async def mode_empty_reason(exchange):
    """Empty finish_reasons, and then the stream ends."""
    await exchange.begin_stream()
    await exchange.event(chunk({"content": "Blue"}, ""))
    await exchange.end_stream()


async def mode_error_object(exchange):
    """An error whose object is "error", and [DONE]. code=500."""
    await stream_words(exchange, 1)
    await exchange.event({"object": "error", "message": "it broke", "type": "T", "code": int(exchange.number("code", 500))})
    await exchange.event("[DONE]")
    await exchange.end_stream()


async def mode_behind_the_end(exchange):
    """A finish_reason, and then: how=hang, reset, garbage or error."""
    await stream_words(exchange, 2)
    await exchange.event(chunk({}, "stop"))
    how = exchange.parameters["how"]
    if how == "hang":
        await exchange.hang()
    if how == "garbage":
        await exchange.event("{]<<<")
    if how == "error":
        await exchange.event(error("too late", "server_error"))
    if how == "reset":
        await asyncio.sleep(1)  # what the client has not read by then is lost with the RST
        return exchange.reset()
    await exchange.end_stream()


async def mode_mislabelled_json(exchange):
    """A whole JSON answer that says it is an event stream, and never ends the connection."""
    message = {"role": "assistant", "content": "Bluebird"}
    await exchange.head(200, {"Content-Type": "text/event-stream"})
    await exchange.write(b"\n\n" + json.dumps({"choices": [{"index": 0, "message": message}]}).encode())
    await exchange.hang()


async def mode_completions(exchange):
    """The older completions, streamed."""
    await exchange.begin_stream()
    for text in ("Once", " upon"):
        await exchange.event({"object": "text_completion", "model": "tiny-1", "choices": [{"index": 0, "text": text}]})
    await exchange.event({"choices": [{"index": 0, "text": "", "finish_reason": "stop"}], "usage": usage(2)})
    await exchange.event("[DONE]")
    await exchange.end_stream()


async def mode_embeddings(exchange):
    """A vector for each input. dimensions=3."""
    given = exchange.body["input"]
    vector = [0.25] * int(exchange.number("dimensions", 3))
    await exchange.respond_json(200, {
        "object": "list", "model": "embed-1", "usage": {"prompt_tokens": 2, "total_tokens": 2},
        "data": [{"object": "embedding", "index": i, "embedding": vector}
                 for i in range(len(given) if isinstance(given, list) else 1)]})


async def mode_speech(exchange):
    """Audio in pieces. bytes=4096, type=audio/mpeg, cut=0 (the connection ends in mid-answer)."""
    await exchange.head(200, {"Content-Type": exchange.parameters.get("type", "audio/mpeg"),
                              "Transfer-Encoding": "chunked"})
    left = int(exchange.number("bytes", 4096))
    while left > 0:
        piece = bytes(range(256))[:left]
        await exchange.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        left -= len(piece)
    if exchange.number("cut", 0):
        return exchange.close()
    await exchange.end_stream()


PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def mode_images(exchange):
    """Images as base64. how=b64, url, neither, bad_b64; n=1."""
    element = {"b64": {"b64_json": base64.b64encode(PNG).decode(), "revised_prompt": "a cat"},
               "url": {"url": "http://127.0.0.1:1/cat.png"}, "neither": {}, "bad_b64": {"b64_json": "#"}}
    how = exchange.parameters.get("how", "b64")
    await exchange.respond_json(200, {"created": 1790000000,
                                      "data": [element[how]] * int(exchange.body.get("n", 1))})


TRANSCRIPTS = {"text": ("text/plain; charset=utf-8", "Hello – there\n"),
               "srt": ("application/x-subrip", "1\n00:00:00,000 --> 00:00:01,000\nHello – there\n"),
               "vtt": ("text/vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\nHello – there\n")}


async def stream_transcript(exchange):
    """In pieces. gap_ms=0 between two, cut=0 (the connection ends before the last event)."""
    await exchange.begin_stream()
    for piece in ("Hello", " –", " there"):
        logprobs = {"logprobs": [{"token": piece, "logprob": -0.5, "bytes": None}]} if exchange.body.get("include[]") else {}
        await exchange.event({"type": "transcript.text.delta", "delta": piece, **logprobs})
        await asyncio.sleep(exchange.number("gap_ms", 0) / 1000)
    if exchange.number("cut", 0):
        return exchange.close()
    await exchange.event({"type": "transcript.text.done", "text": "Hello – there",
                          "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 3, "total_tokens": 17}})
    await exchange.end_stream()


async def mode_transcript(exchange):
    """A transcript in the form that was asked for. type (of a text), cut=0 (the connection ends in mid-answer)."""
    wanted = exchange.body.get("response_format", "json")
    if exchange.body.get("stream") == "true":
        return await stream_transcript(exchange)
    if wanted not in TRANSCRIPTS:
        more = {"language": "english", "duration": 1.0, "segments": [{"id": 0, "text": "Hello – there"}]}
        return await exchange.respond_json(200, {"text": "Hello – there",
                                                 **(more if wanted == "verbose_json" else {})})
    media_type, text = TRANSCRIPTS[wanted]
    length = len(text.encode()) + int(exchange.number("cut", 0))
    await exchange.head(200, {"Content-Type": exchange.parameters.get("type", media_type),
                              "Content-Length": length})
    await exchange.write(text.encode())
    if exchange.number("cut", 0):
        exchange.close()


async def mode_raw(exchange):
    """200 with these bytes. hex, type=text/plain"""
    await exchange.respond(200, exchange.parameters.get("type", "text/plain"),
                           bytes.fromhex(exchange.parameters.get("hex", "")))


async def mode_body(exchange):
    """200 with this text as JSON. text"""
    await exchange.respond(200, "application/json", exchange.parameters["text"])


async def read_request(reader):
    """(method, target, headers, body), or None at the end of the connection."""
    try:
        head = await reader.readexactly(1)
        if not head.isalpha():  # a TLS handshake
            return None
        head += await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ")
    headers = {}
    for line in lines[1:]:
        if line:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return method, target, headers, body


PATHS = {"/v1" + path for path in ("/chat/completions", "/completions", "/embeddings", "/audio/speech",
                                   "/images/generations", "/images/edits", "/audio/transcriptions",
                                   "/audio/translations")}


def parse_body(headers, body):
    """JSON, or the fields of a form; of a file in one its name, type, size and digest. A list for several values."""
    content_type = headers.get("content-type", "")
    if not content_type.startswith("multipart/form-data"):
        return json.loads(body or "{}")
    fields = {}
    line = b"--" + content_type.split("boundary=", 1)[1].encode()
    *parts, end = (b"\r\n" + body).split(b"\r\n" + line)
    assert end == b"--\r\n" and parts[0] == b"", "the form has no end"
    for part in parts[1:]:
        head, value = part.removeprefix(b"\r\n").split(b"\r\n\r\n", 1)
        name = re.search(rb'; name="([^"]*)"', head)[1].decode()
        filename = re.search(rb'; filename="([^"]*)"', head)
        if filename is None:
            value = value.decode()
        else:
            value = {"filename": filename[1].decode(), "type": re.search(rb"Content-Type: (.*)", head)[1].decode(),
                     "bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
        if name.endswith("[]"):
            fields.setdefault(name, []).append(value)
        else:
            assert name not in fields, f"{name} comes twice"
            fields[name] = value
    return fields


async def list_models(exchange, server):
    """What this server has; at /keyed only for the one key that it takes."""
    if server == "/keyed" and exchange.headers.get("authorization") != "Bearer right":
        return await exchange.respond_json(401, error("Incorrect API key provided", "invalid_request_error"))
    models = [{"id": name, "object": "model", "created": 1790000000, "owned_by": "vllm"} for name in ("ok", "embed-1")]
    await exchange.respond_json(200, {"object": "list", "data": models})


async def answer(exchange, method, url):
    if url.path == "/control":
        model = urllib.parse.parse_qs(url.query).get("model", [""])[0]
        return await exchange.respond_json(200, seen[model].as_json())
    if url.path == "/redirected":
        seen["redirected"].calls += 1
        return await exchange.respond_json(200, {})
    if method == "GET" and url.path.endswith("/v1/models"):
        return await list_models(exchange, url.path.removesuffix("/v1/models"))
    if method != "POST" or url.path not in PATHS:
        return await exchange.respond_json(404, error(f"Unknown request URL: {method} {url.path}", "not_found"))
    model = exchange.body["model"]
    mode, _, parameters = model.partition("?")
    mode = mode.partition("#")[0]
    exchange.parameters = dict(urllib.parse.parse_qsl(parameters))
    record = seen[model]
    record.calls += 1
    record.connections.add(exchange.writer.get_extra_info("peername"))
    record.requests.append({"target": exchange.target, "headers": exchange.headers, "body": exchange.body})
    try:
        await globals()["mode_" + mode](exchange)
    except ConnectionError:
        record.closed += 1
        raise


async def run_server(answer):
    """Serves on a free port, which is printed, until standard input ends; answer(exchange, method, url) says what to each."""
    async def serve(reader, writer):
        try:
            while request := await read_request(reader):
                method, target, headers, body = request
                exchange = Exchange(reader, writer, target, headers, parse_body(headers, body), {})
                await answer(exchange, method, urllib.parse.urlsplit(target))
                if not exchange.keep_open:
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024, limit=64 * 1024 * 1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The end of standard input is the end of the test, however it came.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(run_server(answer))
