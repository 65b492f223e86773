"""All commands walked: an example in each help, one name for one thing, what long ones and machines need everywhere."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from spintronics import cli

GROUP: Any = typer.main.get_command(cli.app)
ABOUT_ITS_OWN = {
    "--from",
    "--technology",
    "--trials",
    "--data",
    "--fan-in",
    "--images",
    "--bits",
    "--output",
    "--resume",
}
"""Options whose help says more in one command than in another; name and kind are the same."""


def walked(prefix: str = "", group: Any = GROUP) -> Iterator[tuple[str, Any]]:
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from walked(f"{prefix}{name} ", command)
        else:
            yield f"{prefix}{name}", command


COMMANDS = dict(walked())


def options(name: str) -> dict[str, Any]:
    """Options of a command by their long name."""
    return {p.opts[-1]: p for p in COMMANDS[name].params if p.param_type_name == "option" and p.name != "help"}


def test_every_command_of_the_documentation_is_there() -> None:
    top = {name.partition(" ")[0] for name in COMMANDS}
    named = "run characterize memory evaluate explain accuracy train table plot report sweep veriloga doctor init"
    assert top == set(named.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_each_thing_is_and_gives_one_example(name: str) -> None:
    command = COMMANDS[name]
    about, example, line = command.help.partition("Example: ")
    assert about.strip()
    assert example
    assert line.startswith(f"spintronics {name}")
    assert line.count("spintronics") >= 1
    assert "Example: " not in line
    for parameter in command.params:
        assert parameter.help, f"{name} {parameter.name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_s_options_are_the_command_s(name: str) -> None:
    line = COMMANDS[name].help.partition("Example: ")[2].partition("&&")[0]
    known = {opt for p in COMMANDS[name].params for opt in p.opts}
    assert {word for word in line.split() if word.startswith("-")} <= known


def test_an_option_is_called_and_explained_alike_everywhere() -> None:
    found: dict[str, set[Any]] = defaultdict(set)
    for name in COMMANDS:
        for option, p in options(name).items():
            found[option].add((tuple(p.opts), p.is_flag, *(() if option in ABOUT_ITS_OWN else (p.help, p.metavar))))
    unlike = {option: kinds for option, kinds in found.items() if len(kinds) > 1}
    assert set(unlike) <= {"--json", "--seed"}, unlike  # files or figures; a run's seed or a training's


def test_machines_can_read_every_answer() -> None:
    assert {name for name in COMMANDS if "--json" not in options(name)} == {"veriloga lower", "veriloga osdi"}


def test_whatever_takes_long_says_how_far_it_is_and_where_it_writes() -> None:
    long = {name for name in COMMANDS if "--out" in options(name)}
    assert long == {"run", "characterize", "sweep", "accuracy", "train"}
    for name in long:
        assert {"--verbose", "--json", "--seed"} <= set(options(name)), name
