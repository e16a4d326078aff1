"""Pages that may be longer than five minutes, and why. Each must still be longer, so that none outlives its reason."""

LONGER = {
    "docs/configuration.md": "made from the table of settings: one looks up a setting in it, by its name or with the search",
    "CHANGELOG.md": "one reads of it what came after one's own version, and each version begins with what upgraders must do",
    "docs/decisions/0020-the-flip.md": "a decision's record stays as it was taken; docs/flip.md is what users read",
    "docs/decisions/0023-the-registry-of-sync-generations.md": "a decision's record stays as it was taken",
}
