"""The texts that are most wrong come first."""

import errors


def rows():
{% if is_class %}    made = [("sure and wrong", "a", "b", 0.1), ("right", "a", "a", 0.9), ("unsure", "a", "b", 0.4)]
    return [{"id": name, "truth": truth, "prediction": said, "share:a": str(share), "share:b": str(1 - share)} for name, truth, said, share in made]
{% else %}    made = [("sure and wrong", 1.0, 9.0), ("right", 1.0, 1.0), ("unsure", 1.0, 2.0)]
    return [{"id": name, "truth": str(truth), "prediction": str(said)} for name, truth, said in made]
{% endif %}

def test_the_worst_come_first():
    assert [row["id"] for row in errors.worst(rows())] == ["sure and wrong", "unsure", "right"]


def test_hard_words_are_more_than_bad_luck():
    wrong, right = rows()[0], rows()[1]
    told = [(wrong if place < 12 else right) | {"id": str(place)} for place in range(60)]
    seen = {str(place): f"film number {place} {'irony' if place < 15 else 'plain'} {'odd' if place < 5 else ''}" for place in range(60)}
    assert [(count, word) for _, count, word in errors.hardest(told, seen)] == [(15, "irony")]


def test_a_text_is_shown_on_one_line():
    assert errors.shown("a\n\n b") == "a b"
    assert len(errors.shown("word " * 100)) == errors.SHOWN + 4
