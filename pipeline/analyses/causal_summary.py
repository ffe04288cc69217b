"""How the effects of interventions are told: in a sentence, in a terminal, and in a figure."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from treeprobe.pipeline.closing_table import aligned
from treeprobe.pipeline.effects.comparison import comparisons_of
from treeprobe.pipeline.effects.conditions import RELATIONS, TREES
from treeprobe.pipeline.effects.measures import ACCURACY, UUAS
from treeprobe.pipeline.effects.verdict import Judged, used_at
from treeprobe.pipeline.results.findings import Closing
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.reporting import effect_by_layer, new_figure, save_formats

LEGEND = """\
change: from the model as it is; beyond: the change less that under the random control
that comes nearest, p adjusted for all comparisons (Holm)."""
BEHAVIOUR_LEGEND = """\
accuracy: share of the minimal pairs that are right; fresh: UUAS of a probe trained on
the edited states; """
FRESH_LEGEND = "fresh_uuas: UUAS of a probe trained on the edited states;\n"

_SCORES = {TREES: "UUAS", RELATIONS: "accuracy"}
_SIMPLE = {TREES: "chain of words", RELATIONS: "most frequent"}


def causal_summary(subject: Subject, effects: pd.DataFrame, judged: Sequence[Judged], missing: str) -> str:
    """The verdicts, and what each rests on, in one sentence."""
    said = [_sentence(one, effects) for one in judged]
    accuracy = effects[(effects["measure"] == ACCURACY) & (effects["control"] == "")]
    if accuracy.empty:
        said.append(f"behaviour cannot be measured: {missing}")
    else:
        first = accuracy.iloc[0]
        intact = first["value"] - first["change"]
        said.append(f"unedited, {intact:.1%} of {int(first['n']):,} minimal pairs are right")
    return f"{subject.encoder.name} on {subject.treebank}: {'; '.join(said)}."


def _sentence(judged: Judged, effects: pd.DataFrame) -> str:
    """One verdict."""
    found, layers = judged.presence.table, judged.presence.layers
    best = found.iloc[int(found["value"].argmax())]
    scores = (
        f"{_SCORES[judged.name]} {best['value']:.3f} at layer {int(best['layer'])}, random weights "
        f"{best['random_weights']:.3f}, {_SIMPLE[judged.name]} {best['simple']:.3f}"
    )
    if judged.verdict == "absent":
        return f"{judged.name}: absent ({scores} at best)"
    where = f"found at {_layers(layers)}: {scores}"
    if judged.verdict is None:
        return f"{judged.name}: present, use not measured ({where})"
    used = used_at(effects, judged.interventions, layers)
    if used.empty:
        names = " and ".join(map(_name, judged.interventions))
        return (
            f"{judged.name}: present, no evidence of use ({where}; accuracy falls under {names} by no more than under "
            "random controls)"
        )
    most = used.iloc[0]
    return (
        f"{judged.name}: used ({where}; under {_name(most['intervention'])} at layer {int(most['layer'])} accuracy "
        f"falls by {-most['difference']:.3f} more, {-most['difference_high']:.3f} to {-most['difference_low']:.3f}, "
        "than under the nearest random control)"
    )


def causal_closing(effects: pd.DataFrame, missing: str) -> Closing:
    """The effects of every intervention by layer."""
    behaviour = (effects["measure"] == ACCURACY).any()
    measure = ACCURACY if behaviour else "fresh_uuas"
    lines: list[Sequence[str]] = [["", "layer", measure, "change", "beyond", "p", *(["fresh"] if behaviour else [])]]
    own = effects[(effects["measure"] == measure) & (effects["control"] == "")]
    fresh = effects[(effects["measure"] == "fresh_uuas") & (effects["control"] == "")]
    left = fresh.set_index(["intervention", "layer"])["value"]
    for _, row in own.iterrows():
        intervention, layer = row["intervention"], row["layer"]
        against = comparisons_of(effects, measure, intervention=intervention)
        nearest = against[against["layer"] == layer].sort_values("difference", ascending=False).iloc[0]
        cells = [f"{row['value']:.3f}", f"{row['change']:+.3f}", f"{nearest['difference']:+.3f}"]
        found = [f"{left[intervention, layer]:.3f}"] if behaviour else []  # otherwise it is what is shown already
        lines.append([intervention, str(layer), *cells, f"{nearest['p_holm']:.3f}", *found])
    legend = (BEHAVIOUR_LEGEND if behaviour else FRESH_LEGEND) + LEGEND
    said = "" if not missing else f"\n\nBehaviour is not measured: {missing}."
    return Closing(f"{chr(10).join(aligned(lines))}\n\n{legend}{said}", rows=effects)


def draw_effects(effects: pd.DataFrame, folder: Path) -> None:
    """One figure: by layer, what becomes of behaviour under each intervention, and under its controls."""
    measure = ACCURACY if (effects["measure"] == ACCURACY).any() else UUAS
    names = list(dict.fromkeys(effects["intervention"]))
    figure, whole = new_figure((3.4 * len(names), 3.0))
    whole.remove()
    for ax, name in zip(figure.subplots(1, len(names), sharey=True, squeeze=False)[0], names):
        effect_by_layer(effects, ax, intervention=name, measure=measure)
    save_formats(figure, folder / "effects")


def _layers(layers: Sequence[int]) -> str:
    """Some layers in words."""
    return f"layer{'s' * (len(layers) > 1)} {', '.join(map(str, layers))}"


def _name(intervention: str) -> str:
    """What a sentence calls an intervention."""
    names = {
        "probe": "erasure of what the probe reads",
        "counterfactual": "counterfactual trees",
        "roles": "exchanged relations",
    }
    return names.get(intervention, f"erasure of {intervention}")
