"""The main job as a user meets it: the sense margins at 100 000 trials, the command's start, a whole run by stage.

Compared with targets, not with another tool.  The sense margins are computed here as the pipeline does (draws,
solving, nominal decks, statistics) without writing files; the whole run writes everything, into a folder that is
removed.  All cores are used, so a busy machine shows in the wall times.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from measure import Stopwatch, machine, print_table

from spintronics import cards
from spintronics.characterize.sense_margin import sense_margin, solve_trials
from spintronics.circuits.sense_path import operations_of
from spintronics.ngspice import Simulator, default_workers
from spintronics.technology import Technology

TRIALS = 100_000
FAN_INS = (1, 2, 3)
COMMAND = Path(sys.executable).with_name("spintronics")


def sense_margins() -> Stopwatch:
    """Memory read, fan-in 2 and fan-in 3, every operation."""
    technology = Technology.load("imce45")
    context = (technology, cards.locate(technology), Simulator())
    solve_trials(*context, 1, 2, 1, 1)  # imports
    with Stopwatch() as watch:
        for fan_in in FAN_INS:
            trials = solve_trials(*context, fan_in, TRIALS, 1, default_workers())
            for operation in operations_of(fan_in):
                sense_margin(*context, trials, operation)
    return watch


def command(*arguments: str) -> Stopwatch:
    """``spintronics`` with arguments, its output dropped."""
    with Stopwatch() as watch:
        subprocess.run([COMMAND, *arguments], stdout=subprocess.DEVNULL, check=True)
    return watch


def main() -> None:
    """Measure and print."""
    print("whole pipeline")
    print(machine())
    margins = sense_margins()
    starts = [command("--help") for _ in range(5)]
    with tempfile.TemporaryDirectory() as folder:
        run = command("run", "imce", "--out", folder)
        seconds: dict[str, float] = json.loads(Path(folder, "manifest.json").read_text(encoding="utf-8"))["seconds"]
    help_wall, help_cpu = median(w.wall for w in starts), median(w.cpu for w in starts)
    rows = [
        [f"sense margins, fan-in 1, 2, 3, {TRIALS} trials", f"{margins.wall:.2f}", f"{margins.cpu:.2f}", "<= 15"],
        ["spintronics --help, median of 5", f"{help_wall:.2f}", f"{help_cpu:.2f}", "<= 0.5"],
        ["spintronics run imce", f"{run.wall:.2f}", f"{run.cpu:.2f}", "<= 60"],
        *([f"  {stage}", f"{wall:.2f}", "", ""] for stage, wall in seconds.items()),
    ]
    print_table(["what", "wall s", "CPU s", "target, wall s"], rows)


if __name__ == "__main__":
    main()
