"""Lists in workbooks, and quotes in CSV files; other kinds are in test_io and test_bulk."""

import csv
import datetime as dt
import io
import sys
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine as calamine
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st

import smslab
from smslab.bulk import numbers_in
from smslab.cli import main
from smslab.errors import GuessWarning, InputError, OptionError
from smslab.files import excel
from smslab.files.kinds import kind_of
from smslab.kernels import quotes


def workbook(path, sheets):
    """Write rows of cells as they are."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    if isinstance(cell, dt.date):
                        sheet.write_datetime(
                            number, place, cell, book.add_format({"num_format": "d.m.yyyy"})
                        )
                    elif cell is not None:
                        sheet.write(number, place, cell)


def test_cells_become_what_is_shown(tmp_path):
    rows = [
        [None, None, None],
        ["Phone", "Text", None, "when", "share", "vip"],
        [12025550123, "=SUM(A1)", "no name", dt.date(2026, 11, 26), 0.25, True],
        [None, None, None, None, None, None],
        ["+4930123456", "Grüße 😀\nzwei", None, None, None, False],
    ]
    workbook(tmp_path / "list.xlsx", {"list": rows})
    report = smslab.prepare_file(tmp_path / "list.xlsx", tmp_path / "out.csv")
    assert report.rows == 2
    found = pd.read_csv(tmp_path / "out.csv", dtype="str", keep_default_na=False)
    assert list(found)[:6] == ["Phone", "Text", "column C", "when", "share", "vip"]
    first = ["12025550123", "'=SUM(A1)", "no name", "2026-11-26", "0.25", "True"]
    assert found.iloc[0, :6].tolist() == first
    assert found["sms_number"].tolist() == ["+12025550123", "+4930123456"]
    assert found["Text"].tolist()[1] == "Grüße 😀\nzwei"


def test_sheets(tmp_path):
    path = tmp_path / "list.xlsx"
    workbook(path, {"one": [["text"], ["a"]], "two": [["text"], ["b"]], "three": []})
    with pytest.warns(GuessWarning, match=r"has the sheets \['one', 'two', 'three'\]: the first"):
        assert smslab.read_messages(path)["text"].tolist() == ["a"]
    assert smslab.read_messages(path, sheet="two")["text"].tolist() == ["b"]
    for sheet, says in (("three", "the sheet is empty"), ("four", "has no sheet 'four'")):
        with pytest.raises(InputError, match=says):
            smslab.read_messages(path, sheet=sheet)


CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content office:version="1.2"
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="one">{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""


MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest manifest:version="1.2"
 xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/"
 manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
</manifest:manifest>"""


def test_an_opendocument_sheet(tmp_path):
    def cell(value):
        if isinstance(value, int):
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
        text = f"<text:p>{value}</text:p>"
        return f'<table:table-cell office:value-type="string">{text}</table:table-cell>'

    rows = [["Phone", "Text"], [12025550123, "Grüße"], ["+4930123456", "Hi"]]
    lines = [f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows]
    with zipfile.ZipFile(tmp_path / "list.ods", "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", MANIFEST)
        book.writestr("content.xml", CONTENT.format(rows="".join(lines)))
    found = smslab.read_messages(tmp_path / "list.ods")
    assert found["to"].tolist() == ["12025550123", "+4930123456"]
    assert found["text"].tolist() == ["Grüße", "Hi"]


