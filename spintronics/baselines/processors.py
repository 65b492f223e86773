"""CPU and GPU: measured energy of AlexNet, scaled to other networks by their multiply-accumulates."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from spintronics import units
from spintronics.baselines.cost import BaselineCost
from spintronics.networks import NETWORKS, Network


@dataclass(frozen=True)
class Processor:
    """A processor and one published measurement.

    Attributes:
        design: its name.
        network: that was run, a name of `spintronics.networks.NETWORKS`.
        rate: images per second.
        images_per_joule: images per second and watt.
        source: of the measurement.
    """

    design: str
    network: str
    rate: float
    images_per_joule: float
    source: str


@cache
def processors() -> tuple[Processor, ...]:
    """The processors that this package has figures of.

    >>> [processor.design for processor in processors()]
    ['CPU (Core i7-6700K)', 'GPU (Tegra X1)']
    """
    document = tomllib.loads((Path(__file__).parent / "processors.toml").read_text(encoding="utf-8"))
    return tuple(
        Processor(p["design"], p["network"], units.parse(p["rate"], "Hz"), float(p["images_per_joule"]), p["source"])
        for p in document["processor"]
    )


def processor_cost(processor: Processor, network: Network) -> BaselineCost:
    """Energy of one image: as published for the network that was measured; else scaled by multiply-accumulates.

    The scaled figure is a lower bound for small networks, which keep a processor less busy.  The interval is one over
    the rate in batches; the latency of an image alone is not published, and the interval stands in for it.

    >>> from spintronics.networks import alexnet_grouped, lenet
    >>> gpu = processors()[1]
    >>> for network in (alexnet_grouped(), lenet()):
    ...     cost = processor_cost(gpu, network)
    ...     print(f"{cost.network}: {cost.energy * 1e3:.3g} mJ, {cost.basis}")
    alexnet-grouped: 22.2 mJ, published
    lenet: 0.0703 mJ, scaled by multiply-accumulates
    """
    measured = NETWORKS[processor.network]()
    same = network == measured
    work = network.macs / measured.macs
    return BaselineCost(
        processor.design,
        network.name,
        network.dataset,
        "published" if same else "scaled by multiply-accumulates",
        processor.source,
        {"processor": work / processor.images_per_joule},
        {},
        work / processor.rate,
        work / processor.rate,
    )
