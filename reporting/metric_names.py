"""What metrics are called in figures and tables."""

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
