"""What LiteLLM and Instructor get: frameworks.py BASE_URL. Prints it as one JSON object."""

import json
import sys
from collections.abc import Iterable

import instructor
import litellm
import openai
from pydantic import BaseModel

BASE = sys.argv[1]
ASK = [{"role": "user", "content": "Name three colours."}]


class weather(BaseModel):  # the names of the tools that the upstream's model calls
    city: str


class time(BaseModel):
    pass


def ask(**members):
    return litellm.completion(model="openai/words", api_base=BASE, api_key="none", messages=ASK, num_retries=0, **members)


seen = {"litellm": ask().choices[0].message.content}
seen["litellm_streamed"] = "".join(piece.choices[0].delta.content or "" for piece in ask(stream=True))
seen["litellm_embedded"] = litellm.embedding(model="openai/embeddings", api_base=BASE, api_key="none", input=["a"],
                                             encoding_format="float").data[0]["embedding"]
client = instructor.from_openai(openai.OpenAI(base_url=BASE, api_key="none"), mode=instructor.Mode.PARALLEL_TOOLS)
found = client.chat.completions.create(model="tools", messages=ASK, response_model=Iterable[weather | time])
seen["instructor"] = [type(each).__name__ for each in found]
print(json.dumps(seen))
