"""What OpenAI's client makes of webhooks: openai_webhook.py SECRET, with a JSON array of {"headers", "body"} as standard
input. Prints the events, or the name of what it raises."""

import json
import sys

from openai import OpenAI

client = OpenAI(api_key="none", webhook_secret=sys.argv[1])
seen = []
for request in json.load(sys.stdin):
    try:
        seen.append(client.webhooks.unwrap(request["body"], request["headers"]).to_dict())
    except Exception as error:  # its name is what the test looks at
        seen.append(type(error).__name__)
print(json.dumps(seen))
