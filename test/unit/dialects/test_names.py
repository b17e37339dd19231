"""Names in C from names in a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import names

from tinyml_opt.dialects.names import KEYWORDS, LIMIT, Names, identifier, is_identifier, model_name, own, parameter_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("image", "image"),
        ("serving/x:0", "serving_x_0"),
        ("17", "port_17"),
        ("_Bool", "Bool"),
        ("a..b__c_", "a_b_c"),
        ("", "port"),
        ("\u6fc0\u6d3b", "port"),
        ("a" * 99 + "_v2", "a" * 29 + "_" + "a" * 27 + "_v2"),
    ],
)
def test_identifiers_resemble_the_text(text: str, name: str):
    assert identifier(text, "port") == name


@pytest.mark.hypothesis
@given(st.one_of(names(), st.text()), st.booleans())
def test_no_name_is_that_of_a_header(text: str, is_input: bool):
    for name in (own(identifier(text)), parameter_name(text, is_input), Names([]).new(text)):
        assert is_identifier(name)
        assert name != name.upper() and not name.endswith("_t") and name[0] != "_" and "__" not in name
        assert len(name) <= LIMIT + 6
    assert own(own(identifier(text))) == own(identifier(text))


@pytest.mark.parametrize("text", ["INPUT", "B1", "A0", "int8_t", "size_t", "int", "class", "linux", "true"])
def test_what_headers_have_gets_a_suffix(text: str):
    assert own(text) == f"{text}_v"


def test_keywords_are_no_identifiers():
    assert not any(map(is_identifier, (*KEYWORDS, "", "1x", "a-b", "a b", "a\n", "\u00e9")))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("stdint", "stdint_model"),
        ("Arduino", "Arduino_model"),
        ("int", "int"),
        ("17", "model_17"),
        ("", "model"),
    ],
)
def test_no_header_is_shadowed_by_a_model(text: str, name: str):
    assert model_name(text) == name


def test_names_are_unique_in_their_scope():
    taken = Names(["net"])
    assert [taken.new(hint) for hint in ("x", "x", "net", None, None, "F")] == ["x", "x_1", "net_1", "v0", "v1", "F_v"]
    with taken.scope():
        assert taken.new("x") == "x_2"
    assert taken.new("x") == "x_2"