def test_a_workbook_out(tmp_path, monkeypatch):
    table = pa.table(
        {
            "text": ["Hi", "=1+1", "http://a.b"],
            "to": ["+12025550123", "+12025550124", "+12025550125"],
            "id": pa.array([1, None, 10**15], pa.int64()),
            "when": pa.array([dt.datetime(2026, 11, 26, 10), None, None], pa.timestamp("s", "UTC")),
            "octets": [b"\x01", b"", None],
            "share": [0.5, float("nan"), float("inf")],
            "vip": [True, None, False],
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    report = smslab.segment_file(tmp_path / "in.parquet", tmp_path / "out.xlsx", batch_rows=2)
    assert report.rows == 3
    again = tmp_path / "again.xlsx"
    smslab.segment_file(tmp_path / "in.parquet", again, batch_rows=2)
    assert again.read_bytes() == (tmp_path / "out.xlsx").read_bytes()
    sheet = calamine.load_workbook(str(tmp_path / "out.xlsx")).get_sheet_by_index(0)
    header, first, second, third = sheet.to_python()
    assert header[:8] == [*table.column_names, "sms_encoding"]
    moment = dt.datetime(2026, 11, 26, 10)
    assert first[:8] == ["Hi", "+12025550123", 1, moment, "01", 0.5, True, "GSM-7"]
    assert second[:7] == ["=1+1", "+12025550124", "", "", "", "nan", ""]
    assert third[:7] == ["http://a.b", "+12025550125", str(10**15), "", "", "inf", False]
    with zipfile.ZipFile(tmp_path / "out.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet
    for name, most, says in (
        ("_MOST_ROWS", 3, "a sheet of Excel has 3 rows"),
        ("_MOST_CHARACTERS", 3, "row 1 has a text of 12 characters"),
        ("_MOST_COLUMNS", 3, "Excel has 3 columns"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(excel, name, most)
            with pytest.raises(InputError, match=says):
                smslab.segment_file(tmp_path / "in.parquet", tmp_path / "x.xlsx")
    assert not (tmp_path / "x.xlsx").exists()
    with pytest.raises(InputError, match="can be read and not written"):
        smslab.segment_file(tmp_path / "in.parquet", tmp_path / "out.ods")


def test_a_workbook_that_expands_without_end(tmp_path, monkeypatch):
    path = tmp_path / "list.xlsx"
    workbook(path, {"one": [["text"], ["a" * 30_000]]})
    monkeypatch.setattr("smslab.files.encodings._LARGE", 1000)
    monkeypatch.setattr("smslab.files.encodings._EXPANSION", 2)
    with pytest.raises(InputError, match="expands to more than 2 times its size"):
        smslab.read_messages(path)
    monkeypatch.undo()
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a whole and valid workbook"):
        smslab.read_messages(path)


@pytest.mark.parametrize("kind", ["csv.gz", "csv.zst", "jsonl.gz", "xlsx"])
def test_messages_of_further_kinds(tmp_path, kind):
    smslab.sample_file(tmp_path / f"list.{kind}", 300)
    found = smslab.read_messages(tmp_path / f"list.{kind}")
    expected = smslab.sample(300)
    for name in ("text", "to"):
        assert found[name].fillna("").tolist() == expected[name].fillna("").tolist()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx", "parquet"])
def test_parts_of_any_kind(tmp_path, kind):
    texts = pd.DataFrame({"text": ["Hello", None, "Grüße 😀" * 20, ""]})
    texts.to_parquet(tmp_path / "in.parquet")
    smslab.encode_file(tmp_path / "in.parquet", tmp_path / f"parts.{kind}")
    parts = smslab.io.read_parts(tmp_path / f"parts.{kind}")
    found = smslab.decode(parts)
    assert found["text"].fillna("-").tolist() == ["Hello", "-", "Grüße 😀" * 20, ""]
    assert found["message"].astype("int").tolist() == [1, 2, 3, 4]


def test_kinds():
    assert kind_of("LIST.CSV.GZ") == ("csv", "gzip")
    assert kind_of("list.ods") == ("excel", "")
    for name, says in (("list", "unknown kind"), ("list.xlsx.gz", "decompress the file")):
        with pytest.raises(InputError, match=says):
            kind_of(name)


def told(text):
    """Return what the kernel says of quotes: whether one is open, and how many are stray."""
    state = np.array([quotes.FIELD_BEGINS, 1, 0, 0, 0, 0])
    octets = text.encode()
    for first in range(0, len(octets), 3):  # as it comes in pieces
        piece = np.frombuffer(octets[first : first + 3], np.uint8)
        quotes.quotes_kernel(piece, np.frombuffer(b",", np.uint8), state)
    return state[0] == quotes.QUOTED, state[3] > 0, int(state[1])


def strict(text):
    """Return what Python's reader says of quotes."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        list(reader)
    except csv.Error as error:
        return str(error)
    return ""


@given(st.text(alphabet='a",\r\né'))
@example('"a')
@example('"a"b')
@example('a"b"')
@example('"a""b"\r\n"')
def test_quotes_are_those_of_a_strict_reader(text):
    is_open, has_strays, line = told(text)
    fault = strict(text)
    assert ("expected after" in fault) == has_strays
    if not has_strays:
        assert ("unexpected end" in fault) == is_open
    assert line == 1 + text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def test_quotes_that_are_not_closed(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text('to,text\n+1,"two\nlines"\n+2,"open\n+3,Hi\n+4,Ho\n')
    with pytest.raises(InputError, match="opened in line 4 is never closed"):
        smslab.prepare_file(path, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    path.write_text('to;text\n+1;"so ""he"" said"\n+2;"so "she" said"\n')
    report = smslab.prepare_file(path, tmp_path / "out.csv")
    assert "has 1 quotes inside quoted cells that are not doubled, the first in line 3" in (
        report.summary()
    )


def test_opt_outs_are_complete(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("+12025550123\n+12025550124\n")
    assert numbers_in(path).tolist() == ["+12025550123", "+12025550124"]
    path.write_text("06 12 34 56 78\n")
    assert numbers_in(path).tolist() == ["06 12 34 56 78"]
    path.write_text("number\n+12025550123\n")
    assert numbers_in(path).tolist() == ["+12025550123"]
    path.write_text("phone,name\n+12025550123,Ann\n+12025550124\n")
    with pytest.raises(InputError, match=r"row 3 has 1 cells.*; none of these may be lost"):
        numbers_in(path)
    workbook(tmp_path / "out.xlsx", {"one": [["Phone"], [12025550123]]})
    assert numbers_in(tmp_path / "out.xlsx").tolist() == ["12025550123"]
    workbook(tmp_path / "out.xlsx", {"one": [["Phone"], [1]], "two": [["Phone"], [2]]})
    with pytest.warns(GuessWarning, match="has the sheets"):
        numbers_in(tmp_path / "out.xlsx")


def test_options_of_reading(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_bytes("to|text\n+12025550123|Grüße\n".encode("cp1252"))
    assert main(["lint", "list.csv"]) == 0
    assert "smslab: list.csv is not UTF-8 (line 2 has the octet 0xFC)" in capsys.readouterr().err
    assert main(["lint", "list.csv", "--encoding", "latin-1", "--delimiter", "|"]) == 0
    assert capsys.readouterr().err == ""
    for delimiter in ("", "§", '"'):
        with pytest.raises(OptionError, match="delimiter must be one ASCII character"):
            smslab.read_messages("list.csv", delimiter=delimiter)
    for encoding in ("rot13", "hex", "idna", "unicode_escape", "none"):
        with pytest.raises(OptionError, match="encoding must be one of text files"):
            smslab.read_messages("list.csv", encoding=encoding)


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [
        ("smslab.files.excel", "python_calamine", "excel"),
        ("smslab.files.excel", "xlsxwriter", "excel"),
        ("smslab.validation", "phonenumbers", "phone"),
    ],
)
def test_without_the_library(tmp_path, monkeypatch, module, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.delattr(smslab, "validation", raising=False)
    (tmp_path / "list.xlsx").write_bytes(b"PK")
    listed = pd.DataFrame({"to": ["+12025550123"], "text": "Hi"})
    calls = {
        "excel": lambda: smslab.read_messages(tmp_path / "list.xlsx"),
        "phone": lambda: smslab.prepare(listed, validate=True),
    }
    with pytest.raises(smslab.MissingExtraError, match=rf"pip install 'smslab\[{extra}\]'"):
        calls[extra]()
