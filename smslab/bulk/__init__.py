"""Lists of any size in files: batch by batch from file to file, resumed after a kill."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from smslab import __version__
from smslab.bulk.report import FileReport, unreadable_path
from smslab.bulk.run import Step, Work, process
from smslab.bulk.steps import Encode, Prepare, Price, Segment, column_of
from smslab.coding import Coding
from smslab.columns import COLUMNS, check_kinds, find_columns
from smslab.errors import GuessWarning, InputError, OptionError
from smslab.files.batches import BATCH_ROWS, Source
from smslab.files.kinds import kind_of
from smslab.files.sinks import open_sink
from smslab.files.sources import Reading, open_source
from smslab.output import check_apart, write_table, write_whole
from smslab.preparation import TIME_ZONE, Preparation
from smslab.rates import RateCard
from smslab.sample import SAMPLE_SCHEMA, sample_blocks
from smslab.simulate import Seed

__all__ = [
    "FileReport",
    "cost_file",
    "encode_file",
    "numbers_in",
    "prepare_file",
    "sample_file",
    "segment_file",
]


def prepare_file(
    path: str | Path,
    output: str | Path,
    *,
    text: str | None = None,
    to: str | None = None,
    rates: RateCard | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    batch_rows: int = BATCH_ROWS,
    workers: int = 1,
    resume: bool = False,
    guard: bool = True,
    progress: Callable[[int, int, int], None] | None = None,
    **options: Any,
) -> FileReport:
    """Prepare a list of any size, from a file into a file.

    Memory does not grow with the list, but for 15 to 30 octets a number that duplicates are found
    by. A run that was stopped, by a kill or a full disk, goes on with `resume` where it was, and
    ends with the same bytes. What JSON Lines hold beside strings is carried along as strings.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv``, ``.jsonl``, each also with ``.gz`` or ``.zst`` behind, ``.parquet``, or
        a workbook such as ``.xlsx`` (extra ``excel``); ``-`` for CSV from the standard input.
    output : str or Path
        Of the same kinds; ``-`` for CSV to the standard output. It is written aside and put in its
        place when it is whole.
    text, to : str, optional
        As of :func:`smslab.prepare`.
    rates : RateCard, optional
        As of :func:`smslab.prepare`.
    encoding : str, optional
        Of a text file, as Python calls it; found out if not given.
    delimiter : str, optional
        Between the cells of a CSV file; found out if not given.
    sheet : str, optional
        Of a workbook; the first if not given.
    batch_rows : int
        Rows that are looked at together.
    workers : int
        Threads.
    resume : bool
        Whether to go on where the same job was stopped.
    guard : bool
        Whether texts in a CSV file that a spreadsheet would take for formulas get an apostrophe.
    progress : callable, optional
        Called with rows done, octets of the input read, and octets in all (0 if not known).
    **options : object
        As of :func:`smslab.prepare`.

    Returns
    -------
    FileReport

    Raises
    ------
    InputError
        If the input cannot be read, lacks a column, or the output cannot be written.
    OptionError, TextError
        As of :func:`smslab.prepare`.

    Examples
    --------
    >>> import os, tempfile
    >>> import smslab
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     listed = os.path.join(folder, "list.csv")
    ...     smslab.sample(1000).to_csv(listed, index=False)
    ...     smslab.prepare_file(listed, os.path.join(folder, "ready.parquet"), country="US")
    1,000 rows, 981 of them can be sent
    segments  1,666
    sendable          981
    rejected           13  duplicate
    rejected            2  empty text
    rejected            1  no number
    rejected            1  not a phone number
    rejected            1  number too short
    rejected            1  unknown calling code
    """
    if isinstance(options.get("opt_outs"), Iterator):
        options["opt_outs"] = list(options["opt_outs"])
    preparation = Preparation(rates=rates, **options)

    def step(source: Source) -> tuple[Step, Any]:
        columns = preparation.columns_of(source.name, source.schema.names, {"text": text, "to": to})
        # A field of a template may be called text, and hold anything.
        roles = [*COLUMNS, TIME_ZONE]
        roles = [role for role in roles if role != "text" or role in preparation.needed]
        known = {role: columns[role] for role in roles if role in columns}
        check_kinds(source.name, known, source.schema)
        currency = "" if rates is None else rates.currency
        return Prepare(preparation, columns, currency), columns

    reading = Reading(encoding=encoding, delimiter=delimiter, sheet=sheet)
    work = Work(
        batch_rows=batch_rows, workers=workers, resume=resume, guard=guard, progress=progress
    )
    return _done("prepare", path, output, reading, work, step, options | {"rates": rates})


def segment_file(
    path: str | Path,
    output: str | Path,
    *,
    text: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    batch_rows: int = BATCH_ROWS,
    workers: int = 1,
    resume: bool = False,
    guard: bool = True,
    progress: Callable[[int, int, int], None] | None = None,
    **coding: Any,
) -> FileReport:
    """Count the segments of a list of any size, from a file into a file.

    Parameters
    ----------
    path, output, text, encoding, delimiter, sheet, batch_rows, workers, resume, guard, progress : \
