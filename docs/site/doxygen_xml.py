"""What Doxygen's XML says of the public headers, as plain values: a header, its classes and functions, their members. Texts are
Markdown already."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from html import escape

# What a reader of a reference has to know of; friends and private members are none of it.
SHOWN = {"function", "variable", "typedef", "enum"}


@dataclass
class Member:
    id: str
    kind: str
    name: str
    declaration: str
    text: str
    line: int
    default: str = ""
    type: str = ""
    values: list = field(default_factory=list)  # of an enumeration: (name, text)


@dataclass
class Compound:
    id: str
    kind: str
    name: str
    bases: list
    text: str
    line: int
    members: list


@dataclass
class Header:
    path: str  # as it is included
    compounds: list = field(default_factory=list)
    members: list = field(default_factory=list)


def plain(element):
    """The text of an element without its markup, blanks folded."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def prose(text):
    """Words of a comment, in which the filter of the headers has escaped what is no tag."""
    return escape(re.sub(r"\\([<>])", r"\1", text or ""), quote=False)


def inline(element):
    """Markdown of what stands in a paragraph. A reference is written as a link to `ref:ID`, which the pages resolve."""
    parts = [prose(element.text)]
    for child in element:
        inner = inline(child)
        if child.tag == "ref" and plain(child) == "Redis":
            inner = "Redis"  # the server, which has the name of a class
        elif child.tag == "ref":
            inner = f"[`{plain(child)}`](ref:{child.get('refid')})"
        elif child.tag == "computeroutput":
            inner = f"`{plain(child)}`"
        elif child.tag == "bold":
            inner = f"**{inner}**"
        elif child.tag == "emphasis":
            inner = f"*{inner}*"
        elif child.tag == "ulink":
            inner = f"[{inner}]({child.get('url')})"
        elif child.tag == "sp":
            inner = " "
        parts.append(inner + prose(child.tail))
    return "".join(parts)


def code_of(line):
    """The text of a line of code, in which blanks are elements."""
    inside = "".join(code_of(part) + (part.tail or "") for part in line)
    return (" " if line.tag == "sp" else line.text or "") + inside


def block(element):
    """Markdown of a description: its paragraphs, lists and code."""
    blocks = []
    for child in element:
        if child.tag in ("itemizedlist", "orderedlist"):
            mark = "- " if child.tag == "itemizedlist" else "1. "
            blocks.append("\n".join(mark + block(item).replace("\n", "\n    ") for item in child))
        elif child.tag == "programlisting":
            blocks.append("```cpp\n" + "\n".join(code_of(line).rstrip() for line in child) + "\n```")
        elif child.tag == "verbatim":
            blocks.append("```text\n" + (child.text or "").strip("\n") + "\n```")
        elif child.tag == "para" and any(part.tag in ("itemizedlist", "orderedlist", "programlisting", "verbatim")
                                         for part in child):
            blocks.append(mixed(child))
        elif child.tag in ("para", "simplesect"):
            blocks.append(inline(child).strip())
    return "\n\n".join(text for text in blocks if text)


def mixed(paragraph):
    """A paragraph that holds lists or code beside its words."""
    words, blocks = ElementTree.Element("para"), []
    words.text = paragraph.text
    for child in paragraph:
        if child.tag in ("itemizedlist", "orderedlist", "programlisting", "verbatim"):
            blocks += [inline(words).strip()]
            holder = ElementTree.Element("description")
            holder.append(child)
            blocks += [block(holder)]
            words = ElementTree.Element("para")
            words.text = child.tail
        else:
            words.append(child)
    return "\n\n".join(text for text in [*blocks, inline(words).strip()] if text)


def text_of(element):
    found = (block(element.find(tag)) for tag in ("briefdescription", "detaileddescription") if element.find(tag) is not None)
    return "\n\n".join(text for text in found if text)


def template_of(element):
    parameters = element.find("templateparamlist")
    if parameters is None:
        return ""
    shown = []
    for parameter in parameters:
        name = plain(parameter.find("declname"))
        default = plain(parameter.find("defval"))
        kind = plain(parameter.find("type"))
        shown.append(f"{kind} {name}".strip() + (f" = {default}" if default else ""))
    requires = plain(element.find("requiresclause"))
    return f"template <{', '.join(shown)}>\n" + (f"  requires {requires}\n" if requires else "")


def tidy(code):
    """Doxygen's blanks around brackets, as this project writes them."""
    code = re.sub(r"(?<=[\w>])=(?=[\w\"{\[:-])", " = ", code).replace("=default", " = default").replace("=delete", " = delete")
    code = re.sub(r"< (?=\S)", "<", re.sub(r"(?<=\S) >", ">", code))
    return re.sub(r" ([&*]+)(?= ?\w|\)|,|$)", r"\1 ", code).replace("  ", " ").replace(" )", ")").replace(" ,", ",").strip()


def member_of(element):
    kind, name, type_ = element.get("kind"), plain(element.find("name")), tidy(plain(element.find("type")))
    arguments = tidy(plain(element.find("argsstring")))
    default = plain(element.find("initializer")).removeprefix("=").strip()
    words = [word for word, attribute in (("static", "static"), ("explicit", "explicit")) if element.get(attribute) == "yes"]
    declaration = " ".join([*words, type_, name]).strip() + arguments
    if kind == "typedef":
        declaration = f"using {name} = {type_}{arguments}"
    elif kind == "enum":
        declaration = f"enum class {name}" if element.get("strong") == "yes" else f"enum {name}"
    elif kind == "variable" and default:
        declaration += f" = {default}"
    values = [(plain(value.find("name")), text_of(value)) for value in element.findall("enumvalue")]
    return Member(element.get("id"), kind, name, template_of(element) + declaration, text_of(element),
                  int(element.find("location").get("line")), default, type_, values)


def shown_members(compound):
    return [member_of(member) for member in compound.iter("memberdef")
            if member.get("prot") == "public" and member.get("kind") in SHOWN]


def header_path(element):
    location = element.find("location")
    return location.get("file") if location is not None else ""


def headers_in(folder):
    """Every header, by the path that it is included by."""
    found = {}
    for path in sorted(folder.glob("*.xml")):
        for compound in ElementTree.parse(path).getroot().findall("compounddef"):
            kind, name = compound.get("kind"), plain(compound.find("compoundname"))
            if kind == "file" and header_path(compound).endswith(".hpp"):
                found.setdefault(header_path(compound), Header(header_path(compound)))
            elif kind in ("class", "struct") and compound.get("prot") == "public" and not name.startswith("std::"):
                header = found.setdefault(header_path(compound), Header(header_path(compound)))
                bases = [tidy(plain(base)) for base in compound.findall("basecompoundref")]
                header.compounds.append(Compound(compound.get("id"), kind, name, bases, text_of(compound),
                                                 int(compound.find("location").get("line")), shown_members(compound)))
            elif kind == "namespace" and name.split("::")[0] == "bullmq" and "detail" not in name:
                for element in compound.iter("memberdef"):
                    if element.get("kind") in SHOWN:
                        header = found.setdefault(header_path(element), Header(header_path(element)))
                        header.members.append(member_of(element))
    return found
