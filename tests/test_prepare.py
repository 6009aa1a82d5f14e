"""Preparation of lists, against a plain loop, and case by case."""

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smslab
from smslab import numbering
from smslab.errors import InputError, OptionError, TextError
from smslab.numbering import PROBLEMS, countries, locate
from smslab.preparation import ADDED, Preparation

UTC = dt.UTC
RATES = smslab.RateCard.bundled()


def outcomes(prepared):
    rows = prepared.messages
    return list(zip(rows["sms_status"], rows["sms_reason"].astype("str").fillna(""), strict=True))


def test_a_list_is_as_a_plain_loop_has_it():
    rows = smslab.sample(3000, rng=1)
    extra = pd.DataFrame({"text": ["again"] * 300, "to": rows["to"].head(300)})
    table = pd.concat([rows, extra], ignore_index=True)
    opt_outs = table["to"].iloc[10:20]
    prepared = smslab.prepare(
        table, country="US", opt_outs=opt_outs, smart="typographic", rates=RATES
    )
    located = locate(table["to"], "US")
    out = set(locate(opt_outs, "US").number.tolist()) - {0}
    smart = smslab.smart_encode(table["text"])
    seen: dict[int, int] = {}
    for row, (status, reason) in enumerate(outcomes(prepared)):
        number, text = int(located.number[row]), table["text"][row]
        if located.problem[row]:
            expected = "rejected", PROBLEMS[located.problem[row]]
        elif number in out:
            expected = "rejected", "opted out"
        elif pd.isna(text):
            expected = "rejected", "no text"
        elif not text.strip():
            expected = "rejected", "empty text"
        elif number in seen:
            expected = "rejected", "duplicate"
            assert prepared.messages["sms_first_row"][row] == seen[number] + 1
        elif smart[row] != text:
            expected = "changed", "smart encoding"
        else:
            expected = "sendable", ""
        assert (status, reason) == expected, row
        if status != "rejected":
            seen[number] = row
            assert prepared.messages["sms_number"][row] == f"+{number}"
    kept = prepared.messages["sms_status"] != "rejected"
    assert prepared.messages["sms_text"][kept].tolist() == smart[kept].tolist()
    assert prepared.report["rows"].sum() == len(table)
    assert prepared.messages[["text", "to"]].equals(table)
    bill = smslab.cost(prepared.sendable)
    assert float(bill.total) == pytest.approx(prepared.report["cost"][:2].sum(), abs=1e-9)
    assert bill.messages["cost"].tolist() == prepared.messages["sms_cost"][kept].tolist()
    assert prepared.messages["sms_cost"][~kept].isna().all()
    assert len(prepared.rejected) + len(prepared.sendable) == len(prepared) == len(table)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 400), max_size=6), st.sampled_from(["number", "number and text"]))
def test_batches_are_as_the_whole(sizes, duplicates):
    table = smslab.sample(1000, rng=2)
    ends = np.minimum(np.cumsum([0, *sizes, 1000]), 1000)
    options = {"country": "US", "duplicates": duplicates, "smart": "accents"}
    preparation = Preparation(**options)
    found = [
        preparation.add(dict(table.iloc[a:b].items()), b - a)
        for a, b in itertools.pairwise(ends.tolist())
    ]
    whole = Preparation(**options)
    assert pa.concat_tables(found).to_pylist() == whole.add(dict(table.items()), 1000).to_pylist()
    assert preparation.report().equals(whole.report())
    assert all(batch.schema == ADDED for batch in found)


def test_template():
    contacts = pd.DataFrame(
        {
            "mobile": ["+12025550101", "+12025550101", "+12025550102", "+12025550103", "none"],
            "name": [None, "Ann", " ", "Maximiliane", "Bob"],
            "code": [1.0, 2.0, 3.0, 4.0, None],
        }
    )
    prepared = smslab.prepare(contacts, template="{name:8}: {code} {{now}}")
    assert outcomes(prepared) == [
        ("rejected", "field 'name' is missing"),
        ("sendable", ""),  # the first with this number could not be sent
        ("rejected", "field 'name' is blank"),
        ("rejected", "field 'name' is longer than 8"),
        ("rejected", "not a phone number"),
    ]
    assert prepared.messages["sms_text"][1] == "Ann: 2 {now}"
    evil = pd.DataFrame({"to": ["+12025550101"], "name": ["{code}{0.__class__}"]})
    assert smslab.prepare(evil, template="{name}").messages["sms_text"][0] == "{code}{0.__class__}"
    with pytest.raises(InputError, match=r"no column 'nme'.*Did you mean 'name'"):
        smslab.prepare(contacts, template="{nme}")
    with pytest.raises(TextError, match="a brace alone at position 0"):
        smslab.prepare(contacts, template="{name")


