"""Morphological features of words."""


def features_of(cell: str) -> dict[str, str]:
    """The features of a word, from the column FEATS of CoNLL-U."""
    return {} if cell == "_" else dict(part.partition("=")[::2] for part in cell.split("|"))
