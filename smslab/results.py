"""Results of a replication: the outcome of its messages, and what follows from it, as columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from smslab import aftermath
from smslab.errors import ScenarioError, nearest
from smslab.kernels.simulation import key_of
from smslab.outcome import NEVER, Outcome, Status
from smslab.scenario import Scenario
from smslab.traffic import picked

__all__ = ["Results"]

_Times = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Results(Outcome):
    """All that is known of the messages of one replication.

    What nobody in the simulation reacts to is drawn when it is asked for: numbers are drawn by
    key, so that it is the same whenever that is.

    Parameters
    ----------
    scenario : Scenario
        What was simulated.
    seed : int
        Seed of the replication.
    first : tuple of int
        Number of the first message of each traffic in the replication.
    selected : ndarray of int64, shape (n,), or None
        Numbers of the messages in the replication, where these are a part of it.
    traffic, entered_us, stage, sent_us, final_us, replied_us, keyword, answer_to : object
        As of :class:`~smslab.outcome.Outcome`.
    submissions, attempts, status, reason : object
        As of :class:`~smslab.outcome.Outcome`.
    """

    scenario: Scenario
    seed: int
    first: tuple[int, ...]
    selected: _Times | None = None

    def __len__(self) -> int:
        return len(self.status)

    def of(self, campaign: str) -> Self:
        """Return the part of the run that belongs to one traffic of the scenario.

        Parameters
        ----------
        campaign : str
            Name of the traffic.

        Returns
        -------
        Results
            With the messages of that traffic, and answers to them, alone.

        Raises
        ------
        ScenarioError
            If the scenario has no such traffic.
        """
        names = [traffic.name for traffic in self.scenario.traffic]
        if campaign not in names:
            raise ScenarioError(
                f"campaign must be one of {names}; not {campaign!r}.{nearest(campaign, names)}"
            )
        return self._only(self.traffic.campaign == names.index(campaign))

    @property
    def asked(self) -> Self:
        """The part of the run that its traffic asks to be sent: no answers, nothing received."""
        asked = (self.answer_to == NEVER) & (self.status != Status.RECEIVED)
        return self if asked.all() else self._only(asked)

    @property
    def answers(self) -> Self:
        """The part of the run that is answers to replies."""
        return self._only(self.answer_to != NEVER)

    def count(self, status: Status) -> int:
        """Return how many messages ended with `status`."""
        return int(np.count_nonzero(self.status == status))

    def _only(self, rows: npt.NDArray[np.bool_]) -> Self:
        columns = picked(self, rows) | {"selected": self.numbers[rows]}
        traffic = replace(self.traffic, **picked(self.traffic, rows))
        part = replace(self, traffic=traffic, **columns)
        # What was drawn for all need not be drawn for a part again.
        drawn = vars(self)
        for name in ("keys", "receipt_us", "read_us", "converted_us"):
            if name in drawn:
                vars(part)[name] = drawn[name][rows]
        if "_emails" in drawn:
            vars(part)["_emails"] = tuple(times[rows] for times in drawn["_emails"])
        return part

    @cached_property
    def numbers(self) -> _Times:
        """Numbers of the messages in the replication: their names."""
        return np.arange(len(self)) if self.selected is None else self.selected

    @cached_property
    def keys(self) -> _Times:
        """Keys of the messages' draws, as of :func:`smslab.kernels.simulation.key_of`."""
        campaign = self.traffic.campaign.astype(np.int64)
        is_answer = self.answer_to != NEVER
        row = np.where(is_answer, self.answer_to, self.numbers) - np.array(self.first)[campaign]
        keys: _Times = key_of(campaign, row, is_answer=is_answer)
        return keys

    @cached_property
    def receipt_us(self) -> _Times:
        """When the receipt came; int64 microseconds, NEVER where none came before the horizon."""
        return aftermath.receipts(self.scenario, self.seed, self.keys, self)

    @cached_property
    def read_us(self) -> _Times:
        """When the recipient of a delivered message looked; this may be past the horizon."""
        return aftermath.reads(self.scenario, self.seed, self.keys, self)

    @cached_property
    def _emails(self) -> tuple[_Times, _Times]:
        return aftermath.emails(self.scenario, self.seed, self.keys, self, self.receipt_us)

    @property
    def emailed_us(self) -> _Times:
        """When the e-mail in the message's place was sent."""
        return self._emails[0]

    @property
    def email_landed_us(self) -> _Times:
        """When that e-mail was in the mailbox."""
        return self._emails[1]

    @cached_property
    def converted_us(self) -> _Times:
        """When a recipient looked who did what the message or its e-mail asks for."""
        return aftermath.conversions(
            self.scenario, self.seed, self.keys, self, self.read_us, self.email_landed_us
        )