object
        As of :func:`prepare_file`.
    **coding : object
        As of :func:`smslab.segment`.

    Returns
    -------
    FileReport
        The output has the list's columns, and ``sms_encoding``, ``sms_characters``, ``sms_units``
        and ``sms_segments`` behind them.

    Raises
    ------
    InputError
        As of :func:`prepare_file`.
    ValueError
        As of :func:`smslab.segment`.
    """

    def step(source: Source) -> tuple[Step, Any]:
        columns = _roles(source, {"text": text}, ("text",))
        return Segment(columns["text"], Coding(**coding)), columns

    reading = Reading(encoding=encoding, delimiter=delimiter, sheet=sheet)
    work = Work(
        batch_rows=batch_rows, workers=workers, resume=resume, guard=guard, progress=progress
    )
    return _done("segment", path, output, reading, work, step, coding)


def encode_file(
    path: str | Path,
    output: str | Path,
    *,
    text: str | None = None,
    reference: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    batch_rows: int = BATCH_ROWS,
    workers: int = 1,
    resume: bool = False,
    guard: bool = True,
    progress: Callable[[int, int, int], None] | None = None,
    **options: Any,
) -> FileReport:
    """Encode the texts of a list of any size, from a file into a file.

    Parameters
    ----------
    path, output, text, encoding, delimiter, sheet, batch_rows, workers, resume, guard, progress : \
object
        As of :func:`prepare_file`; `workers` do not help, for the reference number of a text
        depends on those before it.
    reference : int, optional
        As of :func:`smslab.encode`.
    **options : object
        As of :func:`smslab.encode`.

    Returns
    -------
    FileReport
        The output has a row per part: the list's columns but for the text, and behind them those of
        :func:`smslab.encode`, ``message`` being the row in the list, from 1.

    Raises
    ------
    InputError
        As of :func:`prepare_file`.
    TextError, ValueError
        As of :func:`smslab.encode`.
    """

    def step(source: Source) -> tuple[Step, Any]:
        columns = _roles(source, {"text": text}, ("text",))
        return Encode(columns["text"], reference, **options), columns

    reading = Reading(encoding=encoding, delimiter=delimiter, sheet=sheet)
    work = Work(
        batch_rows=batch_rows, workers=workers, resume=resume, guard=guard, progress=progress
    )
    return _done("encode", path, output, reading, work, step, options | {"reference": reference})


def cost_file(
    path: str | Path,
    output: str | Path | None = None,
    *,
    text: str | None = None,
    to: str | None = None,
    rates: RateCard | None = None,
    country: str | None = None,
    sender_type: str | None = None,
    by: Sequence[str] = (),
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    batch_rows: int = BATCH_ROWS,
    workers: int = 1,
    resume: bool = False,
    guard: bool = True,
    progress: Callable[[int, int, int], None] | None = None,
) -> FileReport:
    """Price a list of any size: what it costs if all of it is sent.

    Parameters
    ----------
    path, text, to, encoding, delimiter, sheet, batch_rows, workers, resume, guard, progress : \
