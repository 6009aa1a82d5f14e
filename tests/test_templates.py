import pandas as pd
import pytest

import smslab
from smslab.errors import InputError, TextError


def test_fields_are_filled_in():
    contacts = pd.DataFrame(
        {"name": ["Zoë", "{code}", " ", None], "code": [1, 2, 3, 4], "when": ["now"] * 4},
        index=list("abcd"),
    )
    found = smslab.render("Hi {name}: {{{code}}}, { when }!", contacts)
    assert found.index.tolist() == list("abcd")
    # What stands in a cell is text, whatever it looks like.
    assert found.tolist()[:2] == ["Hi Zoë: {1}, now!", "Hi {code}: {2}, now!"]
    assert found.isna().tolist() == [False, False, True, True]
    bill = smslab.cost(contacts.assign(text=found), country="US")
    assert bill.unpriced["problem"].tolist() == ["no text", "no text"]


def test_numbers_are_written_as_they_are():
    contacts = pd.DataFrame({"a": [1.0, 2.0], "b": [0.5, 1.25]})
    assert smslab.render("{a} {b}", contacts).tolist() == ["1 0.5", "2 1.25"]
    assert smslab.render("no fields", contacts).tolist() == ["no fields"] * 2
    assert smslab.render("", contacts.iloc[:0]).tolist() == []


@pytest.mark.parametrize("template", ["{", "a } b", "{{name}", "{name}}"])
def test_a_brace_alone(template):
    with pytest.raises(TextError, match="a brace alone at position"):
        smslab.render(template, pd.DataFrame({"name": ["x"]}))


def test_what_is_no_column():
    contacts = pd.DataFrame([["x", "y"]], columns=["name", "name"])
    with pytest.raises(InputError, match="more than one column 'name'"):
        smslab.render("{name}", contacts)
    for field in ("nam", "name.__class__", "0", ""):
        with pytest.raises(InputError, match="the contacts have no column"):
            smslab.render(f"{{{field}}}", pd.DataFrame({"name": ["x"]}))
