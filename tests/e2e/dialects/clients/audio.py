"""Sounds and images through OpenAI's client for Python: audio.py BASE_URL KEY. Prints what it got as one JSON object."""

import base64
import hashlib
import json
import sys

import openai
from failure import failure

client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
SOUND = ("hello.wav", b"RIFF\r\n--\0\xff" + bytes(range(256)) * 400)
PNG = ("one.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png")


def transcribe(model="whisper", **members):
    return client.audio.transcriptions.create(model=model, file=SOUND, **members)


seen = {"sha256": hashlib.sha256(SOUND[1]).hexdigest()}
plain = transcribe(language="nl", temperature=0.5)
seen["plain"] = plain.text
verbose = transcribe(response_format="verbose_json", timestamp_granularities=["word", "segment"])
seen["verbose"] = [verbose.text, verbose.language, verbose.duration]
seen["texts"] = [transcribe(response_format=form) for form in ("text", "srt", "vtt")]
seen["streamed"] = [[event.type, getattr(event, "delta", None) or event.text] for event in transcribe(stream=True)]
seen["pieces"] = [[event.type, event.delta, len(event.logprobs) > 0] if event.type.endswith("delta") else
                  [event.type, event.text, event.usage.total_tokens]
                  for event in transcribe("pieces", stream=True, include=["logprobs"])]
seen["whole"] = transcribe("pieces").text
seen["translated"] = client.audio.translations.create(model="english", file=SOUND).text
seen["program"] = transcribe("program").text
seen["program_text"] = transcribe("program", response_format="text")
edited = client.images.edit(model="edits", image=PNG, mask=PNG, prompt="a hat", n=2)
seen["edited"] = [base64.b64decode(each.b64_json)[1:4].decode() for each in edited.data]
listed = client.images.edit(model="edits", image=[PNG], prompt="a hat")
seen["listed"] = len(listed.data)
seen["several"] = len(client.images.edit(model="collage", image=[PNG, PNG, PNG], mask=PNG, prompt="a hat").data)
seen["errors"] = {
    "many": failure(lambda: client.images.edit(model="collage", image=[PNG] * 4, prompt="x")),
    "unlisted": failure(lambda: client.images.edit(model="edits", image=[PNG, PNG], prompt="x")),
    "format": failure(lambda: transcribe("program", response_format="srt")),
    "unruled": failure(lambda: transcribe("program", language="nl")),
    "kind": failure(lambda: client.audio.translations.create(model="whisper", file=SOUND)),
    "url": failure(lambda: client.images.edit(model="edits", image=PNG, prompt="x", response_format="url")),
    "upstream": failure(lambda: transcribe("broken")),
}
print(json.dumps(seen))
