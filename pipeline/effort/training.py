"""What is trained for the table of effort, each kind of probe in one pass, and what it scores."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from treeprobe.extraction import Encoder
from treeprobe.parsing import Scorer, Tally, Treebank
from treeprobe.parsing.scores import mean_tally
from treeprobe.parsing.treebanks import Split
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.options import Options, OptionsError
from treeprobe.pipeline.probing.baselines import control_bank
from treeprobe.pipeline.probing.probes import SplitStates
from treeprobe.pipeline.results.scores import RANDOM_WEIGHTS
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import (
    ALONE,
    CodeLength,
    ConcatenatedStates,
    ConditionalStates,
    DistanceProbe,
    NuclearNormProbe,
    TreeShape,
    fit_all,
    nuclear_norms,
    online_codes,
)
from treeprobe.probes.description_length import CodedProbe
from treeprobe.probes.families.comparison import FAMILIES, family_name

LINEAR = "linear"
RANKS_APART = 4
"""Where one rank is asked for, each of those beside it is so many times smaller."""

Place = tuple[str, int]
"""A family and a layer."""


@dataclass(frozen=True)
class Point:
    """What a probe scores that was given little: a low rank, a small norm, or few sentences.

    Attributes:
        axis: which of these.
        at: how much of it: the rank, the nuclear norm, the number of sentences.
        strength: price of the norm, where it was priced.
    """

    axis: str
    at: float
    strength: float | None
    tally: Tally


@dataclass
class Trained:
    """What all probes scored, by family and layer; several tallies are those of several seeds.

    Attributes:
        split: the sentences that they were scored on; `dev` has the plain probes' tallies on dev.
        plain, control: probes on gold and on control trees.
        joint: probes of a layer beside the baseline; the layer `ALONE` is the baseline beside zeros.
        points: what probes with little score, and the plain ones among them.
        codes: online codes of the training trees.
        parameters: how many numbers a plain probe learns.
        chain: the left-to-right chain.
    """

    split: Split
    chain: Tally
    dev: dict[Place, list[Tally]] = field(default_factory=lambda: defaultdict(list))
    plain: dict[Place, list[Tally]] = field(default_factory=lambda: defaultdict(list))
    control: dict[Place, list[Tally]] = field(default_factory=lambda: defaultdict(list))
    joint: dict[Place, list[Tally]] = field(default_factory=lambda: defaultdict(list))
    points: dict[Place, list[Point]] = field(default_factory=lambda: defaultdict(list))
    codes: dict[Place, CodeLength] = field(default_factory=dict)
    parameters: dict[Place, int] = field(default_factory=dict)

    @property
    def best_layer(self) -> int:
        """The layer at which the first family does best on dev."""
        family = next(iter(self.dev))[0]
        means = {place: mean_tally(tallies).value for place, tallies in self.dev.items() if place[0] == family}
        return max(means, key=lambda place: np.nan_to_num(means[place]))[1]


class Training:
    """The passes over a subject: states are read once, all probes of a pass are trained together."""

    def __init__(self, subject: Subject, states: SplitStates, options: Options) -> None:
        self._subject, self._states, self._options = subject, states, options
        split: Split = "test" if "test" in subject.scored else "dev"
        self._scorers = {each: Scorer(subject.splits[each], punctuation=options.punctuation) for each in ("dev", split)}
        bank = subject.splits[split]
        chain = self._scorers[split].distances([chain_distances(len(sentence)) for sentence in bank])["uuas"]
        self._found = Trained(split, chain)

    def found(self) -> Trained:
        """Train and score everything."""
        self._plain()
        self._control()
        self._conditional()
        self._codes()
        return self._found

    def _plain(self) -> None:
        """Probes of every layer on the gold trees; of the first seed, at lower ranks and at prices of the norm too."""
        headline, ladder, priced = self._headline(self._layers), list(self._ladder()), list(self._priced())
        self._fit([*headline, *ladder, *priced], self._states, self._subject.splits, "train probes")
        split = self._found.split
        for probe in headline:
            place = _place(probe)
            self._found.parameters[place] = probe.parameter_count(self._subject.encoder.dim)
            self._found.plain[place].append(self._tally(probe, self._states, split))
            # Where there is no test split, dev is what was scored just now.
            own = self._found.plain[place][-1] if split == "dev" else self._tally(probe, self._states, "dev")
            self._found.dev[place].append(own)
        for probe in ladder:
            self._note(probe, "rank", probe.rank, self._tally(probe, self._states, split))
        first = [probe for probe in headline if probe.seed == self._options.seeds[0]]
        for probe in first:
            tally = self._found.plain[_place(probe)][0]
            self._note(probe, "rank", probe.rank, tally)
            self._note(probe, "sentences", len(self._subject.splits["train"]), tally)
        linear = [*(probe for probe in first if isinstance(probe, DistanceProbe)), *priced]
        for probe, norm in zip(linear, nuclear_norms(linear, self._states["train"])):
            plain = not isinstance(probe, NuclearNormProbe)
            tally = self._found.plain[_place(probe)][0] if plain else self._tally(probe, self._states, split)
            self._note(probe, "nuclear norm", norm, tally, strength=getattr(probe, "strength", None))

    def _control(self) -> None:
        """The same probes on control trees of the same sentences."""
        shape = TreeShape.of([sentence.heads for sentence in self._subject.splits["train"]])
        banks = {split: control_bank(bank, shape) for split, bank in self._subject.splits.items()}
        probes = self._headline(self._layers)
        self._fit(probes, self._states, banks, "train control probes")
        split = self._found.split
        scorer = Scorer(banks[split], punctuation=self._options.punctuation)
        for probe in probes:
            self._found.control[_place(probe)].append(self._tally(probe, self._states, split, scorer))

    def _conditional(self) -> None:
        """The same probes of every layer beside the baseline, and of the baseline beside zeros."""
        with self._subject.stage("read the baseline"):
            baselines = baseline_states(self._subject, self._states, self._options)
        states = {split: ConditionalStates(self._states[split], one) for split, one in baselines.items()}
        probes = self._headline((ALONE, *self._layers))
        self._fit(probes, states, self._subject.splits, "train conditional probes")
        for probe in probes:
            self._found.joint[_place(probe)].append(self._tally(probe, states, self._found.split))

    def _codes(self) -> None:
        """The online code of the training trees by the first seed's probes, whose blocks make a learning curve."""
        probes = [probe for probe in self._headline(self._layers) if probe.seed == self._options.seeds[0]]

        def score(known: int, clones: Sequence[CodedProbe]) -> None:
            for clone in clones:
                self._note(clone, "sentences", known, self._tally(clone, self._states, self._found.split))

        with self._subject.stage("description length"):
            codes = online_codes(
                probes,
                self._states["train"],
                self._subject.splits["train"],
                trained=score,
                progress=self._subject.progress,
            )
        self._found.codes.update(zip(map(_place, probes), codes))

    @property
    def _layers(self) -> tuple[int, ...]:
        return probed_layers(self._options, self._subject.encoder)

    def _headline(self, layers: Sequence[int]) -> list[CodedProbe]:
        """A probe of the largest rank for every family, layer and seed."""
        rank = max(self._options.ranks)
        return [
            self._probe(family, layer, rank, seed)
            for family, layer, seed in product(self._options.families, layers, self._options.seeds)
        ]

    def _ladder(self) -> Iterator[CodedProbe]:
        """Probes of the lower ranks, first seed."""
        for family, layer, rank in product(self._options.families, self._layers, ranks_of(self._options)[:-1]):
            yield self._probe(family, layer, rank, self._options.seeds[0])

    def _priced(self) -> Iterator[NuclearNormProbe]:
        """Linear probes that pay for their norm, first seed."""
        if LINEAR in self._options.families:
            for layer, strength in product(self._layers, self._options.norm_strengths):
                yield NuclearNormProbe(
                    layer,
                    max(self._options.ranks),
                    self._options.seeds[0],
                    strength=strength,
                    epochs=self._options.epochs,
                    device=str(self._subject.encoder.device),
                )

    def _probe(self, family: str, layer: int, rank: int, seed: int) -> CodedProbe:
        return family_of(family)(
            layer, rank, seed, epochs=self._options.epochs, device=str(self._subject.encoder.device)
        )

    def _fit(
        self,
        probes: Sequence[CodedProbe],
        states: Mapping[Split, ConditionalStates] | SplitStates,
        banks: Mapping[Split, Treebank],
        stage: str,
    ) -> None:
        """Train in one pass; dev decides which epoch is kept."""
        with self._subject.stage(stage):
            fit_all(
                probes,
                states["train"],
                banks["train"],
                validation=(states["dev"], banks["dev"]),
                progress=self._subject.progress,
            )

    def _tally(
        self,
        probe: CodedProbe,
        states: Mapping[Split, ConditionalStates] | SplitStates,
        split: Split,
        scorer: Scorer | None = None,
    ) -> Tally:
        """UUAS of a probe on a split; a distance below 0, which a bilinear probe may predict, counts as 0."""
        with self._subject.stage(f"score {split}"):
            predicted = [np.maximum(each, 0) for each in probe.predict(states[split])]
            return (scorer or self._scorers[split]).distances(predicted)["uuas"]

    def _note(self, probe: CodedProbe, axis: str, at: float, tally: Tally, *, strength: float | None = None) -> None:
        self._found.points[_place(probe)].append(Point(axis, at, strength, tally))


