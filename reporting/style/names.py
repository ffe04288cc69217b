"""The names of metrics and attention heads as figures and tables print them."""

_METRICS = {
    "uuas": "UUAS",
    "uas": "UAS",
    "las": "LAS",
    "dspr": "DSpr.",
    "nspr": "NSpr.",
    "root_accuracy": "root accuracy",
    "exact_match": "exact match",
    "relation_accuracy": "accuracy of relations",
    "selectivity_uuas": "selectivity (UUAS)",
    "selectivity_dspr": "selectivity (DSpr.)",
    "selectivity_nspr": "selectivity (NSpr.)",
    "selectivity_root_accuracy": "selectivity (root accuracy)",
}


def metric_name(metric: str) -> str:
    """The printed name of a metric, such as "DSpr." for `dspr`; an unlisted one has its underscores replaced."""
    return _METRICS.get(metric, metric.replace("_", " "))


def head_name(block: int, head: int) -> str:
    """The printed name of an attention head: layer and head counted from 1, so (4, 8) is "5-9".

    Args:
        block: The block that the head belongs to, from 0.
        head: The head within its block, from 0.
    """
    return f"{block + 1}-{head + 1}"
