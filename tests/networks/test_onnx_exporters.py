"""Models that real exporters wrote: those in the package onnx, and what torch.onnx.export makes of modules."""

import warnings
from pathlib import Path
from typing import Any

import pytest

from spintronics.networks import Addition, Network, load

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


@pytest.mark.parametrize(
    ("name", "parameters", "mega_macs"),
    [  # parameters: of the published models, a Caffe BatchNorm and Scale counted as one scale and shift
        ("bvlc_alexnet", 60_965_224, 654.6),
        ("densenet121", 7_978_856, 2834.2),
        ("inception_v1", 6_998_552, 1431.6),
        ("inception_v2", 11_194_984, 2018.9),
        ("resnet50", 25_557_032, 4089.2),
        ("shufflenet", 1_393_320, 124.7),
        ("squeezenet", 1_235_496, 349.2),
        ("vgg19", 143_667_240, 19632.1),
        ("zfnet512", 87_250_536, 1481.7),
    ],
)
def test_models_of_the_package_onnx(name: str, parameters: int, mega_macs: float) -> None:
    path = LIGHT / f"light_{name}.onnx"
    if not path.is_file():
        pytest.skip(f"this version of onnx has no {path.name}")
    network = load(path)
    assert network.parameters == parameters
    assert network.macs / 1e6 == pytest.approx(mega_macs, abs=0.05)
    assert network.shapes[-1] == (1000, 1, 1)


def exported(module: Any, size: int, path: Path, **options: Any) -> Network:
    """What comes back of a module that torch exports, for images of 3 × size × size."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), (torch.zeros(1, 3, size, size),), str(path), **options)
    return load(path)


def residual(channels: int, outputs: int, stride: int) -> Any:
    from torch import nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU(inplace=True)
            self.body = nn.Sequential(
                nn.Conv2d(channels, outputs, 3, stride, 1, bias=False),
                nn.BatchNorm2d(outputs),
                self.relu,
                nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
                nn.BatchNorm2d(outputs),
            )
            projected = stride != 1 or channels != outputs
            shortcut = [nn.Conv2d(channels, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)]
            self.shortcut = nn.Sequential(*shortcut) if projected else nn.Identity()

        def forward(self, x: Any) -> Any:
            return self.relu(self.body(x) + self.shortcut(x))

    return Residual()


def resnet18() -> Any:
    from torch import nn

    blocks = [
        residual(channels, outputs, 2 if channels != outputs else 1)
        for outputs, before in ((64, 64), (128, 64), (256, 128), (512, 256))
        for channels in (before, outputs)
    ]
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def mixed() -> Any:
    """A depth-wise convolution, SiLU and hard swish, a concatenation, a mean and a view of the batch's size."""
    import torch
    from torch import nn

    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU6())
            self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
            self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
            self.fc, self.act, self.hard = nn.Linear(16, 10), nn.SiLU(), nn.Hardswish()

        def forward(self, x: Any) -> Any:
            x = self.stem(x)
            x = self.pool(torch.cat([self.act(self.depthwise(x)), self.hard(x)], 1))
            return self.fc(x.mean([2, 3]).view(x.size(0), -1)).log_softmax(1)

    return Mixed()


SCRIPT = {"dynamo": False}
SCRIPT_FREE_BATCH = {"dynamo": False, "input_names": ["x"], "dynamic_axes": {"x": {0: "batch"}}}
DYNAMO = {"dynamo": True}
EXPORTERS = {"script": SCRIPT, "script, free batch": SCRIPT_FREE_BATCH, "dynamo": DYNAMO}


def test_resnet18_of_torch_is_the_known_one(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra train is not installed")
    network, known = exported(resnet18(), 224, tmp_path / "resnet18.onnx", **SCRIPT), load("resnet18")
    assert [(w.dot_length, w.output_shape, w.macs) for w in network.work] == [
        (w.dot_length, w.output_shape, w.macs) for w in known.work
    ]
    assert sum(isinstance(layer, Addition) for layer in network.layers) == 8


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_exporters_of_torch_agree(exporter: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra train is not installed")
    if exporter == "dynamo":
        pytest.importorskip("onnxscript", reason="the dynamo exporter needs it")
    network = exported(mixed(), 17, tmp_path / "mixed.onnx", **EXPORTERS[exporter])
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds == ["Convolution", "Convolution", "Concatenation", "Pool", "Pool", "FullyConnected"]
    assert network.shapes == ((8, 9, 9), (8, 9, 9), (16, 9, 9), (16, 4, 4), (16, 1, 1), (10, 1, 1))
