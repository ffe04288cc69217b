"""What metrics and attention heads are called in figures and tables."""

NAMES = {
    "uuas": "UUAS",
    "uas": "UAS",
    "las": "LAS",
    "dspr": "DSpr.",
    "nspr": "NSpr.",
    "root_accuracy": "root accuracy",
    "exact_match": "exact match",
    "selectivity_uuas": "selectivity (UUAS)",
    "selectivity_dspr": "selectivity (DSpr.)",
    "selectivity_nspr": "selectivity (NSpr.)",
    "selectivity_root_accuracy": "selectivity (root accuracy)",
}


def metric_name(metric: str) -> str:
    """The name of a metric as papers write it: "DSpr." for `dspr`; of one unknown here, its words."""
    return NAMES.get(metric, metric.replace("_", " "))


def head_name(block: int, head: int) -> str:
    """The name of a head as papers write it, counted from 1: "5-9" is head 9 of layer 5, here (4, 8)."""
    return f"{block + 1}-{head + 1}"