def test_duplicates():
    table = pd.DataFrame({"to": ["+12025550101"] * 3, "text": ["a", "b", "a"]})
    by = {
        kind: [reason for _, reason in outcomes(smslab.prepare(table, duplicates=kind))]
        for kind in ("number", "number and text", "none")
    }
    assert by["number"] == ["", "duplicate", "duplicate"]
    assert by["number and text"] == ["", "", "duplicate"]
    assert by["none"] == ["", "", ""]


def test_country_of_the_row_wins_and_completes():
    table = pd.DataFrame(
        {
            "to": ["07700 900123", "2025550101", "+447700900123", "07700 900124", "2025550102"],
            "text": "Hi",
            "country": ["gb", None, "US", "nowhere", ""],
        }
    )
    found = smslab.prepare(table, country="US", rates=RATES).messages
    assert found["sms_number"].fillna("").tolist() == [
        *("+447700900123", "+12025550101", "+447700900123", "", "+12025550102")
    ]
    assert found["sms_country"].astype("str").fillna("").tolist() == ["GB", "US", "US", "", "US"]
    assert found["sms_reason"].astype("str").fillna("").tolist() == [
        *("", "", "duplicate", "unknown country", "")
    ]


def test_opt_outs_are_compared_as_numbers():
    table = pd.DataFrame({"to": ["(202) 555-0101", "+12025550102", 12025550103], "text": "Hi"})
    prepared = smslab.prepare(
        table, country="US", opt_outs=["+1 202 555 0101", 12025550103.0, "unknown", None]
    )
    assert [reason for _, reason in outcomes(prepared)] == ["opted out", "", "opted out"]
    (note,) = prepared.notes
    assert note.startswith("2 of 4 opt-outs are no numbers that can be compared, the first")
    assert note in prepared.summary()


def test_earliest_moment():
    numbers = ["+12125550101", "+19075550102", "+33612345678", "+79123456789", "+12025550104"]
    table = pd.DataFrame({"to": numbers, "text": "Hi"})
    start = dt.datetime(2026, 11, 26, 4, 30, tzinfo=UTC)
    sent = smslab.prepare(table, quiet_hours=(21, 8), start=start).messages["sms_send_at"]
    assert [moment.isoformat()[5:16] for moment in sent] == [
        "11-26T13:00",  # New York, 23:30 the evening before
        "11-26T04:30",  # Anchorage and Adak, early in the evening
        "11-26T07:00",
        "11-26T06:00",  # all of Russia: 8:00 in Kaliningrad
        "11-26T13:00",
    ]
    by_country = smslab.prepare(table, quiet_hours="marketing", start=start).messages["sms_send_at"]
    assert by_country[2] == pd.Timestamp("2026-11-26 07:00", tz="UTC")
    noon = smslab.prepare(table, quiet_hours=(12, 13), start=start).messages["sms_send_at"]
    assert noon[0] == pd.Timestamp(start)
    for wrong in ((25, 8), (8, 8), "night", (8,), ("a", 3)):
        with pytest.raises(OptionError, match="quiet_hours must be"):
            smslab.prepare(table, quiet_hours=wrong, start=start)
    with pytest.raises(OptionError, match="start must be a moment with its offset"):
        smslab.prepare(table, quiet_hours=(21, 8), start=dt.datetime(2026, 1, 1))


def test_types_of_the_columns():
    found = smslab.prepare(smslab.sample(200), country="US").messages
    kinds = {name: str(found[name].dtype) for name in ADDED.names}
    assert kinds == {
        **dict.fromkeys(("sms_status", "sms_reason", "sms_country", "sms_encoding"), "category"),
        **dict.fromkeys(("sms_time_zone", "sms_number_type"), "category"),
        **dict.fromkeys(("sms_number", "sms_text", "sms_changes"), "str"),
        **{"sms_segments": "Int32", "sms_cost": "float64", "sms_first_row": "Int64"},
        "sms_send_at": "datetime64[s, UTC]",
    }


