import pytest

from smslab import keywords
from smslab.demand import Conversation


def test_table():
    rows = keywords.table()
    assert set(rows["means"]) == {"stop", "help", "start"}
    assert not rows[["language", "keyword"]].duplicated().any()
    assert (rows["source"] != "").all()
    for row in rows.itertuples():
        text = row.keyword.replace("#", "7").lower()
        assert keywords.meaning(f" {text}\n", [row.language]) == row.means


@pytest.mark.parametrize("text", ["", "Stop it!", "please stop", "STOP.", "STOPPED", "STOP 123"])
def test_only_the_whole_text_counts(text):
    assert keywords.meaning(text) == "text"


def test_languages():
    assert keywords.meaning("ARRET", ["en"]) == "text"
    assert keywords.meaning("stop  all") == "stop"
    with pytest.raises(ValueError, match="languages must be some of en, fr; not 'de'"):
        keywords.meaning("STOP", ["de"])


def test_shares_of_replies():
    talk = Conversation.of_replies(["STOP", "help", "yes", "Hi"], agents=3)
    assert (talk.stop_share, talk.help_share, talk.start_share) == (0.25, 0.25, 0.25)
    with pytest.raises(ValueError, match="texts must be one reply or more"):
        Conversation.of_replies([])
