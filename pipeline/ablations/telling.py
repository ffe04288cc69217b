"""What the ablations show, in sentences: which differences their intervals separate, and which they do not."""

from collections.abc import Iterator, Mapping

import pandas as pd

from treeprobe.pipeline.ablations.collecting import MASKED_LOSS, NEXT_LOSS, TASK, UUAS

TITLES: Mapping[str, str] = {
    "masking": "How predicted subwords are shown (table 8)",
    "objectives": "What is predicted (table 5)",
    "sizes": "How large the model is (table 6)",
    "steps": "Masked and left to right, by step (figure 5)",
}
"""What each experiment is about, and where it is in Devlin et al. (2019)."""
_UNITS: Mapping[str, str] = {MASKED_LOSS: "nats", NEXT_LOSS: "nats", UUAS: "points"}
NAMES: Mapping[str, str] = {
    MASKED_LOSS: "loss of masked subwords",
    NEXT_LOSS: "loss of next subwords",
    UUAS: "UUAS",
    TASK: "accuracy in parts of speech",
}


def tell(table: pd.DataFrame) -> str:
    """A paragraph for each experiment, of the last step: a line a measure."""
    return "\n\n".join(
        "\n".join([TITLES[str(experiment)], *_lines(own)])
        for experiment, own in table.groupby("experiment", sort=False)
    )


def _lines(table: pd.DataFrame) -> Iterator[str]:
    """What is separated from the reference and what is not, measure by measure."""
    last = table[table["step"] == table["step"].max()]
    for measure, rows in last.groupby("measure", sort=False):
        name = NAMES.get(str(measure), str(measure))
        compared = rows.dropna(subset="difference")
        values = "; ".join(f"{row['variant']} {_value(row['value'], str(measure))}" for row in rows.to_dict("records"))
        yield f"  {name}: {values}."
        if compared.empty:
            continue
        apart = compared["separated"].astype(bool)
        reference = compared["reference"].iloc[0]
        yield (
            f"    Separated from {reference}: {_listed(compared[apart], str(measure))}. "
            f"Not separated: {_listed(compared[~apart], str(measure))}."
        )


def _listed(rows: pd.DataFrame, measure: str) -> str:
    """Variants with their differences and intervals."""
    unit = _UNITS.get(measure, "points")
    scale, digits = (100.0, 1) if unit == "points" else (1.0, 3)
    told = []
    for row in rows.to_dict("records"):
        gap, low, high = (row[name] * scale for name in ("difference", "difference_low", "difference_high"))
        told.append(f"{row['variant']} ({gap:+.{digits}f}, {low:+.{digits}f} to {high:+.{digits}f} {unit})")
    return ", ".join(told) or "none"


def _value(value: float, measure: str) -> str:
    """A value as a person reads it."""
    return f"{value:.3f}" if _UNITS.get(measure, "points") == "nats" else f"{value:.1%}"
