"""The HTML report of a forecast: one file, no links to elsewhere, every text escaped."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from smslab import plot

if TYPE_CHECKING:
    from smslab.forecast import Forecast

__all__ = ["answers_table", "page"]

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
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 1rem; }
img { width: 100%; } .note { color: #555; font-size: .9rem; }
"""


def answers_table(forecast: Forecast) -> str:
    """Return the questions and answers of a forecast as an HTML table.

    Parameters
    ----------
    forecast : Forecast
        What is shown.

    Returns
    -------
    str
        The table; every text in it is escaped.
    """
    rows = "".join(
        f"<tr><th>{html.escape(question)}</th><td>{html.escape(answer) or '&nbsp;'}</td></tr>\n"
        for question, answer in forecast.answers()
    )
    return f'<table class="answers">\n{rows}</table>'


def page(forecast: Forecast) -> str:
    """Return the report of a forecast as an HTML page.

    Parameters
    ----------
    forecast : Forecast
        What is reported.

    Returns
    -------
    str
        The page; the same forecast gives the same page.
    """
    name = html.escape(forecast.scenario.name)
    pictures = _pictures(forecast)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Forecast of {name}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Forecast of {name}: {len(forecast.messages):,} messages</h1>
{answers_table(forecast)}
<h2>Pictures</h2>
<p class="note">Times are those of the first of {len(forecast.replications)} replications, costs
their mean; the intervals above are over all of them.</p>
<div class="pictures">
{pictures}
</div>
{_problem_rows(forecast)}
{_sources(forecast)}
</body>
</html>
"""


def _pictures(forecast: Forecast) -> str:
    def cost_by(column: str, ax: Axes) -> Axes:
        messages, currency = forecast.messages, forecast.rates.currency
        return plot.cost_by(messages["expected_cost"], messages[column], currency=currency, ax=ax)

    drawings: list[Callable[[Axes], Axes]] = [
        lambda ax: plot.backlog(forecast.run, ax=ax),
        lambda ax: plot.deliveries(forecast.run, ax=ax),
        lambda ax: plot.delay(forecast.run, ax=ax),
        lambda ax: cost_by("country", ax),
        lambda ax: cost_by("encoding", ax),
    ]
    images = []
    # A fixed salt and no date make the same forecast give the same bytes.
    with mpl.rc_context({"svg.hashsalt": "smslab", "font.size": 10}):
        for draw in drawings:
            figure = Figure(figsize=(6.4, 3.4), layout="constrained")
            ax = draw(figure.subplots())
            octets = io.BytesIO()
            figure.savefig(octets, format="svg", metadata={"Date": None})
            data = base64.b64encode(octets.getvalue()).decode("ascii")
            title = html.escape(ax.get_title())
            images.append(f'<img alt="{title}" src="data:image/svg+xml;base64,{data}">')
    return "\n".join(images)


def _problem_rows(forecast: Forecast) -> str:
    messages = forecast.messages
    wrong = messages[messages["problem"].notna()]
    if wrong.empty:
        return ""
    listed = wrong.head(_LISTED)
    rows = "".join(
        f"<tr><td>{html.escape(str(label))}</td><td>{html.escape(str(problem))}</td>"
        f"<td>{'sent, not priced' if sendable else 'not sent'}</td>"
        f"<td>{html.escape(_excerpt(text))}</td></tr>\n"
        for label, problem, sendable, text in zip(
            listed.index, listed["problem"], listed["sendable"], listed["text"], strict=True
        )
    )
    more = len(wrong) - _LISTED
    note = f'<p class="note">{more:,} more rows are not shown.</p>' if more > 0 else ""
    return (
        f"<h2>Rows to look at</h2>\n<table class='rows'>\n<tr><th>Row</th><th>Problem</th>"
        f"<th>What happens</th><th>Text</th></tr>\n{rows}</table>\n{note}"
    )


def _excerpt(text: Any) -> str:
    if pd.isna(text):
        return ""
    return str(text) if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


def _sources(forecast: Forecast) -> str:
    used = set(forecast.messages["country"].dropna().unique())
    sources = sorted(
        {
            (rate.source, str(rate.valid_from or ""))
            for rate in forecast.rates.rates
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
