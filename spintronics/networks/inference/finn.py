"""Trained binary networks of BNN-PYNQ (FINN): weights and thresholds as the accelerator loads them.

    <layer>-<PE>-weights.bin   64-bit words, the low SIMD bits used, bit 1 = +1, 0 = −1
    <layer>-<PE>-thres.bin     64-bit signed thresholds, one per tile
    classes.txt                names of the outputs

Neuron = tile · PEs + PE.  The words of a neuron follow its inputs: kernel row, kernel column, channel.  A neuron is +1
where the XNOR popcount of its inputs is above its threshold; the last layer has none.

    Σ w·x = 2·popcount(xnor(w, x)) − length      so that      popcount > t   is   Σ w·x > 2·t − length

Source: Umuroglu et al., FINN, FPGA 2017; sizes of the layers from BNN-PYNQ's config.h.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError
from spintronics.networks.inference.formats import Coding, Format, IntArray
from spintronics.networks.inference.layers import PIXELS, SIGN, InferenceLayer, LookUp, Threshold, Weighted
from spintronics.networks.inference.network import BitwiseNetwork
from spintronics.networks.layers import Convolution, FullyConnected, Pool, Shape

_THRESHOLD_BITS = 16  # neurons that only fill up the last tile have the largest threshold
_WORD_BYTES = 8


@dataclass(frozen=True)
class _Folding:
    """How the accelerator lays a layer over processing elements: neurons and inputs with what fills them up."""

    shape: Convolution | FullyConnected
    pes: int
    simd: int
    neurons: int
    inputs: int

    @property
    def tiles(self) -> int:
        return self.neurons // self.pes

    @property
    def words(self) -> int:
        """Of one neuron."""
        return self.inputs // self.simd


@dataclass(frozen=True)
class _Topology:
    name: str
    dataset: str
    input_shape: Shape
    input_values: IntArray
    input_format: Format
    threshold_unit: int
    """What a sum of the first layer is multiplied by before it is compared; 0 where that compares XNOR popcounts."""
    layers: tuple[_Folding | Pool, ...]


def _convolution(index: int, channels: int, outputs: int, pes: int, simd: int) -> _Folding:
    shape = Convolution(f"conv{index}", channels, outputs, kernel=3, bias=False)
    return _Folding(shape, pes, simd, outputs, 9 * channels)


def _fully_connected(index: int, features: int, outputs: int, pes: int, simd: int, pad: tuple[int, int]) -> _Folding:
    shape = FullyConnected(f"fc{index}", features, outputs, bias=False)
    return _Folding(shape, pes, simd, pad[0], pad[1])


def _cnv() -> _Topology:
    """32 × 32 RGB.

    A pixel p becomes ⌊128·(2p/255 − 1)⌋/128 in the accelerator's fixed point of 8 bits, which truncates and saturates:
    255, which would be 1, becomes 127/128.  In units of 1/128 all of that is p − 128.
    """
    return _Topology(
        "cnvW1A1",
        "SVHN",
        (3, 32, 32),
        np.arange(256) - 128,
        Format(8, Coding.TWOS_COMPLEMENT),
        2,
        (
            _convolution(0, 3, 64, 16, 3),
            _convolution(1, 64, 64, 32, 32),
            Pool("pool1", "or", 2, 2),
            _convolution(2, 64, 128, 16, 32),
            _convolution(3, 128, 128, 16, 32),
            Pool("pool3", "or", 2, 2),
            _convolution(4, 128, 256, 4, 32),
            _convolution(5, 256, 256, 1, 32),
            _fully_connected(6, 256, 512, 1, 4, (512, 256)),
            _fully_connected(7, 512, 512, 1, 8, (512, 512)),
            _fully_connected(8, 512, 10, 4, 1, (12, 512)),
        ),
    )


def _lfc() -> _Topology:
    """28 × 28 grey.  A pixel is +1 above the middle, 127.5, else −1."""
    return _Topology(
        "lfcW1A1",
        "MNIST",
        (1, 28, 28),
        np.where(np.arange(256) > 127, 1, -1),
        SIGN,
        0,
        (
            _fully_connected(0, 784, 1024, 32, 64, (1024, 832)),
            _fully_connected(1, 1024, 1024, 64, 32, (1024, 1024)),
            _fully_connected(2, 1024, 1024, 32, 64, (1024, 1024)),
            _fully_connected(3, 1024, 10, 16, 8, (64, 1024)),
        ),
    )


def load_finn_bnn(folder: str | Path) -> BitwiseNetwork:
    """A trained cnvW1A1 or lfcW1A1; which of them the number of layers says.

    Returns:
        The network on 8-bit pixels, (3, 32, 32) or (1, 28, 28).  Inputs and neurons that only fill up the
        accelerator's words and tiles are left out, and the thresholds moved by what they added, so that its counts
        are those of the network itself.
    Raises:
        InputError: no such folder, another number of layers, a file missing, of the wrong size or with bits beyond
            its words, or another number of classes.

    The first layer of cnvW1A1 has real inputs and thresholds, in units of 1/128 and 1/256; here both are whole.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"network folder {folder}: not found: must be a folder of <layer>-<PE>-weights.bin files")
    found = {path.name.partition("-")[0] for path in folder.glob("*-weights.bin")}
    topologies = (_cnv(), _lfc())
    for topology in topologies:
        foldings = [layer for layer in topology.layers if isinstance(layer, _Folding)]
        if len(found) == len(foldings):
            return _load(folder, topology)
    raise InputError(f"network folder {folder}: weights of {len(found)} layers: must be 9 (cnvW1A1) or 4 (lfcW1A1)")


