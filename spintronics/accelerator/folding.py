"""Normalizations that the processing unit does with a layer's sums, before they are quantized."""

from collections import Counter
from dataclasses import replace

from spintronics.networks import Addition, Concatenation, Layer, Network, Normalization


def fold_normalizations(network: Network) -> tuple[Network, frozenset[str]]:
    """A network without the normalizations that stand right behind a weighted layer, and the names of those layers.

    A layer's sums that only a normalization takes need no way to the Image Bank and back between.  All others keep
    their places: behind an addition, or of the image.

    >>> from spintronics.networks import resnet18
    >>> folded, normalized = fold_normalizations(resnet18())
    >>> len(resnet18().layers) - len(folded.layers) == len(normalized) == 20
    True
    """
    weighted = {work.name for work in network.work}
    users = Counter(source for sources in network.sources for source in sources)
    folded: dict[str, str] = {}
    layers = []
    for layer, sources in zip(network.layers, network.sources, strict=True):
        if isinstance(layer, Normalization) and sources[0] in weighted and users[sources[0]] == 1:
            folded[layer.name] = sources[0]
        else:
            layers.append(_taking(layer, tuple(folded.get(source, source) for source in sources)))
    return replace(network, layers=tuple(layers)), frozenset(folded.values())


def _taking(layer: Layer, sources: tuple[str, ...]) -> Layer:
    if isinstance(layer, Addition):
        return replace(layer, addends=sources)
    if isinstance(layer, Concatenation):
        return replace(layer, parts=sources)
    return replace(layer, source=sources[0])
