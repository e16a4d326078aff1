"""The shell commands of a Markdown document: what its fenced and its indented blocks hold, one command each."""

import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass

FENCE = re.compile(r"^( {0,3})(```+|~~~+)\s*([\w+-]*)")
SHELLS = {"sh", "bash", "shell", "console"}
# Fenced blocks of these languages hold no commands. A block of any other is looked at as an indented one is.
OTHERS = {"cpp", "cmake", "json", "toml", "yaml", "lua", "html", "http", "python", "javascript", "mermaid", "sql", "text"}
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")


@dataclass
class Command:
    page: str
    line: int
    text: str

    def __str__(self):
        return f"{self.page}:{self.line}: {self.text}"

    @property
    def words(self):
        return shlex.split(self.text.replace("\\\n", " "), comments=True)

    @property
    def program(self):
        """What is run, behind assignments for its environment; "" when there are only those."""
        return next((word for word in self.words if not ASSIGNMENT.match(word)), "")


@dataclass
class Block:
    line: int
    language: str  # "" of an indented one and of a fence without a word
    lines: list


def blocks(text):
    """Fenced blocks, and paragraphs of indented ones."""
    lines = text.split("\n")
    found = []
    at = 0
    while at < len(lines):
        fence = FENCE.match(lines[at])
        if fence:
            end = at + 1
            while end < len(lines) and not lines[end].strip().startswith(fence[2]):
                end += 1
            found.append(Block(at + 2, fence[3].lower(), [line[len(fence[1]):] for line in lines[at + 1:end]]))
            at = end + 1
        elif lines[at].startswith("    ") and lines[at].strip() and (at == 0 or not lines[at - 1].strip()):
            end = at
            while end < len(lines) and lines[end].startswith("    ") and lines[end].strip():
                end += 1
            found.append(Block(at + 1, "", [line[4:] for line in lines[at:end]]))
            at = end
        else:
            at += 1
    return found


def is_shell(block):
    """Whether somebody could type it. Of a block that does not say what it is, the first word decides: a program that is
    here or in this tree, or one that everybody knows."""
    if block.language in SHELLS:
        return True
    if block.language in OTHERS:
        return False
    first = next((line for line in block.lines if line.strip() and not line.lstrip().startswith("#")), "")
    if first.startswith("$ "):
        return True
    try:
        words = [word for word in shlex.split(first, comments=True) if not ASSIGNMENT.match(word)]
    except ValueError:
        words = first.split()
    if not words:
        return bool(re.match(r"^(export )?[A-Z_]+=\S", first))
    known = {"shunt", "docker", "kubectl", "apt", "apt-get", "systemctl", "wget", "pip", "pip3", "brew", "go", "yarn",
             "pnpm", "npx", "sudo", "helm", "redis-cli", "journalctl", "cargo"}
    return words[0] in known or words[0].startswith("./") or bool(
        re.fullmatch(r"[a-z][\w.+-]*", words[0]) and len(words) > 1 and shutil.which(words[0]))


def is_complete(text):
    return subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True).returncode == 0


def commands_in(page, text):
    """Each command with its lines: until the shell would run it. Of a console, what stands behind "$ "."""
    found = []
    for block in blocks(text):
        if not is_shell(block):
            continue
        console = any(line.startswith("$ ") for line in block.lines)
        pending, begun = "", 0
        for number, line in enumerate(block.lines, block.line):
            if console and not pending:
                if not line.startswith("$ "):
                    continue
                line = line[2:]
            if not pending and (not line.strip() or line.lstrip().startswith("#")):
                continue
            begun = begun if pending else number
            pending += ("\n" if pending else "") + line
            if not line.rstrip().endswith("\\") and is_complete(pending):
                found.append(Command(page, begun, pending.strip()))
                pending = ""
        if pending:  # what a shell would not run is for whoever runs it to complain about
            found.append(Command(page, begun, pending.strip()))
    return found


def settings_in(text):
    """The tables of settings that a page shows, as far as they are of models: its commands count on them. Of a model that
    is shown in several ways the first."""
    tables = {}
    for block in blocks(text):
        if block.language in ("", "toml") and block.lines and block.lines[0].startswith("[models."):
            tables.setdefault(block.lines[0].split("]")[0], "\n".join(block.lines))
    return "\n\n".join(tables.values())
