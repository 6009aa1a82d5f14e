import pytest

from smslab.widgets import message_inspector, render


def test_render():
    result, page = render("Don’t <b>miss</b> it [now]")
    assert result.encoding == "UCS-2"
    assert "<b>miss" not in page
    assert "&lt;b&gt;miss" in page
    assert "U+2019" in page


def test_render_of_an_error():
    result, page = render("\ud800")
    assert result is None
    assert "lone surrogate" in page


def test_typing_changes_the_result():
    inspector = message_inspector()
    assert inspector.result.segments == 1
    inspector.text.value = "a" * 161
    assert inspector.result.segments == 2
    assert "2 segments" in inspector.output.value
    inspector.text.value = "\ud83d"
    assert inspector.result is None
    assert "lone surrogate" in inspector.output.value


@pytest.mark.parametrize("text", ["", "[" * 90, "😀" * 80, "x" * 500])
def test_parts_join_to_the_text(text):
    assert "".join(message_inspector(text).result.parts) == text
