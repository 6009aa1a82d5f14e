"""Billing: which outcomes providers charge for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BILLING", "Billing"]


@dataclass(frozen=True, kw_only=True)
class Billing:
    """Which outcomes a provider charges for; segments that are received are always charged.

    Parameters
    ----------
    sent : bool
        What a carrier took, whatever the status in the end, but for the two that follow.
    undelivered, expired : bool
        What a carrier took and could not deliver, or not in time.
    failed : bool
        What never left the platform is charged like a sent message; False charges the card's fee
        for failed messages, if it has one.
    daily_cap : bool
        What was over a daily cap is charged like a sent message.
    source : str
        Where this was read.
    """

    sent: bool = True
    undelivered: bool = True
    expired: bool = True
    failed: bool = False
    daily_cap: bool = False
    source: str = "our choice: what was handed to a carrier is charged"


#: Rules of billing by provider.
BILLING: Final = {
    "Twilio": Billing(source="Twilio help 27502337507483, Failed Message Processing Fees, 2024-09"),
    "Plivo": Billing(source="Plivo help, SMS FAQ (undelivered messages are charged), read 2026-11"),
    "Bird": Billing(
        daily_cap=True,
        source="docs.bird.com, throughput and daily caps (over the cap is charged), read 2026-11",
    ),
    "Alibaba": Billing(
        expired=False, source="Alibaba Cloud SMS docs (expired is not charged), read 2026-11"
    ),
    "Vonage": Billing(
        failed=True,
        daily_cap=True,
        source="developer.vonage.com (charged when submitted), read 2026-11",
    ),
}
