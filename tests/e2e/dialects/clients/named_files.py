"""Files that messages name by the ids that an upload gave: named_files.py BASE_URL KEY OTHERS_KEY, as JSON."""

import json
import sys

import openai
from failure import failure

URL, KEY, OTHERS_KEY = sys.argv[1:4]
client = openai.OpenAI(base_url=URL, api_key=KEY, max_retries=0)
other = openai.OpenAI(base_url=URL, api_key=OTHERS_KEY, max_retries=0)


def upload(name, data, media_type):
    return client.files.create(file=(name, data, media_type), purpose="user_data").id


PAPER, CAT = upload("paper.pdf", b"%PDF", "application/pdf"), upload("cat.png", b"\x89PNG", "image/png")


def chat(*parts, model="chat", by=client, **members):
    content = [{"type": "text", "text": "What?"}, *parts]
    return by.chat.completions.create(model=model, messages=[{"role": "user", "content": content}], **members)


def respond(*parts, model="chat", by=client, **members):
    content = [{"type": "input_text", "text": "What?"}, *parts]
    return by.responses.create(model=model, input=[{"role": "user", "content": content}], **members)


def part(file_id):
    return {"type": "file", "file": {"file_id": file_id}}


def input_part(file_id, kind="file"):
    return {"type": f"input_{kind}", "file_id": file_id}


seen = {"chat": chat(part(PAPER)).choices[0].message.content}
seen["streamed"] = "".join(chunk.choices[0].delta.content or "" for chunk in chat(part(PAPER), stream=True) if chunk.choices)
first = respond(input_part(PAPER), input_part(CAT, "image"))
seen["response"] = first.output_text
seen["items"] = [[each.type for each in item.content] for item in client.responses.input_items.list(first.id)]
seen["gone_on"] = client.responses.create(model="chat", input="And?", previous_response_id=first.id).output_text
seen["program"] = [chat(part(PAPER), model="program").choices[0].message.content,
                   respond(input_part(PAPER), model="program").output_text]
seen["errors"] = {
    "unknown": failure(lambda: chat(part("file-" + 32 * "0"))),
    "path": failure(lambda: chat(part("../../etc/passwd"))),
    "others": failure(lambda: chat(part(PAPER), by=other)),
    "others_response": failure(lambda: respond(input_part(CAT), input_part(PAPER), by=other)),
    "no_image": failure(lambda: respond(input_part(CAT, "image"), input_part(PAPER, "image"))),
    "no_files": failure(lambda: chat(part(PAPER), model="plain")),
    "no_files_response": failure(lambda: respond(input_part(PAPER), model="plain")),
    "one_file": failure(lambda: chat(part(PAPER), part(CAT), model="program")),
    "large": failure(lambda: chat(part(PAPER), part(upload("large.bin", bytes(5000), "text/plain")))),
    "many": failure(lambda: chat(*[part(PAPER)] * 10_000)),
    "many_unknown": failure(lambda: chat(*[part(f"file-{i:032x}") for i in range(10_000)])),
    "both": failure(lambda: chat({"type": "file", "file": {"file_id": PAPER, "file_data": "data:,"}})),
    "url": failure(lambda: respond({"type": "input_file", "file_url": "https://example.com/a.pdf"})),
}
client.files.delete(PAPER)
seen["errors"]["deleted"] = failure(lambda: chat(part(PAPER)))
seen["errors"]["deleted_earlier"] = failure(
    lambda: client.responses.create(model="chat", input="And?", previous_response_id=first.id))
print(json.dumps(seen))
