"""A goal: a target for a key figure, in words."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from smslab.errors import OptionError, nearest

__all__ = ["Goal"]

#: Other names of figures of :func:`smslab.kpis`.
_ALIASES: Final = {
    "finish": "finish_s",
    "landed_p95": "landed_p95_s",
    "last_lands": "finish_s",
    "last_leaves": "sending_done_s",
    "sending_done": "sending_done_s",
    "read_within_5_min": "read_5_min",
    "within_10s": "within_10_s",
    "opt_out": "opted_out",
    "optout": "opted_out",
    "reply": "replied",
    "conversion": "converted",
    "delivery": "delivered",
    "delivery_rate": "delivered",
}

#: Commas part the thousands of a number, and nothing else.
_WITH_COMMAS: Final = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")

#: Figures that may be asked for.
_SHARES: Final = (
    *("delivered", "undelivered", "expired", "failed", "pending", "unknown", "confirmed"),
    *("within_10_s", "read_5_min", "replied", "opted_out", "emailed", "converted"),
)
_DELAYS: Final = tuple(
    f"{stage}_p{share}"
    for stage in ("wait", "network", "receipt", "delay", "answer")
    for share in (50, 90, 95, 99)
)
_TIMES: Final = (*_DELAYS, "sending_done_s", "landed_p95_s", "finish_s")
_NUMBERS: Final = (
    *("messages", "segments", "segments_per_message", "throughput", "throughput_peak"),
    *("cost", "cost_per_sent", "cost_per_delivered", "cost_per_read", "cost_per_converted"),
)

_SIGNS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_SECONDS: Final = {
    **{"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0},
    **{"min": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hour": 3600.0},
    **{"hours": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0, "ms": 0.001},
}

_TEXT: Final = re.compile(
    r"\s*(?:p(?P<percentile>50|90|95|99)\s+)?(?P<figure>[a-z][a-z0-9 _-]*?)"
    r"\s*(?P<sign><=|>=|<|>)\s*"
    r"(?P<value>\d{1,2}:\d{2}|[\d,]*\.?\d+)\s*(?P<unit>%|/\s*s|[a-z]*)\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Goal:
    """A target for a key figure.

    Parameters
    ----------
    text : str
        A figure of :func:`smslab.kpis`, ``<=``, ``>=``, ``<`` or ``>``, and a number with its
        unit: ``"delivered >= 95 %"``, ``"p95 delay <= 10 s"``, ``"finish <= 20:00"`` (by the
        clock of the scenario's start), ``"cost per delivered <= 0.02"``.
    where : str or mapping of str to str, optional
        Messages that it is for: the name of a campaign, or labels such as
        ``{"carrier": "Verizon"}``; all if not given.
    figure, sign, target, clock, currency : object
        What the text says: found out, not given. `target` is in seconds for times, a share for
        shares; `clock` is True for a time of the day; `currency` is empty where none is named.

    Raises
    ------
    OptionError
        If the text is no goal, or `where` names no messages.

    Examples
    --------
    >>> import smslab
    >>> smslab.Goal("p95 delay <= 10 s", where="otp")
    Goal('p95 delay <= 10 s', where='otp')
    """

    text: str
    where: str | Mapping[str, str] | None = None
    figure: str = field(init=False, repr=False)
    sign: str = field(init=False, repr=False)
    target: float = field(init=False, repr=False)
    clock: bool = field(init=False, repr=False)
    currency: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = _TEXT.fullmatch(str(self.text))
        if parts is None:
            raise OptionError(
                f"a goal is a figure, a sign and a number, such as 'delivered >= 95 %' or 'p95 "
                f"delay <= 10 s'; not {self.text!r}"
            )
        if not all(isinstance(each, str) for pair in self.labels.items() for each in pair):
            raise OptionError(
                f"goal {self.text!r}: where must be the name of a campaign, or labels such as "
                f"{{'carrier': 'Verizon'}}; not {self.where!r}"
            )
        name = re.sub(r"[\s_-]+", "_", parts["figure"].lower())
        if parts["percentile"]:
            name = f"{name}_p{parts['percentile']}"
        name = _ALIASES.get(name, name)
        known = (*_SHARES, *_TIMES, *_NUMBERS)
        if name not in known and not name.startswith("cause_"):
            raise OptionError(
                f"goal {self.text!r}: no figure {name!r}.{nearest(name, known)} Delays need a "
                "percentile: 'p95 delay'"
            )
        target, clock = self._target(parts["value"], parts["unit"].lower(), name)
        currency = parts["unit"].upper() if name.startswith("cost") else ""
        for attribute, value in (
            *(("figure", name), ("sign", parts["sign"]), ("target", target), ("clock", clock)),
            ("currency", currency),
        ):
            object.__setattr__(self, attribute, value)

    @property
    def labels(self) -> dict[str, str]:
        """What the messages that it is for are called, by label."""
        if self.where is None:
            return {}
        return dict(self.where) if isinstance(self.where, Mapping) else {"campaign": self.where}

    def _target(self, value: str, unit: str, name: str) -> tuple[float, bool]:
        if ":" in value:
            hours, minutes = map(int, value.split(":"))
            if not name.endswith("_s") or name not in _TIMES or hours > 23 or minutes > 59:
                raise OptionError(
                    f"goal {self.text!r}: {value} is a time of the day; only finish, last leaves "
                    "and landed can have one"
                )
            return hours * 3600.0 + minutes * 60.0, True
        if "," in value and not _WITH_COMMAS.fullmatch(value):
            raise OptionError(
                f"goal {self.text!r}: commas part thousands, as in 1,500; write {value} with a "
                "decimal point, such as 0.02"
            )
        number = float(value.replace(",", ""))
        if name in _TIMES:
            if unit not in _SECONDS:
                raise OptionError(f"goal {self.text!r}: a time needs a unit: s, min, h or d")
            return number * _SECONDS[unit], False
        if name in _SHARES or name.startswith("cause_"):
            share = number / 100 if unit == "%" else number
            if unit not in ("", "%") or not 0 <= share <= 1:
                raise OptionError(
                    f"goal {self.text!r}: a share is 0 to 1, or 0 to 100 %; not {value} {unit}"
                )
            return share, False
        rate = name.startswith("throughput") and unit.replace(" ", "") == "/s"
        if name.startswith("cost") and unit and (unit in _SECONDS or not unit.isalpha()):
            raise OptionError(
                f"goal {self.text!r}: {unit!r} is no currency; write a code such as EUR"
            )
        if unit and not rate and not name.startswith("cost"):
            raise OptionError(f"goal {self.text!r}: {name} has no unit {unit!r}")
        return number, False

    def seconds(self, start: dt.datetime | None) -> float:
        """Return the target; one by the clock in seconds after the start.

        Parameters
        ----------
        start : datetime or None
            When the times of the figures begin.

        Returns
        -------
        float

        Raises
        ------
        OptionError
            If the target is a time of the day and nobody knows when it all starts.
        """
        if not self.clock:
            return self.target
        if start is None:
            raise OptionError(
                f"goal {self.text!r}: a time of the day needs a start: give the scenario one"
            )
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        after = self.target - (start - midnight).total_seconds()
        return after if after > 0 else after + 86400.0

    @property
    def title(self) -> str:
        """The text, and the messages that it is for."""
        return self.text if self.where is None else f"{self.text} ({self.where})"

    @property
    def is_share(self) -> bool:
        """Whether the figure is a share, 0 to 1."""
        return self.figure in _SHARES or self.figure.startswith("cause_")

    @property
    def is_time(self) -> bool:
        """Whether the figure is a time, in seconds."""
        return self.figure in _TIMES

    def margin(self, value: float, start: dt.datetime | None) -> float:
        """Return how far a value is on the good side of the target.

        Parameters
        ----------
        value : float
            A value of the figure.
        start : datetime or None
            As of :meth:`seconds`.

        Returns
        -------
        float
            In the units of the figure; negative on the bad side.
        """
        target = self.seconds(start)
        return value - target if self.sign.startswith(">") else target - value

    def is_met(self, value: float, start: dt.datetime | None) -> bool:
        """Return whether a value meets the goal.

        Parameters
        ----------
        value : float
            A value of the figure.
        start : datetime or None
            As of :meth:`seconds`.

        Returns
        -------
        bool
            False of what is not known: a time that never comes, a share of nothing.
        """
        return _SIGNS[self.sign](value, self.seconds(start))

    def __repr__(self) -> str:
        where = "" if self.where is None else f", where={self.where!r}"
        return f"Goal({self.text!r}{where})"
