"""Row path: the decoder's truth table with every transistor, and one activation's energy and latency."""

from itertools import combinations

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize.device_table import OperationFailed
from spintronics.characterize.row_path import row_figures, row_leakage
from spintronics.circuits.row_bench import Activation, Port, RowDecoder, SelectBench
from spintronics.errors import InputError
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


def technology(**keys: str) -> Technology:
    return Technology.load("imce45", {key.replace("__", "."): value for key, value in keys.items()})


@pytest.mark.parametrize("rows", [8, 16, 11])
def test_exactly_the_selected_word_lines_rise(rows: int) -> None:
    t = technology(array__rows=str(rows))
    cases: list[dict[Port, int]] = [{}]
    cases += [{port: row} for port in Port for row in range(rows)]
    cases += [{Port.READ: a, Port.SECOND: b} for a, b in combinations(range(rows), 2)]
    cases += [{Port.READ: b, Port.SECOND: a} for a, b in [(0, rows - 1), (3, 5)]]
    cases += [{Port.READ: rows - 1, Port.SECOND: rows - 1}]
    waves = Simulator().run(SelectBench(t, cards.locate(t), tuple(cases)).deck().text())
    lines = np.array([waves[f"v(word{n})"] for n in range(2 * rows)]).T
    for case, found in zip(cases, lines, strict=True):
        wanted = np.zeros(2 * rows)
        for port, row in case.items():
            wanted[row + (rows if port is Port.WRITE else 0)] = 1
        assert found == pytest.approx(wanted, abs=0.05), case


def test_groups_hold_all_address_bits() -> None:
    for rows in (3, 4, 8, 9, 100, 256, 512, 1000, 4096):
        decoder = RowDecoder(technology(array__rows=str(rows)))
        assert sum(decoder.groups) == decoder.bits == int(np.ceil(np.log2(rows)))
        assert set(decoder.groups) <= {2, 3}
        selected = {tuple(decoder.line(g, row) for g in range(len(decoder.groups))) for row in range(rows)}
        assert len(selected) == rows


def test_more_rows_than_the_decoder_has_are_refused() -> None:
    with pytest.raises(InputError, match=r"technology\.array\.rows = 5000: .* must be <= 4096"):
        RowDecoder(technology(array__rows="5000"))


def test_two_rows_take_twice_the_word_line_and_a_second_port() -> None:
    t = technology()
    one, two = (row_figures(t, cards.locate(t), Simulator(), a).cost for a in (Activation.READ, Activation.TWO_ROWS))
    for part in ("word line", "buffer", "select"):
        assert two.parts[part] == pytest.approx(2 * one.parts[part], rel=0.05, abs=0)
    for part in ("address", "predecode", "row gates"):
        assert two.parts[part] == pytest.approx(one.parts[part], rel=0.02, abs=0)
        # The second port has the same groups, but its lines carry the row gates of one port alone.
        assert 0.4 * one.parts[part] < two.parts[f"second {part}"] < 1.05 * one.parts[part]
    assert two.latency == pytest.approx(one.latency, rel=0.05, abs=0)
    assert all(energy > 0 for energy in two.parts.values())


def test_word_line_energy_grows_by_c_v_squared_of_its_wire() -> None:
    energies = []
    for wire in ("0.2 fF", "0.6 fF"):
        t = technology(array__word_line_capacitance=wire)
        energies.append(row_figures(t, cards.locate(t), Simulator(), Activation.READ).cost.parts["word line"])
    assert energies[1] - energies[0] == pytest.approx(512 * 0.4e-15 * 1.0**2, rel=0.02, abs=0)


def test_predecoded_lines_take_at_least_their_wires_and_more_with_more_rows() -> None:
    found = {}
    for rows in (64, 256):
        t = technology(array__rows=str(rows))
        found[rows] = row_figures(t, cards.locate(t), Simulator(), Activation.READ)
        wires = len(RowDecoder(t).groups) * rows * t.array.bit_line_capacitance
        assert found[rows].cost.parts["predecode"] > wires * t.cmos.supply**2
    assert found[256].cost.latency > found[64].cost.latency
    stages = list(found[256].stages.values())
    assert stages == sorted(stages)
    assert stages[-1] == found[256].cost.latency


def test_rows_at_rest_leak_alike() -> None:
    leakages = [row_leakage(t, cards.locate(t), Simulator()) for t in (technology(), technology(array__rows="128"))]
    assert leakages[0].row == pytest.approx(leakages[1].row, rel=0.01, abs=0)
    assert leakages[0].total == pytest.approx(leakages[0].ports + 256 * leakages[0].row, rel=1e-9, abs=0)
    # Two word line drivers off by their PMOS, 0.855 nA for 90 nm (FreePDK45 VTG), are most of a row.
    drivers = 2 * 2 * 5.76e-6 / 90e-9 * 0.855e-9
    assert drivers < leakages[0].row < 1.5 * drivers


def test_a_word_line_that_does_not_rise_is_refused() -> None:
    t = technology(cmos__supply="0.3 V")
    with pytest.raises(OperationFailed, match=r"row path, read: word line of row 255 at -?0\.\d\d V after 1\.2e-09 s"):
        row_figures(t, cards.locate(t), Simulator(), Activation.READ)
