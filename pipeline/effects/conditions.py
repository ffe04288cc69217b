"""What is done to the states of a layer: each intervention, and the random controls beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

from treeprobe.extraction import StateEdit
from treeprobe.interventions import Counterfactual, Eraser, LabelShift, ProbeEraser, RandomEraser, word_labels
from treeprobe.interventions.erasure import AffineEraser
from treeprobe.interventions.labels import WordLabel
from treeprobe.interventions.random_erasure import Match
from treeprobe.parsing import Sentence
from treeprobe.pipeline.effects.asked import Asked
from treeprobe.pipeline.options import OptionsError
from treeprobe.probes import DistanceProbe
from treeprobe.probes.states import States

PROBE, COUNTERFACTUAL, ROLES = "probe", "counterfactual", "roles"
LABELS: tuple[WordLabel, ...] = get_args(WordLabel)
INTERVENTIONS = (*LABELS, PROBE, COUNTERFACTUAL, ROLES)
"""Labels are erased by LEACE; `probe` removes the row space of the distance probe; `counterfactual` moves states until
the probe sees another tree; `roles` moves two nouns by the difference of the means of their relations."""

TREES, RELATIONS = "trees", "relations"
ACTING_ON: Mapping[str, tuple[str, ...]] = {TREES: (PROBE, COUNTERFACTUAL), RELATIONS: ("relation", ROLES)}
"""Those that act on what the probe of distances reads, and those that act on what tells relations."""

DISTANCE = "distance"
"""The control of `counterfactual` and `roles`: every word moved as far, in a direction drawn at random."""

MAX_STEPS = 100
"""Steps of a counterfactual at most."""


@dataclass(frozen=True)
class Condition:
    """One way in which a model runs.

    Attributes:
        layer: whose states are changed.
        intervention: one of `INTERVENTIONS`.
        control: what the random control beside it has in common with it: rank, variance or distance; empty for the
            intervention itself.
        seed: draws the control.
        edit: the edit of a text, given what counterfactuals ask of its sentences.
    """

    layer: int
    intervention: str
    control: str
    seed: int
    edit: Callable[[Asked], StateEdit]


def check_interventions(names: Sequence[str]) -> None:
    """Raises OptionsError where a name is no intervention, or there are none."""
    unknown = [name for name in names if name not in INTERVENTIONS]
    if unknown or not names:
        found = ", ".join(unknown) or "none"
        raise OptionsError(f"interventions: found {found}; expected some of {', '.join(INTERVENTIONS)}")


def conditions_of(
    intervention: str, probe: DistanceProbe, states: States, sentences: Sequence[Sentence], *, seeds: Sequence[int]
) -> Iterator[Condition]:
    """An intervention on the layer of a probe, and its controls, one of each kind for every seed.

    Args:
        probe: trained on the layer.
        states: of the sentences that interventions are fitted on, at that layer among others.
        sentences: these sentences.
        seeds: of the random controls.
    """
    assert probe.layer is not None
    if intervention in (COUNTERFACTUAL, ROLES):
        moving = _moving(probe) if intervention == COUNTERFACTUAL else _shifting(probe.layer, states, sentences)
        yield Condition(probe.layer, intervention, "", 0, partial(moving, None))
        for seed in seeds:
            yield Condition(probe.layer, intervention, DISTANCE, seed, partial(moving, seed))
        return
    eraser = _eraser(intervention, probe, states, sentences)
    yield Condition(probe.layer, intervention, "", 0, _erasing(eraser))
    for match in get_args(Match):
        for seed in seeds:
            control = RandomEraser(probe.layer, match=match, seed=seed).fit(states, eraser)
            yield Condition(probe.layer, intervention, match, seed, _erasing(control))


def _eraser(intervention: str, probe: DistanceProbe, states: States, sentences: Sequence[Sentence]) -> AffineEraser:
    """The erasure of a label, or of what the probe reads."""
    if intervention == PROBE:
        return ProbeEraser(probe.layer).fit([probe], states)
    (label,) = (name for name in LABELS if name == intervention)
    return Eraser(probe.layer).fit(states, word_labels(sentences, label))


def _erasing(eraser: AffineEraser) -> Callable[[Asked], StateEdit]:
    """The same edit whatever is asked for."""
    return lambda _asked: eraser.edit()


def _moving(probe: DistanceProbe) -> Callable[[int | None, Asked], StateEdit]:
    """Sentences moved until the probe sees another tree; with a seed, as far at random."""
    mover = Counterfactual(probe.layer, max_steps=MAX_STEPS).fit([probe])
    return lambda seed, asked: mover.edit(asked.trees, random_directions=seed)


def _shifting(layer: int, states: States, sentences: Sequence[Sentence]) -> Callable[[int | None, Asked], StateEdit]:
    """Words moved to look like another relation; with a seed, as far at random."""
    shift = LabelShift(layer).fit(states, word_labels(sentences, "relation"))
    return lambda seed, asked: shift.edit(asked.own, asked.relations, random_directions=seed)
