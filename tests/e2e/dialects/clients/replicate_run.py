"""What Replicate's client for Python gets: replicate_run.py BASE_URL KEY. Prints it as one JSON object."""

import json
import sys
import urllib.request

import replicate

client = replicate.Client(base_url=f"{sys.argv[1]}/replicate", api_token=sys.argv[2])
seen = {"short": "".join(client.run("shunt/words", input={"prompt": "hi", "tokens": 4}))}
seen["streamed"] = "".join(str(event) for event in client.stream("shunt/words", input={"prompt": "hi", "tokens": 4}))
# The client makes an object of https: URLs alone; this one is opened by its token.
with urllib.request.urlopen(client.run("shunt/speech", input={"text": "hello", "voice": "en"})) as sound:
    seen["sound"] = sound.read()[:4].decode()
prediction = client.models.predictions.create("shunt/words", input={"prompt": "x", "tokens": 1000, "token_gap_ms": 50})
prediction.cancel()
prediction.wait()
seen["cancelled"] = prediction.status
seen["listed"] = len(client.predictions.list().results)
seen["models"] = sorted(model.name for model in client.models.list())
try:
    client.run("shunt/words", input={"prompt": "x", "tokens": 20, "failure_rate": 1})
except replicate.exceptions.ModelError as error:
    seen["failed"] = error.prediction.status
print(json.dumps(seen))
