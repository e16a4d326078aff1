"""The marks of a manual page."""


def roff(text):
    """TEXT as roff: no letter of it is a request or an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join("\\&" + line if line.startswith((".", "\\(aq")) else line for line in text.split("\n"))


def heading(name, section, version, about):
    return [f'.TH "{name.upper()}" "{section}" "" "shunt {version}" "Shunt"', ".SH NAME", f"{name} \\- {roff(about)}"]


def verbatim(text):
    return [".nf", roff(text), ".fi"]
