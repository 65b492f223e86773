"""Known networks: those of the IMCE slides (AlexNet, the SVHN network of DoReFa-Net, LeNet), the binary ones of FINN
(LFC, CNV), VGG-16 and ResNet-18.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from spintronics.networks.layers import Addition, Convolution, FullyConnected, Layer, Network, Normalization, Pool


def alexnet() -> Network:
    """AlexNet as a single tower: no channel groups; local response normalization is not counted.  Input 3 × 227 × 227.

    Source: Krizhevsky et al., NIPS 2012 (layer sizes; there two towers, i.e. groups = 2 in conv2, conv4 and conv5).
    The single tower is what the IMCE slides' storage baseline implies: 237.95 MiB in single precision.

    >>> alexnet().macs, alexnet().parameters
    (1135256096, 62378344)
    """
    return _alexnet("alexnet", groups=1)


def alexnet_grouped() -> Network:
    """AlexNet as published, in two towers: groups = 2 in conv2, conv4 and conv5.  Input 3 × 227 × 227.

    Source: Krizhevsky et al., NIPS 2012; BVLC Caffe, models/bvlc_alexnet.

    >>> alexnet_grouped().macs, alexnet_grouped().parameters
    (724406816, 60965224)
    """
    return _alexnet("alexnet-grouped", groups=2)


def _alexnet(name: str, groups: int) -> Network:
    return Network(
        name,
        "ImageNet",
        (3, 227, 227),
        (
            Convolution("conv1", 3, 96, kernel=11, stride=4),
            Pool("pool1", "max", 3, 2),
            Convolution("conv2", 96, 256, kernel=5, padding=2, groups=groups),
            Pool("pool2", "max", 3, 2),
            Convolution("conv3", 256, 384, kernel=3, padding=1),
            Convolution("conv4", 384, 384, kernel=3, padding=1, groups=groups),
            Convolution("conv5", 384, 256, kernel=3, padding=1, groups=groups),
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


def lfc() -> Network:
    """LFC, the fully connected binary network of FINN for MNIST: three hidden layers of 1024.  Input 1 × 28 × 28.

    Batch normalization is folded into the thresholds of the signs, so that there are no biases.
    Source: Umuroglu et al., FINN, FPGA 2017.

    >>> lfc().macs, lfc().parameters
    (2910208, 2910208)
    """
    return Network(
        "lfc",
        "MNIST",
        (1, 28, 28),
        (
            FullyConnected("fc0", 784, 1024, bias=False),
            FullyConnected("fc1", 1024, 1024, bias=False),
            FullyConnected("fc2", 1024, 1024, bias=False),
            FullyConnected("fc3", 1024, 10, bias=False),
        ),
    )


def cnv() -> Network:
    """CNV, the convolutional binary network of FINN, here for SVHN: six valid 3 × 3 convolutions.  Input 3 × 32 × 32.

    Batch normalization is folded into the thresholds of the signs, so that there are no biases.
    Source: Umuroglu et al., FINN, FPGA 2017 (after Courbariaux et al., BinaryNet).

    >>> cnv().macs, cnv().parameters
    (59461376, 1542848)
    """
    return Network(
        "cnv",
        "SVHN",
        (3, 32, 32),
        (
            Convolution("conv0", 3, 64, kernel=3, bias=False),
            Convolution("conv1", 64, 64, kernel=3, bias=False),
            Pool("pool1", "or", 2, 2),
            Convolution("conv2", 64, 128, kernel=3, bias=False),
            Convolution("conv3", 128, 128, kernel=3, bias=False),
            Pool("pool3", "or", 2, 2),
            Convolution("conv4", 128, 256, kernel=3, bias=False),
            Convolution("conv5", 256, 256, kernel=3, bias=False),
            FullyConnected("fc6", 256, 512, bias=False),
            FullyConnected("fc7", 512, 512, bias=False),
            FullyConnected("fc8", 512, 10, bias=False),
        ),
    )


def vgg16() -> Network:
    """VGG-16: thirteen 3 × 3 convolutions in five blocks, three fully connected layers.  Input 3 × 224 × 224.

    Source: Simonyan and Zisserman, ICLR 2015, configuration D.

    >>> vgg16().macs, vgg16().parameters
    (15470264320, 138357544)
    """
    layers: list[Layer] = []
    channels = 3
    for block, (outputs, convolutions) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), start=1):
        for n in range(1, convolutions + 1):
            layers.append(Convolution(f"conv{block}_{n}", channels, outputs, kernel=3, padding=1))
            channels = outputs
        layers.append(Pool(f"pool{block}", "max", 2, 2))
    layers += [FullyConnected("fc6", 25088, 4096), FullyConnected("fc7", 4096, 4096), FullyConnected("fc8", 4096, 1000)]
    return Network("vgg16", "ImageNet", (3, 224, 224), tuple(layers))


def resnet18() -> Network:
    """ResNet-18: four stages of two residual blocks, batch normalization throughout.  Input 3 × 224 × 224.

    Source: He et al., CVPR 2016; the shortcut of a block that halves the map is a 1 × 1 convolution (their option B).

    >>> resnet18().macs, resnet18().parameters
    (1814073344, 11689512)
    """
    layers: list[Layer] = [
        Convolution("conv1", 3, 64, kernel=7, stride=2, padding=3, bias=False),
        Normalization("bn1", 64),
        Pool("pool1", "max", 3, 2, padding=1),
    ]
    channels = 64
    for stage, outputs in enumerate((64, 128, 256, 512), start=1):
        for block in (1, 2):
            halved = stage > 1 and block == 1
            layers += _residual_block(f"s{stage}b{block}", layers[-1].name, channels, outputs, halved)
            channels = outputs
    layers += [Pool("pool5", "average", 7, 1), FullyConnected("fc", 512, 1000)]
    return Network("resnet18", "ImageNet", (3, 224, 224), tuple(layers))


def _residual_block(name: str, source: str, channels: int, outputs: int, halved: bool) -> list[Layer]:
    """Two 3 × 3 convolutions and what they are added to: the block's input, or a projection of it."""
    stride = 2 if halved else 1
    layers: list[Layer] = [
        Convolution(f"{name}_conv1", channels, outputs, 3, stride, padding=1, bias=False),
        Normalization(f"{name}_bn1", outputs),
        Convolution(f"{name}_conv2", outputs, outputs, 3, padding=1, bias=False),
        Normalization(f"{name}_bn2", outputs),
    ]
    shortcut = source
    if halved:
        shortcut = f"{name}_shortcut_bn"
        layers += [
            Convolution(f"{name}_shortcut", channels, outputs, 1, stride, bias=False, source=source),
            Normalization(shortcut, outputs),
        ]
    return [*layers, Addition(f"{name}_add", (f"{name}_bn2", shortcut))]


NETWORKS: Mapping[str, Callable[[], Network]] = {
    "alexnet": alexnet,
    "svhn": svhn,
    "lenet": lenet,
    "alexnet-grouped": alexnet_grouped,
    "lfc": lfc,
    "cnv": cnv,
    "vgg16": vgg16,
    "resnet18": resnet18,
}
"""Name → function that makes the network."""
