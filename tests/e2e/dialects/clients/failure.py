"""What a call of OpenAI's client for Python is refused with; None: it was not."""

import openai


def failure(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return None
