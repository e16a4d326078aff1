"""shunt.toml(5), made of the reference of the settings, which is Markdown."""
import re

from roff import heading, roff

INLINE = re.compile(r"`([^`]+)`|\[((?:[^\]`]|`[^`]*`)+)\]\([^)]*\)|\*([^*]+)\*")


def inline(text):
    """Code is bold, *words* are italic, and of a link its words are left."""
    parts, end = [], 0
    for found in INLINE.finditer(text):
        parts.append(roff(text[end:found.start()]))
        code, link, emphasis = found.groups()
        parts.append(f"\\fB{roff(code)}\\fR" if code else f"\\fI{roff(emphasis)}\\fR" if emphasis else inline(link))
        end = found.end()
    parts.append(roff(text[end:]))
    return "".join(parts)


def cells(row):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def setting_lines(columns, row):
    told = dict(zip(columns, cells(row)))
    notes = [f"{name}: {inline(told[name])}" for name in ("value", "default", "variable, flag") if told.get(name)]
    return [".TP", inline(told[columns[0]]), inline(told.get("meaning", "")), ".br", "(" + "; ".join(notes) + ")"]


def settings_page(markdown, version):
    lines = heading("shunt.toml", 5, version, "configuration of shunt")
    lines += [".SH DESCRIPTION"]
    columns, in_code = [], False
    for line in markdown.split("\n"):
        if line.startswith("```"):
            in_code = not in_code
            lines.append(".nf" if in_code else ".fi")
        elif in_code:
            lines.append(roff(line))
        elif line.startswith(("# ", "<!--", "| ---")):
            continue
        elif line.startswith("#"):
            lines.append((".SH " if line.startswith("## ") else ".SS ") + f'"{inline(line.lstrip("# ")).replace(chr(34), chr(92) + "(dq")}"')
        elif line.startswith("|"):
            if not columns:
                columns = cells(line)
            else:
                lines += setting_lines(columns, line)
        else:
            columns = []
            item = re.match(r"(\d+\.|-) +(.*)", line)
            if item:
                lines += [f'.IP "{roff(item[1])}" 4', inline(item[2])]
            else:
                lines.append(inline(line.strip()) if line.strip() else ".PP")
    return [*lines, ".SH FILES", "\\fI/etc/shunt/shunt.toml\\fR, which the units of the Debian package name",
            ".SH SEE ALSO", "\\fBshunt\\fR(1)"]
