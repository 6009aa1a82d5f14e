"""Files and tables as people have them, before anything is said of what they mean."""

import pandas as pd
import pytest

from smslab.errors import InputError
from smslab.records import read_records, records_of


@pytest.fixture
def records(tmp_path):
    def read(content, name="log.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_records(path)

    return read


def columns(found):
    return found.table.to_pydict()


LONG = [1234567890123456788, 1234567890123456789, None]


@pytest.mark.parametrize("through", ["table", "file"])
def test_numbers_are_written_as_they_are(tmp_path, through):
    frame = pd.DataFrame(
        {
            "long": pd.array(LONG, "Int64"),
            "code": [30003.0, None, 30005.0],
            "price": [0.0079, 1e300, float("inf")],
            "rounded": [1.2e18, None, 5.0],
            "flag": [True, False, True],
            "kind": pd.Categorical(["a", "b", "a"]),
            "when": pd.to_datetime(["2026-11-25T10:00:00.5+01:00"] * 3, utc=True),
        }
    )
    if through == "file":
        frame.to_parquet(tmp_path / "log.parquet")
        found = read_records(tmp_path / "log.parquet")
    else:
        found = records_of(frame)
    assert columns(found) == {
        "long": ["1234567890123456788", "1234567890123456789", None],
        "code": ["30003", None, "30005"],
        "price": ["0.0079", "1e+300", "inf"],
        "rounded": ["1.2e+18", None, "5"],
        "flag": ["true", "false", "true"],
        "kind": ["a", "b", "a"],
        "when": ["2026-11-25 09:00:00.500000Z"] * 3,
    }


def test_mixtures_and_texts_that_no_encoding_can_hold():
    frame = pd.DataFrame(
        {
            "mixed": pd.Series([12025550101.0, "x", None], dtype=object),
            "huge": pd.Series([2**70, 1, None], dtype=object),
            "half": pd.Series(["a\ud83d", "b", None], dtype=object),
        }
    )
    assert columns(records_of(frame)) == {
        "mixed": ["12025550101", "x", None],
        "huge": [str(2**70), "1", None],
        "half": ["a?", "b", None],
    }


def test_names_that_no_encoding_can_hold(records):
    names = pd.Index(["a\ud83d"], dtype=object)
    assert columns(records_of(pd.DataFrame([["1"]], columns=names))) == {"a?": ["1"]}
    assert columns(records('{"a\\ud83d": "1"}')) == {"a?": ["1"]}


def test_an_index_with_a_name_is_a_column():
    frame = pd.DataFrame({"status": ["sent"]}, index=pd.Index(["a"], name="sid"))
    assert columns(records_of(frame)) == {"sid": ["a"], "status": ["sent"]}
    levels = pd.MultiIndex.from_tuples([("a", 1)], names=["sid", None])
    assert columns(records_of(frame.set_axis(levels))) == {"sid": ["a"], "status": ["sent"]}
    assert columns(records_of(frame.reset_index().set_index("sid", drop=False))) == {
        "sid": ["a"],
        "status": ["sent"],
    }


@pytest.mark.parametrize(
    "text",
    [
        "\n\r\n,,\na,b\n1,2\n3,4\n",
        "sep=,\r\na,b\r\n1,2\r\n3,4\r\n",
        "\ufeffsep=;\na;b\n1;2\n3;4\n",
        "sep=|\na|b\n1|2\n3|4\n",
        "a,b\n1,2,,\n3,4,,\n",
        "a,b,,\n1,2,,\n3,4,,\n",
        "a,b,,\n1,2\n3,4\n",
        "\ra,b\r1,2\r3,4\r",
    ],
)
def test_what_spreadsheets_put_around_a_table(records, text):
    found = records(text)
    assert columns(found) == {"a": ["1", "3"], "b": ["2", "4"]}
    assert found.rows.tolist() == [1, 2]
    assert found.faults == []


def test_rows_are_counted_from_the_header(records):
    found = records("\n\nsep=,\na,b\n1,2\n3\n\n4,5\n6,7,8\n")
    assert found.rows.tolist() == [1, 3]
    assert [fault[0] for fault in found.faults] == [2, 4]


@pytest.mark.parametrize(
    ("text", "row", "says"),
    [
        ('a,b,c\n1,2,3\n4,5,"6\n7,8,9\n10,11,12\n', 2, "lines 3 to 5 are in quotes"),
        ('a,b,c\n1,2,3\n"4,5,6\n7,8,9\n10,11,12\n', 2, "the quote that opens in line 3"),
        ('a,b,c\n1,2,3\n4,5,"6\n7,8,9\n10,"11",12\n', 2, "lines 3 to 5 are in quotes"),
        ('a,b,c\n1,2,"x\ny"\n4,5,"6\n7,8,9\n', 2, "lines 4 to 5 are in quotes"),
    ],
)
def test_a_quote_that_is_not_closed_is_told(records, text, row, says):
    found = records(text)
    assert [(fault[0], says in fault[1]) for fault in found.faults] == [(row, True)]


def test_texts_of_several_lines_are_texts(records):
    found = records('a,b,c\n1,2,"one, two\nthree"\n4,5,"6, 7, 8\n"\n')
    assert columns(found)["c"] == ["one, two\nthree", "6, 7, 8\n"]
    assert found.faults == []


def test_a_quote_over_megabytes(records):
    with pytest.raises(InputError, match="the quote that opens in line 3 is not closed"):
        records('a,b\n1,2\n3,"4\n' + "5,6\n" * 10_000_000)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"PK\x03\x04..[Content_Types].xml..xl/workbook.xml", "a.csv", "is an Excel workbook"),
        (b"PK\x03\x04", "a.xlsx", "pandas.read_excel"),
        (b"\xd0\xcf\x11\xe0", "a.xls", "save the sheet as CSV"),
        (b"PK\x03\x04..log.csv", "a.zip", "is a ZIP archive; unpack it"),
        (b"a,b\n1,2\n3,\xe9,4\n", "a.csv", "line 3 has the byte 0xE9"),
        (b",\n,\n", "a.csv", "not a CSV file with a header"),
    ],
)
def test_what_cannot_be_read(records, capfd, content, name, says):
    with pytest.raises(InputError, match=says):
        records(content, name)
    assert capfd.readouterr() == ("", "")


def test_fields_of_receipts(records):
    found = records(
        "id:1 sub:001 dlvrd: submit date:2611251000 done date: stat:DELIVRD err: text:a\x0bb\x85c"
        "\u2028d\x1c\nid:2 sub: dlvrd:001 submit date: done date:2611251001 stat: err:000\n",
        "receipts.txt",
    )
    assert columns(found) == {
        "id": ["1", "2"],
        "sub": ["001", ""],
        "dlvrd": ["", "001"],
        "submit date": ["2611251000", ""],
        "done date": ["", "2611251001"],
        "stat": ["DELIVRD", ""],
        "err": ["", "000"],
    }
    assert found.faults == []


def test_lines_of_forms_end_with_lines(records):
    found = records("a=1&b=x\x0cy\r\na=2&b=\x85\n", "forms.txt")
    assert columns(found) == {"a": ["1", "2"], "b": ["x\x0cy", "\x85"]}


@pytest.mark.parametrize("text", ["", " \n", "[]", '{"objects": []}'])
def test_nothing(records, text):
    assert len(records(text).rows) == 0
