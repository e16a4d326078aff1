"""Models of programs whose every answer the parity tests compare: in the API (tests/e2e/http) and on the command line
(tests/e2e/cli)."""

# A program that stays: its input says what it does.
KEPT_SCRIPT = r"""
say() { printf '{"type":"%s","id":"%s"%s}\n' "$1" "$id" "$2"; }
echo '{"type":"ready","protocol":1}'
while read -r line; do
  id=${line#*\"id\":\"}; id=${id%%\"*}
  folder=${line##*\"folder\":\"}; folder=${folder%%\"*}
  case $line in
    *cancel*) say result;;
    *fail*) say delta ',"text":"so far"'; say error ',"code":"no_luck","message":"no luck today"';;
    *crash*) say delta ',"text":"so far"'; exit 3;;
    *garbage*) echo Loading...;;
    *elsewhere*) say artifact ',"path":"/etc/passwd"';;
    *wait*) ;;
    *) say delta ',"text":"one "'; say progress ',"fraction":0.5,"message":"half"'; printf xy > "$folder/f.txt"
       say artifact ',"path":"f.txt","media_type":"text/plain"'; say delta ',"text":"two"'
       say result ',"result":{"n":2}';;
  esac
done
"""

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

[models.copy]
driver = "command"
argv = ["/bin/cat", "{input.image}"]
input_mode = "none"
input.image = { type = "file", required = true, types = ["image/*"], urls = ["data"] }
""" + """
[models.kept]
driver = "command"
argv = ["/bin/sh", "-c", '''""" + KEPT_SCRIPT.replace("{", "{{").replace("}", "}}") + """''']
keep = 2
cancel_grace = "5s"
"""
