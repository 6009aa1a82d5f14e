"""Limits and rules of the outside world, with source and date: rates, sender types, hours.

They change from month to month, and none of this is legal advice. What is not listed is not known;
that does not make it allowed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from smslab.demand import Hours

__all__ = [
    "MarketingHours",
    "SenderLimit",
    "SenderRule",
    "marketing_hours",
    "sender_limits",
    "sender_rule",
    "states_with_hours",
]


def _rows(name: str) -> Iterator[dict[str, str]]:
    path = resources.files("smslab").joinpath("data", name)
    yield from csv.DictReader(path.read_text("utf-8").splitlines())


@dataclass(frozen=True, kw_only=True)
class SenderLimit:
    """A rate or a daily cap that a provider or a network publishes.

    Parameters
    ----------
    provider : str
        Who says so; empty for a network's limit, whatever the provider.
    country : str
        ISO 3166-1 alpha-2; empty where the page names none.
    sender_type : str
        ``account``, ``10dlc``, ``short_code`` …
    carrier : str
        The network; empty for all.
    tier : str
        Class or tier of the campaign or brand, as its network calls it; empty for all.
    limit : float
        How many units.
    per : str
        The unit: ``segment`` or ``message``.
    within_s : float
        In what time, in seconds.
    scope : str
        What is limited together: a number, a campaign, a brand, an account.
    as_of : str
        Date of the source; empty where it has none.
    source : str
        Where that stands.
    """

    provider: str
    country: str
    sender_type: str
    carrier: str
    tier: str
    limit: float
    per: str
    within_s: float
    scope: str
    as_of: str
    source: str

    @property
    def per_second(self) -> float:
        """Units per second."""
        return self.limit / self.within_s


@cache
def sender_limits() -> tuple[SenderLimit, ...]:
    """Return the limits that are known.

    Returns
    -------
    tuple of SenderLimit
    """
    return tuple(
        SenderLimit(
            tier=row.pop("class"),
            limit=float(row.pop("limit")),
            within_s=float(row.pop("within_s")),
            **row,
        )
        for row in _rows("sender_limits.csv")
    )


@dataclass(frozen=True, kw_only=True)
class SenderRule:
    """What senders a country knows.

    Parameters
    ----------
    alphanumeric, short_code, long_code : str
        ``yes``, ``no``, ``registration`` or ``inbound_only``; empty where not known.
    two_way : str
        Whether recipients can answer: ``yes`` or ``no``; empty where not known.
    source, as_of : str
        Where that stands, and the date.
    concatenation : str
        Whether parts are joined on the phone: ``yes``, ``no`` or ``partial``; empty where not
        known.
    concatenation_note, concatenation_source : str
        More of it, and where that stands.
    """

    alphanumeric: str
    short_code: str
    long_code: str
    two_way: str
    source: str
    as_of: str
    concatenation: str
    concatenation_note: str
    concatenation_source: str


@cache
def _sender_rules() -> dict[str, SenderRule]:
    return {row.pop("country"): SenderRule(**row) for row in _rows("country_rules.csv")}


def sender_rule(country: str) -> SenderRule | None:
    """Return what senders a country knows.

    Parameters
    ----------
    country : str
        ISO 3166-1 alpha-2.

    Returns
    -------
    SenderRule or None
        None where nothing is known.
    """
    return _sender_rules().get(country)


@dataclass(frozen=True, kw_only=True)
class MarketingHours:
    """When marketing may be sent somewhere, on the recipient's clock.

    Parameters
    ----------
    hours : tuple of Hours
        The hours; empty where no such hours are known, or none is allowed (see `note`).
    note : str
        What else the page says.
    source : str
        Where that stands.
    """

    hours: tuple[Hours, ...]
    note: str
    source: str


@cache
def _marketing_hours() -> dict[tuple[str, str], MarketingHours]:
    found: dict[tuple[str, str], MarketingHours] = {}
    for row in _rows("marketing_hours.csv"):
        key = row["country"], row["state"]
        known = found.get(key, MarketingHours(hours=(), note=row["note"], source=row["source"]))
        hours = known.hours
        if row["days"]:
            days = tuple(map(int, row["days"].split()))
            from_h, to_h = float(row["from_h"]), float(row["to_h"])
            hours = (*hours, Hours(from_h=from_h, to_h=to_h, days=days))
        found[key] = MarketingHours(hours=hours, note=known.note, source=known.source)
    return found


def marketing_hours(country: str, state: str = "") -> MarketingHours | None:
    """Return when marketing may be sent in a country.

    Parameters
    ----------
    country : str
        ISO 3166-1 alpha-2.
    state : str
        A state of the United States, such as ``FL``; the whole country's if not given.

    Returns
    -------
    MarketingHours or None
        None where nothing is known.

    Examples
    --------
    >>> from smslab.regulations import marketing_hours
    >>> marketing_hours("FR").hours
    (Hours(from_h=8.0, to_h=22.0, days=(0, 1, 2, 3, 4, 5)),)
    """
    return _marketing_hours().get((country, state))


def states_with_hours() -> list[str]:
    """Return the states of the United States with narrower hours than the federal ones.

    Returns
    -------
    list of str
    """
    return [state for country, state in _marketing_hours() if country == "US" and state]
