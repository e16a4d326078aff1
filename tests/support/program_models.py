"""Models of programs whose every answer the parity tests compare: in the API (tests/e2e/http) and on the command line
(tests/e2e/cli)."""

PROGRAMS = r"""
[models.steps]
driver = "command"
argv = ["/bin/sh", "-c", "echo 'progress: 50% halfway' >&2; echo 'a note' >&2; cat"]
input_mode = "stdin_text"
stderr_to_caller = true
input_text_field = "prompt"
text_field = "prompt"

[models.verdict]
driver = "command"
argv = ["/bin/sh", "-c", "printf '{{\"kept\": [1, 2.5, \"žluť\"], \"nothing\": null}}'"]
input_mode = "none"
output = "json"

[models.drawing]
driver = "command"
argv = ["/bin/sh", "-c", "printf 'PNG\\0\\1\\377' > \"$0\"", "{output_file}"]
input_mode = "none"
output = "artifact"
artifact_name = "drawing.png"
artifact_media_type = "image/png"
produces = ["image/png"]
"""
