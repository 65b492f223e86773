"""Errors that a user can act on.

Each message names the file, key or node, what was found, and what would be right.  The command prints the
message as one line and exits with status 2; nothing else in the package catches these.
"""


class SpintronicsError(Exception):
    """Base of every error that this package raises for its user.

    ``str(error)`` is one line (file, key or node; what was found; what would be right).
    """


class InputError(SpintronicsError):
    """A file, key, option or value that the user gave cannot be used."""