def _place(probe: CodedProbe) -> Place:
    """The family and the layer of a probe; one that pays for its norm is linear all the same."""
    return (LINEAR if isinstance(probe, DistanceProbe) else family_name(type(probe)), int(probe.layer or 0))


def family_of(name: str) -> type[CodedProbe]:
    """The class of a family's name. Raises OptionsError where there is none."""
    known = {family_name(family): family for family in FAMILIES}
    if name not in known:
        raise OptionsError(f"families: found {name}; expected some of {', '.join(known)}")
    return known[name]


def ranks_of(options: Options) -> list[int]:
    """The ranks of the front, ascending: those asked for; where that is one, a fourth of it, a sixteenth, down to 1."""
    ranks = sorted(set(options.ranks))
    while len(options.ranks) == 1 and ranks[0] >= RANKS_APART:
        ranks.insert(0, ranks[0] // RANKS_APART)
    return ranks


def probed_layers(options: Options, encoder: Encoder) -> tuple[int, ...]:
    """The layers asked for, and the baseline among them where it is one of the checkpoint's own."""
    if options.layers is None:
        return tuple(encoder.layers)
    own = () if options.baseline_model else (options.baseline,)
    return tuple(sorted({*options.layers, *own}))


def baseline_states(subject: Subject, states: SplitStates, options: Options) -> dict[Split, int | ConcatenatedStates]:
    """What stands beside every layer, by split: a layer of the checkpoint's, or one of another encoder's.

    Raises:
        OptionsError: there is no such layer.
        CheckpointError: the other encoder cannot be loaded.
    """
    if options.baseline_model is None:
        return dict.fromkeys(states, options.baseline)
    if options.baseline_model == RANDOM_WEIGHTS:
        other = subject.with_random_weights(options.seeds[0])
    else:
        other = subject.other(options.baseline_model)
    if options.baseline not in other.encoder.layers:
        found = f"layer {options.baseline} of {other.encoder.name}"
        raise OptionsError(
            f"baseline: found {found}; expected one of {other.encoder.layers[0]} to {other.encoder.layers[-1]}"
        )
    return {split: ConcatenatedStates(other.states(split, options), (options.baseline,)) for split in states}
