"""Speech that stays: the library of eSpeak NG, loaded once, makes input.text a file. Debian: libespeak-ng1, python3."""
import ctypes
import json
import os
import sys
import wave

SYNCHRONOUS, UTF8, PLAYBACK_FAILED = 2, 1, 1
protocol = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
espeak = ctypes.CDLL("libespeak-ng.so.1")
RATE = espeak.espeak_Initialize(SYNCHRONOUS, 0, None, 0)
samples = bytearray()


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
def take(data, count, _events):
    if data and count > 0:
        samples.extend(ctypes.string_at(data, 2 * count))
    return 0


def speak(run):
    voice, text = run["input"].get("voice", "en"), run["input"]["text"].encode()
    if espeak.espeak_SetVoiceByName(voice.encode()) != 0:
        return {"type": "error", "code": "no_voice", "message": f"there is no voice {voice}"}
    samples.clear()
    espeak.espeak_Synth(text, ctypes.c_size_t(len(text) + 1), 0, 0, 0, UTF8, None, None)
    with wave.open(os.path.join(run["folder"], "audio.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(samples))
    say({"type": "artifact", "id": run["id"], "path": "audio.wav", "media_type": "audio/wav"})
    return {"type": "result", "result": {"seconds": round(len(samples) / 2 / RATE, 3)}}


def say(word):
    protocol.write(json.dumps(word) + "\n")


espeak.espeak_SetSynthCallback(take)
if RATE < 0:
    sys.exit("the voices of eSpeak NG are not there: apt-get install espeak-ng-data")
say({"type": "ready", "protocol": 1})
for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "run":  # a sentence is short: a cancel is answered by its result
        say(speak(request) | {"id": request["id"]})
