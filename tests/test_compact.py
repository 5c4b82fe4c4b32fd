"""JSON as compact text: the prepared encoder says what the plain one does."""

import json

import pytest

from touchpoint.compact import compact, prepared

VALUES = [{"a": [1, 0.5, True, None, 'ä"\n']}, [], {}, "text", 1, None, [["x", {"y": ["\u2028"]}]], {"1": {"2": []}}]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_prepared_encoder_says_what_the_plain_one_says(value, ascii_only):
    encoder = json.JSONEncoder(ensure_ascii=ascii_only, separators=(",", ":"), check_circular=False)
    assert prepared(encoder)(value) == encoder.encode(value)


def test_compact_leaves_out_spaces():
    assert compact({"a": [1, 2]}) == '{"a":[1,2]}'


def test_without_the_parts_it_is_made_of_it_is_the_plain_one(monkeypatch):
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
    assert prepared(encoder) == encoder.encode


def test_an_encoder_of_another_mind_keeps_its_own_way():
    class Shouting(json.JSONEncoder):
        def encode(self, value):
            return super().encode(value).upper()

    encoder = Shouting(check_circular=False)
    assert prepared(encoder) == encoder.encode


def test_what_is_no_json_is_refused():
    encoder = json.JSONEncoder(allow_nan=False, check_circular=False)
    with pytest.raises(ValueError, match="not JSON compliant"):
        prepared(encoder)([float("nan")])
