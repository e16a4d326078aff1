"""shunt(1), made of the table of commands."""
from roff import heading, roff, verbatim


def option_lines(option):
    names = ", ".join(f"\\fB{roff(name)}\\fR" for name in option["names"])
    value = "|".join(option["choices"]) or option["value"]
    term = " ".join(part for part in (names, f"\\fI{roff(value)}\\fR" if value else "") if part)
    return [".TP", term, roff(option["help"])]


def command_lines(command, path):
    lines = [f'.SS "{roff(" ".join(path))}"', roff(command["help"]) + "."] if len(path) > 1 else []
    for option in command["options"]:
        # Every command has it; the page says so once.
        if "--help" not in option["names"] or len(path) == 1:
            lines += option_lines(option)
    if command["footer"] and len(path) > 1 and not command["commands"]:
        lines += [".PP", *verbatim(command["footer"])]
    for below in command["commands"]:
        lines += command_lines(below, [*path, below["name"]])
    return lines


def without_notes_of_parent(command):
    """The commands below one often share its footer: it is told once, with the last of them."""
    for below, after in zip(command["commands"], command["commands"][1:]):
        if below["footer"] == after["footer"] and not below["commands"]:
            below["footer"] = ""
    for below in command["commands"]:
        without_notes_of_parent(below)


def command_page(table, version):
    without_notes_of_parent(table)
    own = {**table, "commands": []}
    return [*heading("shunt", 1, version, "run generation jobs behind one HTTP endpoint"),
            ".SH SYNOPSIS", "\\fBshunt\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]",
            ".SH DESCRIPTION", roff(table["help"]),
            ".SH OPTIONS", *command_lines(own, ["shunt"]),
            ".SH COMMANDS", "Each command has \\fB\\-\\-help\\fR.", *command_lines({**table, "options": []}, ["shunt"]),
            ".SH NOTES", *verbatim(table["footer"]),
            ".SH SEE ALSO", "\\fBshunt.toml\\fR(5)"]
