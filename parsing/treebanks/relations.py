"""Labels of dependency relations."""


def universal_relation(relation: str) -> str:
    """A relation without its subtype: `obl` for `obl:tmod`."""
    return relation.partition(":")[0]
