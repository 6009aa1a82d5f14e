"""The log calibrator: a provider's log, uploaded, and the scenario that it tells of."""

from __future__ import annotations

import html
from collections.abc import Callable

import ipywidgets
import tomli_w

from smslab import plot
from smslab.calibrate import calibrate
from smslab.errors import InputError
from smslab.fields import to_table
from smslab.ledger import HasLedger
from smslab.log_formats import FORMATS
from smslab.log_reading import read_log
from smslab.style import drawn
from smslab.widgets.panel import LABELLED, Panel, Shown, Work
from smslab.widgets.upload import UPLOAD_NOTE, Upload

__all__ = ["LogCalibrator", "log_calibrator", "render"]


def render(log: HasLedger) -> Shown:
    """Calibrate a scenario by a log, and show it.

    Parameters
    ----------
    log : Log or Run
        The log.

    Returns
    -------
    Shown
        With the :class:`~smslab.calibrate.Calibration`, its figures, how well its delays fit, and
        the scenario as a file.

    Raises
    ------
    SmslabError
        If the log does not tell enough.
    """
    found = calibrate(log)
    toml = html.escape(tomli_w.dumps(to_table(found.scenario)))
    page = (
        f"{found._repr_html_()}<details><summary>The scenario</summary><pre>{toml}</pre></details>"
    )
    return Shown(found, page, drawn(lambda ax: plot.calibration(found, ax=ax), size=(9.0, 3.0)))


class LogCalibrator(Panel):
    """A log, uploaded or given, and the scenario that it tells of.

    Parameters
    ----------
    log : Log or Run, optional
        A log, in place of one that is uploaded.

    Attributes
    ----------
    result : Calibration or None
        The calibration: its ``scenario`` is for further work in the notebook.
    """

    def __init__(self, log: HasLedger | None = None) -> None:
        self.given = log
        self.upload = Upload("Upload a log", ".csv,.tsv,.parquet,.json,.jsonl,.ndjson,.gz,.txt")
        self.format = ipywidgets.Dropdown(
            options=["auto", *FORMATS], description="Format", style=LABELLED
        )
        self.timezone = ipywidgets.Text(
            value="UTC", description="Zone of its times", style=LABELLED, continuous_update=False
        )
        self.work = Work("Calibrate", self._begin, self.finish)
        head = [self.upload, self.format, self.timezone, self.work]
        super().__init__(_nothing_yet, [], head=head, picture_height="280px")
        self.upload.observe(lambda _: self._arrived(), names="value")

    def _arrived(self) -> None:
        names = [html.escape(file["name"]) for file in self.upload.value]
        self.put(Shown(None, f"<p>{', '.join(names) or 'No log'} is here. Press Calibrate.</p>"))

    def _begin(self) -> Callable[[Callable[[int, int], None]], Shown]:
        words = {"format": self.format.value, "timezone": self.timezone.value}

        def work(progress: Callable[[int, int], None]) -> Shown:
            log = self.upload.read(lambda path: read_log(path, **words))
            chosen = self.given if log is None else log
            if chosen is None:
                raise InputError("no log: upload one")
            progress(1, 2)
            return render(chosen)

        return work


def _nothing_yet() -> Shown:
    return Shown(None, f"<p>Upload a provider's log, and press Calibrate. {UPLOAD_NOTE}</p>")


def log_calibrator(log: HasLedger | None = None) -> LogCalibrator:
    """Show a box for a provider's log: the scenario that it tells of, with intervals.

    Parameters
    ----------
    log : Log or Run, optional
        A log, as of :func:`smslab.read_log`, in place of one that is uploaded.

    Returns
    -------
    LogCalibrator
        A widget; its ``result`` is the :class:`~smslab.calibrate.Calibration`.
    """
    return LogCalibrator(log)