def _load(folder: Path, topology: _Topology) -> BitwiseNetwork:
    layers: list[InferenceLayer] = [LookUp("pixels", topology.input_values, topology.input_format)]
    foldings = [layer for layer in topology.layers if isinstance(layer, _Folding)]
    for layer in topology.layers:
        if isinstance(layer, Pool):
            layers.append(layer)
            continue
        index = foldings.index(layer)
        bits = _weights(folder, index, layer)
        used = bits[: _outputs(layer), : _inputs(layer)]
        input_format = topology.input_format if index == 0 else SIGN
        layers.append(Weighted(layer.shape, _as_shape(layer.shape, 2 * used.astype(np.int8) - 1), SIGN, input_format))
        if layer is foldings[-1]:
            continue
        thresholds = _thresholds(folder, index, layer)[: _outputs(layer)]
        if index == 0 and topology.threshold_unit:
            sums = thresholds // topology.threshold_unit
        else:
            filled = (~bits[: _outputs(layer), _inputs(layer) :]).sum(axis=1)  # inputs of 0: XNOR counts weights of 0
            sums = 2 * (thresholds - filled) - _inputs(layer)
        layers.append(Threshold(f"sign{index}", sums[None], SIGN))
    return BitwiseNetwork(
        topology.name, topology.dataset, topology.input_shape, PIXELS, tuple(layers), _classes(folder)
    )


def _outputs(layer: _Folding) -> int:
    return layer.shape.out_channels if isinstance(layer.shape, Convolution) else layer.shape.out_features


def _inputs(layer: _Folding) -> int:
    shape = layer.shape
    return shape.kernel**2 * shape.in_channels if isinstance(shape, Convolution) else shape.in_features


def _as_shape(shape: Convolution | FullyConnected, rows: IntArray) -> IntArray:
    """Rows in the order (kernel row, kernel column, channel) as the weights of a layer."""
    if isinstance(shape, FullyConnected):
        return rows
    return rows.reshape(len(rows), shape.kernel, shape.kernel, shape.in_channels).transpose(0, 3, 1, 2)


def _weights(folder: Path, index: int, layer: _Folding) -> npt.NDArray[np.bool_]:
    """Weight bits, (neurons, inputs), filling included."""
    bits = np.empty((layer.tiles, layer.pes, layer.inputs), bool)
    for pe in range(layer.pes):
        path = folder / f"{index}-{pe}-weights.bin"
        words = _read(path, "<u8", layer.tiles * layer.words).astype(np.uint64)
        if layer.simd < 64 and (wide := words >> np.uint64(layer.simd)).any():
            word = int(words[wide != 0][0])
            raise InputError(f"{path}: word {word:#x} has {word.bit_length()} bits: must have at most {layer.simd}")
        unpacked = words[:, None] >> np.arange(layer.simd, dtype=np.uint64) & np.uint64(1)
        bits[:, pe] = unpacked.reshape(layer.tiles, layer.inputs)
    return bits.reshape(layer.neurons, layer.inputs)


def _thresholds(folder: Path, index: int, layer: _Folding) -> npt.NDArray[np.int64]:
    """(neurons,)."""
    columns = []
    for pe in range(layer.pes):
        path = folder / f"{index}-{pe}-thres.bin"
        values = _read(path, "<i8", layer.tiles).astype(np.int64)
        limit = 2 ** (_THRESHOLD_BITS - 1)
        if ((values < -limit) | (values >= limit)).any():
            raise InputError(f"{path}: threshold {int(np.abs(values).max())}: must fit in {_THRESHOLD_BITS} bits")
        columns.append(values)
    return np.stack(columns, axis=1).reshape(-1)


def _read(path: Path, kind: str, count: int) -> npt.NDArray[np.int64] | npt.NDArray[np.uint64]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}: must be {count * _WORD_BYTES} bytes") from None
    if len(content) != count * _WORD_BYTES:
        raise InputError(f"{path}: {len(content)} bytes: must be {count * _WORD_BYTES} ({count} words of 64 bits)")
    return np.frombuffer(content, kind)


def _classes(folder: Path) -> tuple[str, ...]:
    path = folder / "classes.txt"
    try:
        return tuple(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}: must name the network's classes, one per line") from None
