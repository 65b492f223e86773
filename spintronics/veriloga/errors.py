"""What can be wrong with a Verilog-A model, as types."""

from pathlib import Path

from spintronics.errors import InputError


class ModelError(InputError):
    """A Verilog-A file that cannot be compiled, or that uses what cannot be expressed in the target.

    Attributes:
        path: the file.
        reason: what was found and what would be right.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")


class CompilerMissing(InputError):
    """openvaf-py is not installed."""


class NoCCompiler(InputError):
    """Neither openvaf-r nor a C compiler is there to build a compiled model."""


class BuildError(ModelError):
    """A compiled model could not be built; ``reason`` has the compiler's first error."""
