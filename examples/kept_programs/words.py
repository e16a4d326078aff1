"""A program that stays, in Python: says the words of input.text one by one, input.pause seconds apart."""
import json
import os
import queue
import sys
import threading
import time

# The protocol has standard output to itself: what a library prints goes to standard error.
protocol = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
runs, cancelled = queue.Queue(), set()


def say(kind, **members):
    protocol.write(json.dumps({"type": kind, **members}) + "\n")


def listen():
    for line in sys.stdin:
        word = json.loads(line)
        if word["type"] == "run":
            runs.put(word)
        elif word["type"] == "cancel":
            cancelled.add(word["id"])
    runs.put(None)


threading.Thread(target=listen, daemon=True).start()
say("ready", protocol=1)  # here a model would have been loaded
while (run := runs.get()) is not None:
    said = 0
    for word in run["input"]["text"].split():
        if run["id"] in cancelled:
            break
        say("delta", id=run["id"], text=word + " ")
        said += 1
        time.sleep(run["input"].get("pause", 0))
    say("result", id=run["id"], result={"words": said})
    cancelled.discard(run["id"])
