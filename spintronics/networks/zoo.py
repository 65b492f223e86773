"""The three networks of the IMCE slides: AlexNet (ImageNet), the SVHN network of DoReFa-Net, LeNet (MNIST)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from spintronics.errors import InputError
from spintronics.networks.layers import Convolution, FullyConnected, Network, Pool


def alexnet() -> Network:
    """AlexNet as a single tower: no channel groups; local response normalization is not counted.  Input 3 × 227 × 227.

    Source: Krizhevsky et al., NIPS 2012 (layer sizes; there two towers, i.e. groups = 2 in conv2, conv4 and conv5).
    The single tower is what the IMCE slides' storage baseline implies: 237.95 MiB in single precision.

    >>> alexnet().macs, alexnet().parameters
    (1135256096, 62378344)
    """
    return Network(
        "alexnet",
        "ImageNet",
        (3, 227, 227),
        (
            Convolution("conv1", 3, 96, kernel=11, stride=4),
            Pool("pool1", "max", 3, 2),
            Convolution("conv2", 96, 256, kernel=5, padding=2),
            Pool("pool2", "max", 3, 2),
            Convolution("conv3", 256, 384, kernel=3, padding=1),
            Convolution("conv4", 384, 384, kernel=3, padding=1),
            Convolution("conv5", 384, 256, kernel=3, padding=1),
            Pool("pool5", "max", 3, 2),
            FullyConnected("fc6", 9216, 4096),
            FullyConnected("fc7", 4096, 4096),
            FullyConnected("fc8", 4096, 1000),
        ),
    )


def svhn() -> Network:
    """The SVHN network of DoReFa-Net: six convolutions, two average pools, two fully connected layers.

    Input 3 × 40 × 40: the 32 × 32 digits of SVHN resized.  41.7 million multiply-accumulates, i.e. the slides'
    "about 80 MFLOPs" at two operations each.
    Source: Zhou et al., DoReFa-Net, arXiv:1606.06160 (model A); average pooling as in the IMCE slides.

    >>> svhn().macs, svhn().parameters
    (41735424, 2081354)
    """
    return Network(
        "svhn",
        "SVHN",
        (3, 40, 40),
        (
            Convolution("conv0", 3, 48, kernel=5),
            Pool("pool0", "average", 2, 2),
            Convolution("conv1", 48, 64, kernel=3, padding=1),
            Convolution("conv2", 64, 64, kernel=3, padding=1),
            Pool("pool2", "average", 2, 2),
            Convolution("conv3", 64, 128, kernel=3),
            Convolution("conv4", 128, 128, kernel=3, padding=1),
            Convolution("conv5", 128, 128, kernel=3),
            FullyConnected("fc6", 3200, 512),
            FullyConnected("fc7", 512, 10),
        ),
    )


def lenet() -> Network:
    """LeNet in the version that ships with Caffe.  Input 1 × 28 × 28.

    Source: BVLC Caffe, examples/mnist/lenet.prototxt (after LeCun et al., Proc. IEEE 1998; the layers are named
    fc1 and fc2 here, ip1 and ip2 there).

    >>> lenet().macs, lenet().parameters
    (2293000, 431080)
    """
    return Network(
        "lenet",
        "MNIST",
        (1, 28, 28),
        (
            Convolution("conv1", 1, 20, kernel=5),
            Pool("pool1", "max", 2, 2),
            Convolution("conv2", 20, 50, kernel=5),
            Pool("pool2", "max", 2, 2),
            FullyConnected("fc1", 800, 500),
            FullyConnected("fc2", 500, 10),
        ),
    )


NETWORKS: Mapping[str, Callable[[], Network]] = {"alexnet": alexnet, "svhn": svhn, "lenet": lenet}
"""Name → function that makes the network."""


def load(name: str) -> Network:
    """The network of that name.

    Raises:
        InputError: no such network; the message lists those there are.

    >>> load("lenet").dataset
    'MNIST'
    >>> load("vgg")
    Traceback (most recent call last):
    spintronics.errors.InputError: network "vgg": unknown; must be one of alexnet, svhn, lenet
    """
    if name not in NETWORKS:
        raise InputError(f'network "{name}": unknown; must be one of {", ".join(NETWORKS)}')
    return NETWORKS[name]()
