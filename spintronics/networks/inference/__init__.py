"""Bit-exact inference on the array's own arithmetic: AND, bitcount, shift and sum, ideal or with errors."""

from spintronics.networks.inference.engines import Engine, Hook, PlaneAnds
from spintronics.networks.inference.faults import ArrayErrors, ErrorModel, Errors, StaticFaults
from spintronics.networks.inference.finn import load_finn_bnn
from spintronics.networks.inference.formats import Coding, Format
from spintronics.networks.inference.layers import (
    PIXELS,
    SIGN,
    BatchNorm,
    LookUp,
    Quantizer,
    ScaleShift,
    Sign,
    Tanh,
    Threshold,
    Weighted,
    folded_to_threshold,
)
from spintronics.networks.inference.network import (
    Accuracy,
    AccuracyUnderErrors,
    BitwiseNetwork,
    InferenceResult,
    accuracy_under_errors,
    infer,
)
from spintronics.networks.inference.sub_array import Actions, SubArray, run_in_sub_arrays

__all__ = [
    "PIXELS",
    "SIGN",
    "Accuracy",
    "AccuracyUnderErrors",
    "Actions",
    "ArrayErrors",
    "BatchNorm",
    "BitwiseNetwork",
    "Coding",
    "Engine",
    "ErrorModel",
    "Errors",
    "Format",
    "Hook",
    "InferenceResult",
    "LookUp",
    "PlaneAnds",
    "Quantizer",
    "ScaleShift",
    "Sign",
    "StaticFaults",
    "SubArray",
    "Tanh",
    "Threshold",
    "Weighted",
    "accuracy_under_errors",
    "folded_to_threshold",
    "infer",
    "load_finn_bnn",
    "run_in_sub_arrays",
]