def test_long_texts_and_prices_that_nobody_knows():
    table = pd.DataFrame({"to": ["+12025550101", "+12025550102"], "text": ["x" * 161, "x"]})
    prepared = smslab.prepare(table, max_segments=1)
    assert outcomes(prepared)[0] == ("rejected", "over 1 segments")
    without = min(set(countries()) - set(RATES.countries))
    prefix = next(p for p, country in numbering._prefixes().items() if country == without)
    table = pd.DataFrame({"to": [f"+{prefix.ljust(10, '1')}", "+12025550102"], "text": "x"})
    found = smslab.prepare(table, rates=RATES)
    assert found.report["unpriced"].tolist() == [1]
    assert found.messages["sms_cost"].isna().tolist() == [True, False]
    assert "1 have no price" in found.summary()


def test_any_table_and_its_index():
    table = pa.table({"Phone": pa.array([12025550101, None]), "Body": ["Hi", "Ho"]})
    prepared = smslab.prepare(table)
    assert outcomes(prepared) == [("sendable", ""), ("rejected", "no number")]
    frame = pd.DataFrame({"to": ["+12025550101"], "text": ["a"]}, index=["label"])
    assert smslab.prepare(frame).messages.index.tolist() == ["label"]
    assert len(smslab.prepare(frame.head(0))) == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"duplicates": "all"}, "duplicates must be one of"),
        ({"smart": "typografic"}, "Did you mean 'typographic'"),
        ({"max_segments": 0}, "max_segments must be 1 to 255"),
        ({"country": "UK"}, "Did you mean 'GB'"),
        ({"to": "phon"}, "no column 'phon'"),
        ({"languages": ["xx"]}, "not 'xx'"),
    ],
    ids=str,
)
def test_wrong_options(options, says):
    table = pd.DataFrame({"to": ["+12025550101"], "text": ["a"]})
    with pytest.raises(ValueError, match=says):
        smslab.prepare(table, **options)


def test_wrong_tables():
    with pytest.raises(InputError, match="no column looks like the phone number"):
        smslab.prepare(pd.DataFrame({"text": ["a"]}))
    done = smslab.prepare(pd.DataFrame({"to": ["+12025550101"], "text": ["a"]})).messages
    with pytest.raises(InputError, match="has a column 'sms_status', as what was prepared before"):
        smslab.prepare(done)
    table = pd.DataFrame({"to": ["+12025550101"], "text": ["a"]})
    with pytest.raises(TypeError, match="opt_outs must be several numbers"):
        smslab.prepare(table, opt_outs="+12025550101")
    with pytest.raises(TypeError, match="must be a table"):
        smslab.prepare(["a"])
    with pytest.raises(InputError, match="column 'to' is a field; rename it"):
        smslab.prepare(pd.DataFrame({"phone": ["1"], "to": ["a"]}), to="phone", template="{to}")


def test_shown_in_a_notebook():
    prepared = smslab.prepare(pd.DataFrame({"to": ["x"], "text": ["a"]}))
    assert "not a phone number" in prepared._repr_html_()
    assert repr(prepared).startswith("1 row, 0 of them can be sent")


def test_numbers_are_validated_as_libphonenumber_does():
    kinds = [*phonenumbers.PhoneNumberType.values(), None]
    examples = [
        phonenumbers.example_number(region)
        if kind is None
        else phonenumbers.example_number_for_type(region, kind)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in kinds
    ]
    written = {phonenumbers.format_number(n, 0) for n in examples if n is not None}
    written |= {number[:-1] + "0" for number in written} | {number[:-1] for number in written}
    written |= {"+5215512345678", "+52155123456", "+4901701234567"}
    listed = pd.DataFrame({"to": sorted(written), "text": "Hi"})
    found = smslab.prepare(listed, validate=True, duplicates="none").messages
    located = found["sms_number"].notna()
    assert located.sum() > 2500
    for number, kind, reason in zip(
        found["sms_number"][located],
        found["sms_number_type"][located],
        found["sms_reason"][located],
        strict=True,
    ):
        parsed = phonenumbers.parse(number)
        is_whole = (
            phonenumbers.format_number(parsed, 0) == number
        )  # and not one with a trunk prefix
        expected = phonenumbers.number_type(parsed) if is_whole else 99
        name = phonenumbers.PhoneNumberType.to_string(expected).replace("_", " ").lower()
        name = {"voip": "VoIP", "uan": "company number"}.get(name, name)
        assert (kind if isinstance(kind, str) else "unknown") == name, number
        assert (reason == "number not in use") == (name == "unknown"), number


