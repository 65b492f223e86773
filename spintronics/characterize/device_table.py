"""The device table: what one action costs, as the simulator found it, and how costs compose."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from spintronics import units
from spintronics.errors import InputError, SpintronicsError
from spintronics.technology import Technology

OK = "ok"
REMEDY = "spintronics characterize --only write --only operations --only logic gives all that an array needs"


class OperationFailed(SpintronicsError):
    """An operation that did not give its right result in the simulator: nothing is costed with it."""


@dataclass(frozen=True)
class ActionCost:
    """Energy and latency of one action.

    Attributes:
        parts: energy by contributor, J.
        latency: s.

    Rules: in series, energies and latencies add; in parallel, energies add and the longest latency counts;
    n times in a row, both scale with n.

    >>> read = ActionCost({"latch": 2e-15}, 1e-9)
    >>> read.then(read).energy, read.beside(read).latency, read.repeated(2).energy
    (4e-15, 1e-09, 4e-15)
    """

    parts: Mapping[str, float]
    latency: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))

    @property
    def energy(self) -> float:
        """Sum of the parts, J."""
        return sum(self.parts.values())

    def then(self, other: "ActionCost") -> "ActionCost":
        """One after the other."""
        return ActionCost(self._with(other), self.latency + other.latency)

    def beside(self, other: "ActionCost") -> "ActionCost":
        """Both at once."""
        return ActionCost(self._with(other), max(self.latency, other.latency))

    def repeated(self, times: float) -> "ActionCost":
        """``times`` in a row."""
        return ActionCost({name: energy * times for name, energy in self.parts.items()}, self.latency * times)

    def _with(self, other: "ActionCost") -> dict[str, float]:
        names = dict.fromkeys((*self.parts, *other.parts))
        return {name: self.parts.get(name, 0.0) + other.parts.get(name, 0.0) for name in names}


def equally_likely(costs: list[ActionCost]) -> ActionCost:
    """One action whose cases are equally likely: mean energy by contributor, longest latency."""
    total = costs[0]
    for cost in costs[1:]:
        total = total.beside(cost)
    return ActionCost({name: energy / len(costs) for name, energy in total.parts.items()}, total.latency)


@dataclass(frozen=True)
class ErrorRate:
    """How often an action gives a wrong result.

    Attributes:
        errors, trials: counted.
        low, high: 95 % interval of the probability (Clopper–Pearson).
    """

    errors: int
    trials: int
    low: float
    high: float

    @property
    def p(self) -> float:
        """Errors over trials."""
        return self.errors / self.trials


@dataclass(frozen=True)
class Entry:
    """One action in one case, as its testbench found it.

    Attributes:
        group: what it belongs to: ``operations``, ``write``, ``logic``, ``row``.
        action, case: ``AND`` of ``01``; the case is empty where there is only one.
        unit: what one action is: ``one column``, ``one gate, one clock``.
        testbench: module that built the deck.
        cost: None where the action failed.
        leakage: static power, W; area: m²; None where the testbench does not give it.
        error: None where it was not characterized.
        status: ``ok``, or why the action failed.
    """

    group: str
    action: str
    case: str
    unit: str
    testbench: str
    cost: ActionCost | None
    leakage: float | None = None
    area: float | None = None
    error: ErrorRate | None = None
    status: str = OK

    @property
    def name(self) -> str:
        """Action and case: ``AND 01``."""
        return f"{self.action} {self.case}".rstrip()


@dataclass(frozen=True)
class DeviceTable:
    """Costs of the actions that the array model composes, each with the testbench that found it.

    Attributes:
        technology: name of the technology that was characterized.
        digest: of all its values (:meth:`spintronics.technology.Technology.digest`).
        corner: CMOS corner; supply: V; temperature: K.
        entries: by name, each once.
        origin: where it is from, for messages.

    Raises:
        InputError: two entries of one name.

    >>> table = DeviceTable("made up", "0" * 64, "nominal", 1.0, 300.0, (
    ...     Entry("operations", "read", "0", "one column", "none", ActionCost({"latch": 2e-15}, 1e-9)),
    ...     Entry("operations", "read", "1", "one column", "none", ActionCost({"latch": 4e-15}, 2e-9))))
    >>> table.action("read").energy, table.action("read").latency
    (3.0000000000000002e-15, 2e-09)
    >>> DeviceTable.from_toml(table.to_toml()) == table
    True
    """

    technology: str
    digest: str
    corner: str
    supply: float
    temperature: float
    entries: tuple[Entry, ...] = field(default=())
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        names = [e.name for e in self.entries]
        twice = next((name for n, name in enumerate(names) if name in names[:n]), None)
        if twice is not None:
            raise InputError(f"{self.whose}: entry {twice!r} stands there twice")

    @classmethod
    def of(cls, technology: Technology, entries: Iterable[Entry]) -> Self:
        """Table of a technology's entries."""
        cmos = technology.cmos
        return cls(technology.name, technology.digest(), cmos.corner, cmos.supply, cmos.temperature, tuple(entries))

    @property
    def whose(self) -> str:
        """The table, for messages."""
        return self.origin or f"device table of {self.technology}"

    def action(self, name: str) -> ActionCost:
        """Cost of an action whose cases are equally likely.

        Raises:
            OperationFailed: no such action, or one of its cases failed.
        """
        costs = []
        for entry in self._cases(name):
            if entry.cost is None or entry.status != OK:
                raise OperationFailed(f"{self.whose}: {entry.name}: {entry.status}")
            costs.append(entry.cost)
        return equally_likely(costs)

    def leakage(self, name: str) -> float:
        """Static power of an action's circuit, W, the mean of its cases.

        Raises:
            OperationFailed: no such action, or one of its cases failed or has no leakage.
        """
        cases = self._cases(name)
        failed = next((entry for entry in cases if entry.status != OK), None)
        if failed is not None:
            raise OperationFailed(f"{self.whose}: {failed.name}: {failed.status}")
        return self._mean("leakage", {entry.name: entry.leakage for entry in cases})

    def area(self, name: str) -> float:
        """Area of an action's circuit, m², the mean of its cases; a layout has one whether the action failed or not.

        Raises:
            OperationFailed: no such action, or one of its cases has no area.
        """
        return self._mean("area", {entry.name: entry.area for entry in self._cases(name)})

    def _mean(self, figure: str, by_case: Mapping[str, float | None]) -> float:
        values = []
        for case, value in by_case.items():
            if value is None:
                raise OperationFailed(f"{self.whose}: {case}: {figure}: missing; {REMEDY}")
            values.append(value)
        return sum(values) / len(values)

    def _cases(self, name: str) -> list[Entry]:
        self.require_actions((name,))
        return [e for e in self.entries if e.action == name]

    def require_actions(self, names: Iterable[str]) -> None:
        """Refuse a table that lacks actions; one that failed is not lacking, and refused when it is asked for.

        Raises:
            OperationFailed: an action that has no entry.
        """
        known = dict.fromkeys(e.action for e in self.entries)
        missing = [name for name in dict.fromkeys(names) if name not in known]
        if missing:
            raise OperationFailed(
                f"{self.whose}: no action {', '.join(map(repr, missing))}; there are: {', '.join(known) or 'none'}; "
                f"{REMEDY}"
            )

    @property
    def failed(self) -> tuple[Entry, ...]:
        """Entries whose action failed."""
        return tuple(e for e in self.entries if e.status != OK)

    def to_toml(self) -> str:
        """The table as text, quantities with their units; :meth:`from_toml` gives the same table back."""
        import tomli_w

        head = {
            "format": 1,
            "technology": self.technology,
            "technology_sha256": self.digest,
            "corner": self.corner,
            "supply": _text(self.supply, "V"),
            "temperature": _text(self.temperature, "K"),
        }
        return tomli_w.dumps({**head, "entry": [_to_document(e) for e in self.entries]})

    @classmethod
    def from_toml(cls, text: str, origin: str = "device table") -> Self:
        """Table from :meth:`to_toml`'s text.

        Args:
            origin: file that the text is from, for messages.
        Raises:
            InputError: not TOML, an entry without a key that it needs, or a quantity with a wrong unit.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{origin}: not valid TOML: {error}") from None
        if document.get("format") != 1:
            raise InputError(f"{origin}: format = {document.get('format', 'missing')}: must be 1")
        try:
            entries = tuple(_entry(e, f"{origin}: entry {n}") for n, e in enumerate(document.get("entry", []), start=1))
            return cls(
                document["technology"],
                document["technology_sha256"],
                document["corner"],
                _quantity(document, "supply", "V", origin),
                _quantity(document, "temperature", "K", origin),
                entries,
            )
        except KeyError as missing:
            raise InputError(f"{origin}: {missing.args[0]}: missing") from None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Table from a file; needs no simulator.

        Raises:
            InputError: no such file, or not a device table.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise InputError(f"device table {path}: no such file; spintronics characterize writes one") from None
        except OSError as error:
            raise InputError(f"device table {path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise InputError(f"device table {path}: cannot be read: not text in UTF-8, at byte {error.start}") from None
        origin = f"device table {path}"
        return replace(cls.from_toml(text, origin), origin=origin)

    def require(self, technology: Technology) -> None:
        """Refuse to cost another technology than the one that was characterized.

        Raises:
            InputError: the technology's values are not those of the table.
        """
        if self.digest != technology.digest():
            raise InputError(
                f"{self.whose} ({self.technology}, {self.digest[:12]}): the technology at hand is "
                f"{technology.name} ({technology.digest()[:12]}): characterize it anew"
            )


def _text(value: float, unit: str) -> str:
    return f"{value!r} {unit}"


def _to_document(entry: Entry) -> dict[str, Any]:
    """What an entry says; what it does not know is left out."""
    document: dict[str, Any] = {
        "group": entry.group,
        "action": entry.action,
        "case": entry.case,
        "unit": entry.unit,
        "testbench": entry.testbench,
        "status": entry.status,
    }
    if entry.cost is not None:
        document["latency"] = _text(entry.cost.latency, "s")
        document["energy"] = {name: _text(joule, "J") for name, joule in entry.cost.parts.items()}
    if entry.leakage is not None:
        document["leakage"] = _text(entry.leakage, "W")
    if entry.area is not None:
        document["area"] = _text(entry.area, "m^2")
    if entry.error is not None:
        e = entry.error
        document["error"] = {"errors": e.errors, "trials": e.trials, "low": e.low, "high": e.high}
    return document


def _entry(document: Mapping[str, Any], origin: str) -> Entry:
    origin = f"{origin} ({document.get('action', '?')} {document.get('case', '')})"
    known = {"group", "action", "case", "unit", "testbench", "status", "latency", "energy", "leakage", "area", "error"}
    unknown = sorted(set(document) - known)
    if unknown:
        raise InputError(f"{origin}: {unknown[0]}: unknown key; must be one of {', '.join(sorted(known))}")
    missing = next(
        (key for key in ("group", "action", "case", "unit", "testbench", "status") if key not in document), None
    )
    if missing or (document["status"] == OK and not {"latency", "energy"} <= set(document)):
        raise InputError(f"{origin}: {missing or 'latency or energy'}: missing")
    cost = None
    if "energy" in document:
        parts = {name: _quantity(document["energy"], name, "J", f"{origin}: energy") for name in document["energy"]}
        cost = ActionCost(parts, _quantity(document, "latency", "s", origin))
        if cost.energy < 0 or cost.latency < 0:
            raise InputError(f"{origin}: {cost.energy:.3g} J in {cost.latency:.3g} s: must not be negative")
    leakage = _quantity(document, "leakage", "W", origin) if "leakage" in document else None
    area = _quantity(document, "area", "m^2", origin) if "area" in document else None
    for key, value, unit in (("leakage", leakage, "W"), ("area", area, "m^2")):
        if value is not None and value < 0:
            raise InputError(f"{origin}: {key} = {value:.3g} {unit}: must not be negative")
    return Entry(
        group=str(document["group"]),
        action=str(document["action"]),
        case=str(document["case"]),
        unit=str(document["unit"]),
        testbench=str(document["testbench"]),
        cost=cost,
        leakage=leakage,
        area=area,
        error=ErrorRate(**document["error"]) if "error" in document else None,
        status=str(document["status"]),
    )


def _quantity(document: Mapping[str, Any], key: str, unit: str, origin: str) -> float:
    try:
        return units.parse(document[key], unit)
    except ValueError as error:
        raise InputError(f'{origin}: {key} = "{document[key]}": {error}') from None
