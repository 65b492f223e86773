"""``python -m spintronics``: the command."""

from spintronics.cli import main

main()
