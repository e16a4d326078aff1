"""What the kernel says of processes that are nobody's children here."""

from pathlib import Path


def has_ended(pid):
    """Whether it is gone, or waits for its parent to take notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or before it was read
        return True