object
        As of :func:`prepare_file`.
    output : str or Path, optional
        As of :func:`prepare_file`; nothing is written if not given.
    rates, country, sender_type : object
        As of :func:`smslab.cost`.
    by : sequence of str
        What :attr:`FileReport.report` adds up by, as of :meth:`smslab.Bill.by`; by country if not
        given.

    Returns
    -------
    FileReport
        The output has the list's columns, and behind them ``sms_country``, ``sms_encoding``,
        ``sms_segments``, ``sms_cost`` (in the card's currency; null where it is not known) and
        ``sms_problem``.

    Raises
    ------
    InputError
        As of :func:`prepare_file`.
    OptionError
        As of :func:`smslab.cost` and :meth:`smslab.Bill.by`.
    """
    card = RateCard.bundled() if rates is None else rates
    by = [by] if isinstance(by, str) else list(by)

    def step(source: Source) -> tuple[Step, Any]:
        columns = _roles(source, {"text": text, "to": to}, ("text",))
        return Price(columns, card, country, sender_type, by), columns

    reading = Reading(encoding=encoding, delimiter=delimiter, sheet=sheet)
    work = Work(
        batch_rows=batch_rows, workers=workers, resume=resume, guard=guard, progress=progress
    )
    options = {"rates": rates, "country": country, "sender_type": sender_type, "by": list(by)}
    return _done("cost", path, output, reading, work, step, options)


def _roles(
    source: Source, given: Mapping[str, str | None], needed: Sequence[str]
) -> dict[str, str]:
    """Find the columns of a list by their roles."""
    columns = find_columns(source.name, source.schema.names, given, needed=needed)
    check_kinds(source.name, columns, source.schema)
    return columns


def _done(
    what: str,
    path: str | Path,
    output: str | Path | None,
    reading: Reading,
    work: Work,
    make: Callable[[Source], tuple[Step, Any]],
    options: Mapping[str, Any],
) -> FileReport:
    """Take a file through the step that is made for it."""
    target = None if output is None else str(output)
    is_file = target is not None and target != "-"
    if work.resume and str(path) == "-":
        raise OptionError("what comes from the standard input cannot go on; begin without resume")
    if target is not None and is_file:
        given = None if str(path) == "-" else path
        check_apart(target, given)
        check_apart(unreadable_path(target), given)
    with open_source(path, reading) as source:
        step, columns = make(source)
        stat = os.stat(source.name) if os.path.exists(source.name) else None
        # What has to be the same for a stopped run to go on.
        job = {
            "what": what,
            "version": __version__,
            "input": os.path.abspath(source.name),
            "size": None if stat is None else stat.st_size,
            "changed": None if stat is None else stat.st_mtime_ns,
            "output": None if target is None else os.path.abspath(target),
            "reading": dataclasses.asdict(reading),
            "batch_rows": work.batch_rows,
            "guard": work.guard,
            "columns": columns,
            "options": {name: _told(value) for name, value in sorted(options.items())},
        }
        rows = process(source, step, target, work, job)
    names = pd.Index(["row", "problem", "content"])
    unreadable = pd.DataFrame(source.unreadable, columns=names)
    if target is not None and is_file:
        if len(unreadable):
            write_table(unreadable, unreadable_path(target))
        else:
            Path(unreadable_path(target)).unlink(missing_ok=True)  # an earlier run's
    return FileReport(
        output=target,
        rows=rows,
        report=step.report(),
        unreadable=unreadable,
        words=tuple(step.words(rows)),
        notes=tuple(f"{source.name} {note}" for note in (*source.notes, *source.guesses)),
    )


def _told(value: Any) -> Any:
    """Return an option as JSON has it; what is large as what tells it apart."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.astuple(value)
    if isinstance(value, set | frozenset):
        value = sorted(map(str, value))
    elif isinstance(value, Iterable):
        value = list(value)  # a Series or an array shows a few of its values
    return hashlib.sha256(repr(value).encode("utf-8", "replace")).hexdigest()


def sample_file(output: str | Path, rows: int, *, rng: Seed = 2026) -> None:
    """Write a made-up list of any length, as of :func:`smslab.sample`.

    Parameters
    ----------
    output : str or Path
        As of :func:`prepare_file`.
    rows : int
        How many messages.
    rng : None, int, SeedSequence or Generator
        Seed.

    Raises
    ------
    InputError
        If the file cannot be written.
    OptionError
        If `rows` is less than 0.
    """
    path = Path(output)
    kind = kind_of(str(path))
    blocks = sample_blocks(rows, rng=rng)
    with (
        write_whole(path.parent, [path.name]) as (aside,),
        open_sink(aside, *kind, SAMPLE_SCHEMA, guard=True) as sink,
    ):
        for block in blocks:
            sink.write(block)


#: A name of a column with so many digits is a number.
_DIGITS: Final = 5


def numbers_in(path: str | Path, to: str | None = None) -> pd.Series[Any]:
    """Read the column of phone numbers of a file, such as a list of opt-outs.

    Parameters
    ----------
    path : str or Path
        As of :func:`prepare_file`; a file of one column needs no name for it.
    to : str, optional
        The column.

    Returns
    -------
    Series
        The numbers; of a file of one column the first may be in the place of a header.

    Raises
    ------
    InputError
        If it cannot be read, a row of it cannot, or no column is told.

    Warns
    -----
    GuessWarning
        As of :func:`smslab.read_messages`.
    """
    with open_source(path) as source:
        names = source.schema.names
        if to is None and len(names) == 1:
            to = names[0]
        name = find_columns(source.name, names, {"to": to}, needed=("to",))["to"]
        check_kinds(source.name, {"to": name}, source.schema)
        parts = [column_of(table, name) for table in source.batches(1 << 20)]
        if source.unreadable:
            row, problem, _ = source.unreadable[0]
            raise InputError(f"{source.name}: row {row} {problem}; none of these may be lost")
    for guess in source.guesses:
        warnings.warn(f"{source.name} {guess}", GuessWarning, stacklevel=2)
    if len(names) == 1 and sum(map(str.isdigit, names[0])) >= _DIGITS:
        parts.insert(0, pd.Series(names))  # a file without a header
    return pd.concat(parts, ignore_index=True) if parts else pd.Series([], dtype="str")