def test_fixed_lines_are_told_of():
    listed = pd.DataFrame({"to": ["+33112345678", "+33612345678"], "text": "Hi"})
    told = smslab.prepare(listed, validate=True)
    assert told.messages["sms_number_type"].tolist() == ["fixed line", "mobile"]
    assert "1 of them are fixed lines, where few networks deliver texts" in repr(told)
    assert "fixed" not in repr(smslab.prepare(listed))


def test_time_zones_of_the_list(tmp_path):
    listed = pd.DataFrame(
        {
            "to": ["+12125550123", "+12125550124", "+12125550125", "+79161234567"],
            "text": "Hi",
            "Time Zone": ["Asia/Kolkata", None, "Mars/Base", None],
        }
    )
    start = dt.datetime(2026, 11, 26, 16, tzinfo=dt.UTC)
    options = {"quiet_hours": (21, 8), "start": start}
    told = smslab.prepare(listed, **options)
    found = told.messages
    zones = ["Asia/Kolkata", "America/New_York", "America/New_York", "-"]
    assert found["sms_time_zone"].astype("str").fillna("-").tolist() == zones
    assert found["sms_reason"].astype("str").fillna("-").tolist() == [
        *("-", "-", "unknown time zone", "-")
    ]
    # 16:00 UTC is 21:30 in Kolkata, and 8:00 there 2:30 UTC.
    assert found["sms_send_at"].iloc[0] == pd.Timestamp("2026-11-27 02:30", tz="UTC")
    assert found["sms_send_at"].iloc[1] == pd.Timestamp("2026-11-26 16:00", tz="UTC")
    assert smslab.prepare(listed).report["reason"].tolist() == [""]
    listed.to_csv(tmp_path / "in.csv", index=False)
    smslab.prepare_file(tmp_path / "in.csv", tmp_path / "out.parquet", **options)
    again = pd.read_parquet(tmp_path / "out.parquet")
    assert (
        again["sms_send_at"].astype("str").tolist() == found["sms_send_at"].astype("str").tolist()
    )


def test_numbers_that_are_guarded_or_parted():
    listed = pd.DataFrame({"to": ["'+1-202-555-0101", "5551234\n5555678"], "text": "Hi"})
    found = smslab.prepare(listed, country="IS").messages
    assert found["sms_number"].fillna("").tolist() == ["+12025550101", ""]
    assert found["sms_reason"].tolist()[1] == "not a phone number"


def test_a_float_among_numbers_rejects_its_row_alone():
    listed = pd.DataFrame({"to": [12025550101.0, None, 12025550102.5], "text": "Hi"})
    reasons = ["-", "no number", "not a phone number"]
    found = smslab.prepare(listed).messages["sms_reason"].astype("str").fillna("-")
    assert found.tolist() == reasons


def test_arrow_tables_keep_their_integers():
    table = pa.table({"to": ["+1"] * 2, "text": ["a"] * 2, "id": pa.array([2**53 + 1, None])})
    assert smslab.prepare(table).messages["id"].tolist()[0] == 2**53 + 1


def test_options_that_cannot_be(tmp_path):
    listed = pd.DataFrame({"to": ["+12025550101"], "text": "Hi"})
    for year in (1, 9999):
        start = dt.datetime(year, 12, 31, 23, tzinfo=UTC)
        with pytest.raises(OptionError, match="start must be in the years 1971 to 2199"):
            smslab.prepare(listed, quiet_hours=(21, 8), start=start)
    with pytest.raises(TypeError, match="pass the column of the table"):
        smslab.prepare(listed, opt_outs=listed)
    with pytest.raises(TextError, match="half a surrogate pair"):
        smslab.prepare(listed, template="Hi \udcff")
