"""Printed names of heads and metrics."""

from treeprobe.reporting import head_name, metric_name


def test_heads_are_named_by_layer_and_head_from_one() -> None:
    assert head_name(4, 8) == "5-9"


def test_metrics_have_the_names_of_papers_and_unlisted_ones_their_words() -> None:
    assert metric_name("dspr") == "DSpr."
    assert metric_name("longest_path") == "longest path"
