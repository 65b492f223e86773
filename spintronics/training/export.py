"""What a trained network's whole-number form comes to on the array."""

import numpy as np

from spintronics.networks.inference import BitwiseNetwork, infer
from spintronics.training.images import Images

_AT_ONCE = 500


def error_on_array(network: BitwiseNetwork, images: Images) -> float:
    """Share of the images that the ideal array classifies wrongly."""
    correct = 0
    for start in range(0, len(images), _AT_ONCE):
        pixels, labels = images.batch(np.arange(start, min(start + _AT_ONCE, len(images))))
        correct += infer(network, pixels).accuracy(labels).correct
    return 1 - correct / len(images)
