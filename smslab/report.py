"""The HTML report of a forecast: one file, no links to elsewhere, every text escaped."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import pandas as pd
from matplotlib.axes import Axes

from smslab import plot
from smslab.rates import RateCard
from smslab.run import Run
from smslab.style import drawn

__all__ = ["Answers", "answers_table", "page"]

#: Questions and answers in words; an empty pair parts two groups.
Answers: TypeAlias = list[tuple[str, str]]

#: Rows with a problem that the report lists; it says how many more there are.
_LISTED: Final = 100
_EXCERPT: Final = 60

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 64rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { padding: .2rem 1rem .2rem 0; text-align: left;
       vertical-align: top; } th { font-weight: 600; white-space: nowrap; }
.answers tr:nth-child(-n+4) td { font-size: 1.15rem; } .rows td { border-top: 1px solid #ddd; }
.pictures { display: grid; grid-template-columns:
       repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }
img { width: 100%; } .note { color: #555; font-size: .9rem; }
"""


def answers_table(answers: Answers) -> str:
    """Return questions and answers as an HTML table.

    Parameters
    ----------
    answers : list of (str, str)
        Questions and answers.

    Returns
    -------
    str
        The table; every text in it is escaped.
    """
    left = 'style="text-align:left"'  # notebooks align the cells of a table to the right
    rows = "".join(
        f"<tr><th {left}>{html.escape(question)}</th>"
        f"<td {left}>{html.escape(answer) or '&nbsp;'}</td></tr>\n"
        for question, answer in answers
    )
    return f'<table class="answers">\n{rows}</table>'


def page(answers: Answers, messages: pd.DataFrame, run: Run, rates: RateCard) -> str:
    """Return the report of a forecast as an HTML page.

    Parameters
    ----------
    answers : list of (str, str)
        Questions and answers, the most important first.
    messages : DataFrame
        Every row of the list with its ``expected_cost`` and ``problem``.
    run : Run
        The replication that the pictures show.
    rates : RateCard
        The prices.

    Returns
    -------
    str
        The page; the same arguments give the same page.
    """
    name = html.escape(run.scenario.name)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Forecast of {name}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Forecast of {name}: {len(messages):,} messages</h1>
{answers_table(answers)}
<h2>Pictures</h2>
<p class="note">Times are those of the first replication, costs the mean of all.</p>
<div class="pictures">
{_pictures(messages, run, rates)}
</div>
{_problem_rows(messages)}
{_sources(messages, rates)}
</body>
</html>
"""


def _pictures(messages: pd.DataFrame, run: Run, rates: RateCard) -> str:
    def cost_by(column: str, ax: Axes) -> Axes:
        cost = messages["expected_cost"]
        return plot.cost_by(cost, messages[column], currency=rates.currency, ax=ax)

    drawings: dict[str, Callable[[Axes], Axes]] = {
        "Messages waiting": lambda ax: plot.backlog(run, ax=ax),
        "Messages sent, landed and read": lambda ax: plot.deliveries(run, ax=ax),
        "Delays": lambda ax: plot.delay(run, ax=ax),
        "Cost by country": lambda ax: cost_by("country", ax),
        "Cost by encoding": lambda ax: cost_by("encoding", ax),
    }
    images = []
    for title, draw in drawings.items():
        data = base64.b64encode(drawn(draw, form="svg")).decode("ascii")
        images.append(f'<img alt="{title}" src="data:image/svg+xml;base64,{data}">')
    return "\n".join(images)


def _problem_rows(messages: pd.DataFrame) -> str:
    wrong = messages[messages["problem"].notna()]
    if wrong.empty:
        return ""
    listed = wrong.head(_LISTED)
    rows = "".join(
        f"<tr><td>{html.escape(str(label))}</td><td>{html.escape(str(problem))}</td>"
        f"<td>{_fate(sendable, cost)}</td>"
        f"<td>{html.escape(_excerpt(text))}</td></tr>\n"
        for label, problem, sendable, cost, text in zip(
            listed.index, *(listed[c] for c in ("problem", "sendable", "cost", "text")), strict=True
        )
    )
    more = len(wrong) - _LISTED
    note = f'<p class="note">{more:,} more rows are not shown.</p>' if more > 0 else ""
    return (
        f'<h2>Rows to look at</h2>\n<table class="rows">\n<tr><th>Row</th><th>Problem</th>'
        f"<th>What happens</th><th>Text</th></tr>\n{rows}</table>\n{note}"
    )


def _fate(sendable: bool, cost: Any) -> str:
    if not sendable:
        return "not sent"
    return "sent, not priced" if pd.isna(cost) else "sent"


def _excerpt(text: Any) -> str:
    if pd.isna(text):
        return ""
    return str(text) if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


def _sources(messages: pd.DataFrame, rates: RateCard) -> str:
    used = set(messages["country"].dropna().unique())
    sources = sorted(
        {
            (rate.source, str(rate.valid_from or ""))
            for rate in rates.rates
            if rate.source and (rate.country in used or not rate.country)
        }
    )
    if not sources:
        return ""
    items = "".join(
        f"<li>{html.escape(source)}{', ' if date else ''}{html.escape(date)}</li>\n"
        for source, date in sources
    )
    return f'<h2>Sources of the prices</h2>\n<ul class="note">\n{items}</ul>'
