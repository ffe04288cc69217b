"""A signature is read back exactly as it was written, in both forms, and anything else is refused by name."""

from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from treeprobe.signature import KEYS, MAY_DIFFER, Signature, SignatureError, shared_text

TEXT = some.text(some.characters(), min_size=0, max_size=8)
"""Any characters: separators, percent signs, line breaks, lone surrogates, other scripts."""
NAMED = some.text(some.characters(), min_size=1, max_size=8)
NUMBERS = some.integers(min_value=0, max_value=10**6)


def kind(name: str) -> some.SearchStrategy[Any]:
    """The values that a field may have."""
    types = {field.name: field.type for field in fields(Signature)}
    return {str: NAMED, str | None: some.none() | TEXT, int | None: some.none() | NUMBERS}[types[name]]


SIGNATURES = some.builds(Signature, **{field.name: kind(field.name) for field in fields(Signature)})

UUAS = Signature(version="0.2.0", metric="uuas", treebank="en_ewt", split="dev", punctuation="xpos", rank=128, layer=3)


@given(SIGNATURES)
def test_both_forms_are_read_back_exactly(signature: Signature) -> None:
    for text in (str(signature), signature.short):
        assert text.isprintable()
        read = Signature.parse(text)
        assert read == signature
        assert text in (str(read), read.short)


@given(SIGNATURES, SIGNATURES)
def test_different_signatures_are_written_differently(one: Signature, other: Signature) -> None:
    assert (str(one) == str(other)) == (one == other) == (one.short == other.short)


@given(SIGNATURES, some.randoms())
def test_the_order_of_keys_is_free(signature: Signature, random: Any) -> None:
    head, metric, *parts = str(signature).split("|")
    random.shuffle(parts)
    assert Signature.parse("|".join([head, metric, *parts])) == signature


@settings(max_examples=50)
@given(some.text())
def test_any_other_text_is_refused_or_says_a_signature(text: str) -> None:
    try:
        read = Signature.parse(text)
    except SignatureError:
        return
    assert Signature.parse(str(read)) == read


def test_the_forms_are_what_the_page_says() -> None:
    assert str(UUAS) == "treeprobe:0.2.0|uuas|treebank=en_ewt|split=dev|punct=xpos|rank=128|layer=3"
    assert UUAS.short == "tp:0.2.0|uuas|t=en_ewt|s=dev|p=xpos|r=128|l=3"


def test_every_field_has_keys_of_its_own() -> None:
    assert {"version", "metric", *KEYS} == {field.name for field in fields(Signature)}
    for form in (0, 1):
        assert len({names[form] for names in KEYS.values()}) == len(KEYS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "begins with ''; expected treeprobe:VERSION or tp:VERSION"),
        ("sacrebleu:2.0|bleu", "begins with 'sacrebleu:2.0'"),
        ("treeprobe:|uuas", "expected treeprobe:VERSION"),
        ("treeprobe:0.2.0", "names no metric"),
        ("treeprobe:0.2.0|punct=xpos", "names no metric"),
        ("treeprobe:0.2.0|uuas|punkt=xpos", "unknown key 'punkt'; expected some of analysis, average"),
        ("treeprobe:0.2.0|uuas|p=xpos", "unknown key 'p'"),
        ("tp:0.2.0|uuas|punct=xpos", "unknown key 'punct'; expected some of a, avg"),
        ("treeprobe:0.2.0|uuas|xpos", "found 'xpos'; expected KEY=VALUE"),
        ("treeprobe:0.2.0|uuas|", "found ''; expected KEY=VALUE"),
        ("treeprobe:0.2.0|uuas|rank=8|rank=8", "says 'rank' twice"),
        ("treeprobe:0.2.0|uuas|rank=big", "rank is 'big'; expected a whole number"),
        ("treeprobe:0.2.0|uuas|rank=08", "rank is '08'"),
        ("treeprobe:0.2.0|uuas|rank=-1", "rank is '-1'"),
        ("treeprobe:0.2.0|uuas|treebank=100%", "found '100%'; expected text"),
        ("treeprobe:0.2.0|uuas|treebank=%41", "found '%41'; expected text"),
        ("treeprobe:0.2.0|uuas|treebank=%FF", "found '%FF'; expected text"),
        ("treeprobe:0.2.0|uuas|treebank=a\nb", "expected text"),
    ],
)
def test_what_is_no_signature_is_named(text: str, message: str) -> None:
    with pytest.raises(SignatureError) as refused:
        Signature.parse(text)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", ["version", "metric"])
def test_version_and_metric_are_always_said(name: str) -> None:
    with pytest.raises(SignatureError, match="expected both to be named"):
        replace(UUAS, **{name: ""})


@pytest.mark.parametrize("name", list(asdict(UUAS)))
def test_a_difference_counts_unless_the_models_may_differ_in_it(name: str) -> None:
    other = replace(UUAS, **{name: 7 if isinstance(getattr(UUAS, name), int) else "other"})
    assert UUAS.differing(UUAS) == {}
    assert bool(UUAS.differing(other)) == (name not in MAY_DIFFER)
    assert UUAS.differing(other, free=()) == {key: pair[::-1] for key, pair in other.differing(UUAS, free=()).items()}


def test_both_values_of_a_difference_are_told() -> None:
    other = replace(UUAS, punctuation="upos", rank=None)
    assert UUAS.differing(other) == {"punct": ("xpos", "upos"), "rank": ("128", "not said")}


def test_what_is_shared_is_what_all_say() -> None:
    other = replace(UUAS, metric="dspr", layer=4, context="sentence")
    assert shared_text([UUAS, other]) == "version=0.2.0|treebank=en_ewt|split=dev|punct=xpos|rank=128"
