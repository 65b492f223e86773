"""The compact card: which BSIM4 parameters it states, where the search for them starts, how it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from spintronics.extraction.curves import Device, Polarity

Values = Mapping[str, float]

# Level 54 is BSIM4 in ngspice.  No gate or body network and no gate tunnelling: they cost nodes and convergence,
# and at 1 V the tunnelling current of the reference is below 6 % of its Ioff.
# permod=0: PD and PS count isolation edges only.
SELECTORS = (
    "level=54 version=4.8 tnom=27 mobmod=0 capmod=2 rdsmod=0 igcmod=0 igbmod=0\n"
    "+ rgatemod=0 rbodymod=0 trnqsmod=0 acnqsmod=0 diomod=1 permod=0 geomod=0"
)


@dataclass(frozen=True)
class Parameter:
    """A BSIM4 parameter that the optimizer may move.

    Attributes:
        name: in BSIM4.
        meaning: with its unit.
        start, low, high: where the search starts and the interval it stays in, in BSIM4's own units.
        start_p: the p-channel start where it differs; ``vth0`` alone changes its sign.
        logarithmic: searched on a logarithmic scale.
        temperature: shows only away from 27 °C.
    """

    name: str
    meaning: str
    start: float
    low: float
    high: float
    start_p: float | None = None
    logarithmic: bool = False
    temperature: bool = False

    def starting(self, polarity: Polarity) -> float:
        """Start of the search for that type of channel."""
        return self.start if polarity == "n" or self.start_p is None else self.start_p

    def to_unit(self, value: float) -> float:
        """Place of a magnitude within [low, high], 0 to 1."""
        if self.logarithmic:
            return log(value / self.low) / log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def from_unit(self, place: float) -> float:
        """Inverse of ``to_unit``."""
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** place)
        return self.low + (self.high - self.low) * place


# Starts: BSIM4 4.8 defaults, or round figures for a bulk 45 nm node where the default is of an older one.
PARAMETERS: tuple[Parameter, ...] = (
    Parameter("toxe", "electrical oxide thickness, m", 1.2e-9, 0.8e-9, 2.0e-9),
    Parameter("ndep", "channel doping at the depletion edge, cm^-3", 3e18, 5e17, 1e19, logarithmic=True),
    Parameter("ngate", "gate doping (poly depletion), cm^-3", 2e20, 2e19, 1e21, logarithmic=True),
    Parameter("lint", "length lost at each side (gate over diffusion), m", 1e-8, 2e-9, 1.7e-8),
    Parameter("wint", "width lost at each side, m", 2e-9, -5e-9, 12e-9),
    Parameter("vth0", "long-channel threshold, V (negative in a p card)", 0.45, 0.2, 0.8),
    Parameter("k1", "first body-effect coefficient, V^0.5", 0.4, 0.05, 1.0),
    Parameter("k2", "second body-effect coefficient", 0.01, -0.2, 0.2),
    Parameter("eta0", "DIBL in subthreshold", 0.02, 1e-4, 0.5, logarithmic=True),
    Parameter("etab", "body-bias dependence of DIBL, 1/V", -0.02, -0.6, 0.6),
    Parameter("nfactor", "subthreshold swing factor", 1.5, 0.3, 5.0),
    Parameter("voff", "subthreshold offset, V", -0.1, -0.25, 0.05),
    Parameter("cdscd", "drain dependence of the swing, F/(V m^2)", 0.0, -2e-2, 2e-2),
    Parameter("u0", "low-field mobility, m^2/(V s)", 0.035, 0.005, 0.15, start_p=0.012, logarithmic=True),
    Parameter("ua", "first mobility degradation, m/V", 1e-9, -2e-9, 6e-9),
    Parameter("ub", "second mobility degradation, m^2/V^2", 1e-18, -2e-18, 1e-17),
    Parameter("vsat", "saturation velocity, m/s", 1.2e5, 4e4, 4e5, logarithmic=True),
    Parameter("a0", "bulk-charge factor", 1.0, 0.05, 6.0),
    Parameter("ags", "gate dependence of the bulk charge, 1/V", 0.2, -2.0, 4.0),
    Parameter("rdsw", "source and drain resistance, ohm um", 150.0, 10.0, 600.0, logarithmic=True),
    Parameter("pclm", "channel-length modulation", 0.1, 1e-3, 3.0, logarithmic=True),
    Parameter("pdiblc1", "DIBL in the output resistance", 0.05, 1e-4, 1.0, logarithmic=True),
    Parameter("pdiblc2", "DIBL in the output resistance, long channel", 0.005, 1e-5, 0.2, logarithmic=True),
    Parameter("pvag", "gate dependence of the Early voltage", 0.0, -3.0, 10.0),
    Parameter("delta", "smoothness of Vdseff, V", 0.01, 1e-3, 0.1, logarithmic=True),
    Parameter("cgo", "overlap and fringe capacitance per side (cgso = cgdo), F/m", 1.5e-10, 0.0, 5e-10),
    Parameter("cgl", "bias-dependent overlap per side (cgsl = cgdl), F/m", 5e-11, 0.0, 4e-10),
    Parameter("ckappas", "bias dependence of the overlap (ckappad follows), V", 0.6, 0.02, 5.0, logarithmic=True),
    Parameter("noff", "C-V turn-on slope", 1.0, 0.3, 4.0),
    Parameter("voffcv", "C-V turn-on offset, V", 0.0, -0.3, 0.3),
    Parameter("cjs", "junction capacitance per area, F/m^2", 1e-3, 5e-5, 1e-2, logarithmic=True),
    Parameter("mjs", "grading of the area junction", 0.5, 0.05, 0.95),
    Parameter("cjsws", "junction capacitance per isolation edge, F/m", 3e-10, 1e-12, 1e-9),
    Parameter("cjswgs", "junction capacitance per gate edge, F/m", 5e-11, 1e-12, 1e-9),
    Parameter("kt1", "threshold shift with temperature, V", -0.15, -0.6, 0.1, temperature=True),
    Parameter("ute", "mobility exponent", -1.5, -3.0, 0.5, temperature=True),
    Parameter("ua1", "temperature slope of ua, m/V", 1e-9, -5e-9, 8e-9, temperature=True),
    Parameter("ub1", "temperature slope of ub, m^2/V^2", -1e-18, -2e-17, 2e-17, temperature=True),
    Parameter("at", "temperature slope of vsat, m/s", 3.3e4, -1e5, 2e5, temperature=True),
    Parameter("prt", "temperature slope of rdsw, ohm um", 0.0, -200.0, 200.0, temperature=True),
)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}

# Stated, not searched.  BSIM4's defaults of lpe0, k3 and pscbe2 belong to older nodes: at 50 nm lpe0 adds half a
# volt of threshold, and pscbe2 a substrate-current effect that bends Id(Vd) by 40 %.  One gate length and one card
# cannot tell xj and cf from the searched values.
FIXED: dict[str, float] = {"xj": 2e-8, "lpe0": 0.0, "k3": 0.0, "pscbe2": 1e-10, "cf": 0.0}

# One searched value that BSIM4 keeps in a source-side and a drain-side parameter.
_PAIRS = {"cgo": ("cgso", "cgdo"), "cgl": ("cgsl", "cgdl")}


def start(polarity: Polarity) -> dict[str, float]:
    """Parameter values, as magnitudes, that the search starts from."""
    return {parameter.name: parameter.starting(polarity) for parameter in PARAMETERS}


def card(model: str, polarity: Polarity, values: Values) -> str:
    """The .model card, five to a line, six significant digits.

    >>> print(card("nmos_own", "n", {"vth0": 0.4, "cgo": 1e-10}))
    .model nmos_own nmos level=54 ...
    + xj=2e-08 lpe0=0 k3=0 pscbe2=1e-10 cf=0
    + vth0=0.4 cgso=1e-10 cgdo=1e-10
    <BLANKLINE>
    """
    stated: dict[str, float] = dict(FIXED)
    for name, value in values.items():
        signed = -value if name == "vth0" and polarity == "p" else value
        stated.update(dict.fromkeys(_PAIRS.get(name, (name,)), signed))
    words = [f"{name}={value:.6g}" for name, value in stated.items()]
    lines = [" ".join(words[k : k + 5]) for k in range(0, len(words), 5)]
    return "\n+ ".join([f".model {model} {polarity}mos {SELECTORS}", *lines]) + "\n"


def device(model: str, polarity: Polarity, values: Values) -> Device:
    """A card of those values, ready for a deck."""
    return Device(model, polarity, card(model, polarity, values))
