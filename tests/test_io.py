import json
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smslab.errors import GuessWarning, InputError
from smslab.io import read_messages
from smslab.numbering import country_of
from smslab.output import write_csv, write_whole

TEXTS = ["Hello", "two\nlines, and a comma", "NA", "Grüße 😀", ""]
NUMBERS = ["+12025550123", "+12025550124", "+264811234567", "+4930123456", ""]


def frame():
    return pd.DataFrame({"Body": TEXTS, "id": range(5), "Phone": NUMBERS, "country": "NA"})


WRITERS = {
    "csv": lambda path: frame().to_csv(path, index=False),
    "csv with BOM": lambda path: frame().to_csv(path, index=False, encoding="utf-8-sig"),
    "csv with semicolons": lambda path: frame().to_csv(path, index=False, sep=";"),
    "csv with CR LF": lambda path: frame().to_csv(path, index=False, lineterminator="\r\n"),
    "tsv": lambda path: frame().to_csv(path, index=False, sep="\t"),
    "parquet": lambda path: frame().to_parquet(path),
    "jsonl": lambda path: frame().to_json(path, orient="records", lines=True),
    "ndjson": lambda path: frame().to_json(path, orient="records", lines=True, force_ascii=False),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_file(tmp_path, kind):
    path = tmp_path / f"list.{kind.split()[0]}"
    WRITERS[kind](path)
    table = read_messages(path)
    assert table["text"].tolist() == TEXTS
    assert table["to"].tolist() == NUMBERS
    assert table["country"].tolist() == ["NA"] * 5
    assert table.index.tolist() == [1, 2, 3, 4, 5]
    assert table.index.name == "row"


def test_one_column_keeps_its_empty_rows(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("text\nhello\n\nworld\n")
    assert read_messages(path)["text"].tolist() == ["hello", "", "world"]


def test_odd_but_good_csv(tmp_path):
    path = tmp_path / "list.csv"
    good = {
        "lines end with CR": b"text,to\rhello,+1\r",
        "a line break in the header": b'"note\nmore",text,to\nx,hello,+1\n',
        "another delimiter in the header": b'"a;b;c;d",text,to\nx,hello,+1\n',
        "blank lines before the header": b"\n\ntext,to\nhello,+1\n",
        "no line end at the end": b"text,to\nhello,+1",
        "two columns that nobody needs": b"x,x,text,to\n1,2,hello,+1\n",
        "a name in two cases": b"Text,text,to\n1,hello,+1\n",
    }
    for what, octets in good.items():
        path.write_bytes(octets)
        assert read_messages(path).to_dict("list") == {"text": ["hello"], "to": ["+1"]}, what


def test_usual_names_are_found(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Message Text;Phone No.;Carrier\na;+1;b\n")
    table = read_messages(path)
    assert table.attrs["columns"] == {
        "text": "Message Text",
        "to": "Phone No.",
        "carrier": "Carrier",
    }


def test_one_column_cannot_be_two(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("text,to\na,b\n")
    with pytest.raises(InputError, match="cannot be the text and the number at once"):
        read_messages(path, text="text", to="text")


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pa.array([b"a"]), "column 'text' is binary; it must hold strings"),
        (pa.array([b"a"]).dictionary_encode(), "must hold strings"),
        (pa.array([1.5]), "column 'text' is double"),
        (pa.array([["a"]]), "must hold strings"),
        (
            pa.StringArray.from_buffers(
                1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")
            ),
            "Invalid UTF8",
        ),
    ],
)
def test_parquet_columns_that_are_no_texts(tmp_path, column, says):
    path = tmp_path / "list.parquet"
    pq.write_table(pa.table({"text": column}), path)
    with pytest.raises(InputError, match=says):
        read_messages(path)
    pq.write_table(pa.table([column, pa.array(["b"])], names=["text", "text"]), path)
    with pytest.raises(InputError, match="two columns are called 'text'"):
        read_messages(path)


def test_numbers_of_any_type_in_parquet(tmp_path):
    path = tmp_path / "list.parquet"
    columns = [
        pa.array([12025550123]),
        pa.array([12025550123.0]),
        pa.array([Decimal("12025550123.00")]),
        pa.array(["+12025550123"]).dictionary_encode(),
    ]
    for column in columns:
        pq.write_table(pa.table({"text": ["a"], "to": column}), path)
        assert country_of(read_messages(path)["to"])["country"].tolist() == ["US"], column.type


def test_named_columns_win(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("text,offer,mobile,home\na,b,+1,+2\n")
    table = read_messages(path, text="offer", to="home")
    assert table.to_dict("list") == {"text": ["b"], "to": ["+2"]}


def test_numbers_that_are_integers(tmp_path):
    table = pa.table({"text": ["a", None], "to": pa.array([12025550123, None])})
    pq.write_table(table, tmp_path / "list.parquet")
    read = read_messages(tmp_path / "list.parquet")
    assert read["text"].isna().tolist() == [False, True]
    assert read["to"].iloc[0] == 12025550123
    (tmp_path / "list.jsonl").write_text('{"text": "a", "to": 12025550123}\n\n{"text": null}\n')
    read = read_messages(tmp_path / "list.jsonl")
    assert read["to"].fillna("-").tolist() == ["12025550123", "-"]
    assert read["text"].isna().tolist() == [False, True]


BAD = {
    "none.csv": (None, "cannot be read: No such file"),
    "list.doc": (b"PK", "unknown kind of file; must end in one of .csv"),
    "list.xlsx": (b"PK", "not a whole and valid workbook"),
    "list.csv": (b"", "is empty"),
    "head.csv": (b"text,to\n", "has columns but no rows"),
    "cols.csv": (b"txt,to\na,b\n", r"no column looks like the text; it has \['txt', 'to'\]"),
    "near.csv": (b"teext,to\na,b\n", "Did you mean 'teext'"),
    "wide.csv": (b"text,to\na,b\nc,d,e\n", "row 3 has 3 cells, the header 2: 'c,d,e'"),
    "quote.csv": (b'to,text\n+1,hi\n+2,"open\n+3,hi\n', "opened in line 3 is never closed"),
    "quote1.csv": (b'text\nhello\n"oops\nthree\n', "opened in line 3 is never closed"),
    "lines.csv": (b"\n\n", "is empty"),
    "case.csv": (b"Text,TEXT\na,b\n", r"columns \['TEXT', 'Text'\] could each be the text"),
    "double.jsonl": (b'{"text": "a", "text": "b"}', "line 1 has a name twice in one object"),
    "deep.jsonl": (b"[" * 200_000, "line 1 is not JSON"),
    "broken.csv": (
        ("text,to\n" + "Grüße é,+1\n" * 9).encode() + b"Gr\xc3",
        "is UTF-8 but for 1 octets, the first in line 11",
    ),
    "odd.csv": (b"text\n\x81\n", "is neither UTF-8 nor Windows-1252: name its encoding"),
    "long.jsonl": (b'{"text": "' + b"x" * 5_000_000 + b'"}', "first line is longer than 4 MB"),
    "key.jsonl": (b'{"\\ud800": 1}', "line 1 has a name with half a surrogate pair"),
    "open.csv": (b'"text,to\na,b\n', "opened in line 1 is never closed"),
    "twice.csv": (b"text,text\na,b\n", "two columns are called 'text'"),
    "cut.parquet": (b"PAR1 and no more", "not a whole and valid Parquet file"),
    "line.jsonl": (b'{"text": "a"}\n{"text": \n', "row 2 is not JSON"),
    "list.jsonl": (b'{"text": "a"}\n["b"]\n', "row 2 is no JSON object"),
    "nest.jsonl": (b'{"text": {"en": "a"}}\n', "'text' has lists or objects"),
    "type.jsonl": (b'{"text": "a"}\n' * 300_000 + b'{"text": ["b"]}\n', "row 300001 has a list"),
    "half.jsonl": (b'{"text": "\\ud83d"}\n', "row 1 is not UTF-8, or has half a surrogate pair"),
    "blank.jsonl": (b"\n\n", "has no line with a JSON object"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(tmp_path, name):
    octets, says = BAD[name]
    path = tmp_path / name
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(InputError, match=says) as caught:
        read_messages(path)
    assert str(caught.value).startswith(str(path))


def test_guesses_are_warned_of(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes("text,to\nGrüße,+1\n".encode("cp1252"))
    with pytest.warns(GuessWarning, match="line 2 has the octet 0xFC.*read as Windows-1252"):
        assert read_messages(path)["text"].tolist() == ["Grüße"]
    assert read_messages(path, encoding="cp1250")["text"].tolist() == ["Grüße"]
    path.write_text('text,to\n"a"b,+1\n')
    with pytest.warns(GuessWarning, match="1 quotes inside quoted cells.* the first in line 2"):
        assert read_messages(path)["text"].tolist() == ["ab"]
    path.write_bytes("text\na\n".encode("utf-16"))
    assert read_messages(path)["text"].tolist() == ["a"]


def test_missing_named_column(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("text,phone\na,b\n")
    with pytest.raises(InputError, match=r"no column 'fone'; .* Did you mean 'phone'"):
        read_messages(path, to="fone")


def test_truncated_parquet_and_nested_column(tmp_path):
    whole = tmp_path / "whole.parquet"
    frame().to_parquet(whole)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(InputError, match="not a whole and valid Parquet file"):
        read_messages(cut)
    pq.write_table(pa.table({"text": [["a"], ["b"]]}), cut)
    with pytest.raises(InputError, match="must hold strings"):
        read_messages(cut)


def test_folder(tmp_path):
    folder = tmp_path / "x.csv"
    folder.mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_messages(folder)


def test_write_whole_or_nothing(tmp_path):
    folder = tmp_path / "new" / "deeper"

    def fail():
        with write_whole(folder, ["a", "b"]) as (first, _):
            first.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not (tmp_path / "new").exists()
    with write_whole(folder, ["a", "b"]) as paths:
        for path in paths:
            path.write_text(json.dumps("whole"))
    assert sorted(path.name for path in folder.iterdir()) == ["a", "b"]
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="b is a folder"), write_whole(tmp_path, ["a", "b"]):
        pass
    assert not (tmp_path / "a").exists()
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="cannot be written"), write_whole(blocked / "x", ["a"]):
        pass


def test_formulas_in_names_and_in_the_index_are_guarded_too(tmp_path):
    names = pd.Index(["@row", "\n2", "＝3"], name="=index")
    write_csv(
        pd.DataFrame({"+a": ["-1", "-a", "+1 2"]}, index=names, dtype="str"), tmp_path / "t.csv"
    )
    expected = "'=index,'+a\n'@row,-1\n\"'\n2\",'-a\n'＝3,+1 2\n"
    assert (tmp_path / "t.csv").read_text("utf-8") == expected


def test_formulas_of_categories_are_guarded_too(tmp_path):
    frame = pd.DataFrame({"a": pd.Categorical(["=x()", None]), "b": pd.Categorical([1, 2])})
    write_csv(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b\n'=x(),1\n,2\n"
