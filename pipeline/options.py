"""The options of every analysis, in the same words and with the same defaults everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from treeprobe.errors import TreeprobeError

if TYPE_CHECKING:
    # Loaded by type checkers alone, so that the command line's help need not wait for numpy and torch.
    from treeprobe.extraction.alignment import Pooling
    from treeprobe.extraction.reading import Context
    from treeprobe.parsing import PunctuationRule
    from treeprobe.probes.precision import Precision
    from treeprobe.sharing import Weighting

TextForm = Literal["words", "natural"]
SENTENCE_POOLINGS = ("cls", "sep", "mean", "first", "last")
CONDITIONS = ("jabberwocky", "scrambled", "ungrammatical")
SENTENCE_TASKS = (
    "length", "depth", "top_constituents", "tense", "subject_number", "object_number", "bigram_shift"
)  # fmt: skip


UNTRAINED_METHODS = ("perturbed-masking", "substitution", "projection", "heads")


class OptionsError(TreeprobeError, ValueError):
    """Options that contradict each other, or that a checkpoint cannot follow."""


class RankLowered(UserWarning):
    """A rank above the width of a checkpoint's states, which was lowered to it."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What an analysis is to do; each analysis reads those that it names in the registry (`pipeline.analyses`).

    Attributes:
        ranks, seeds: one probe of each kind and layer for every rank and seed. A rank above the width of the states
            is lowered to it: a linear map of more rows can say nothing more.
        layers: layers to probe; all where None.
        epochs: passes of the probes over the training treebank; the probes' own default where None.
        precision: number format of the matrix products of the probes' training.
        punctuation: which words are punctuation, which UUAS leaves out. "auto" looks at the tags of the dev split
            (`parsing.choose_punctuation`).
        text: what the model reads, words joined by spaces or the natural sentence (`SpaceAfter=No`).
        pooling: how subword vectors are pooled into a word's vector.
        context: what the model reads for a word, its sentence or the prefix that ends with it (`Reading.context`).
        random_baseline: also probe the architecture with random weights.
        twins: how many draws of random weights; draw number s is probed by probes of seed s.
        control: also train on control trees (Hewitt & Liang 2019), for the selectivity of every score.
        concatenate: also probe these layers' states joined end to end; none where empty.
        labelled: also train probes of labelled trees (`DepProbe`, `PolarProbe`) and the attention-only probe.
        description_length: also measure the online code length of the training trees (Voita & Titov 2020).
        samples: sentences whose recovered trees at every layer are kept for the report.
        ablate: also ablate each head, and measure what is lost.
        retrain: also train probes on the states of models whose heads are replaced.
        pairs: a file of minimal pairs to score too, in BLiMP's format (`behaviour.read_pairs`).
        grammar_pairs: how many minimal pairs of the grammar to score, which is English; 0 for other languages.
        constructions: score the pairs of these constructions alone.
        interventions: what is done to states, by names of `pipeline.effects.conditions.INTERVENTIONS`.
        sentence_tasks: what sentence-level probes are asked, by names of `pipeline.probing.sentence_tasks`.
        sentence_pooling: what they read of a sentence: its special token `cls` or `sep`, or its subwords by `mean`,
            `first` or `last`. Where None, the mean, and `cls`, or `last` where a model has no such token.
        sentences: how many sentences of the dev split effects are measured on; four times as many of the training split
            fit interventions and probes. Without training, how many of each split are parsed.
        train_sizes: sentences of the training split that tasks share, each size a sample of its own (`multitask`).
        sharing, weighting: how tasks share (`probes.families.sharing`), and how their losses are weighted
            (`treeprobe.sharing`).
        strengths: strengths of penalties to choose from, on dev.
        methods: ways to trees without training, by names of `pipeline.untrained.methods.METHODS`.
        substitutes: words that take the place of each word, at most (`untrained.substitution`).
        families: families of distance probe, by the names of `probes.compare_families` (`effort`).
        baseline: the layer beside which every layer is probed, for what it adds to it.
        baseline_model: the checkpoint whose layer that is, a folder or hub name, or `random weights` for the same
            architecture with random weights; the checkpoint itself where None.
        norm_strengths: prices of a probe's nuclear norm, in edges of mean error.
        conditions: how a card changes the text that is scored (`CONDITIONS`); not at all where empty.
        held_out: constructions that a card's probes are also trained without: `questions`, `passives` or relations.
        grammar_sentences: sentences of the grammar, which is English, that a card scores too.
    """

    ranks: Sequence[int] = (128,)
    seeds: Sequence[int] = (0, 1, 2)
    layers: Sequence[int] | None = None
    epochs: int | None = None
    precision: "Precision" = "float32"
    punctuation: "PunctuationRule" = "auto"
    text: TextForm = "words"
    pooling: "Pooling" = "mean"
    context: "Context" = "sentence"
    random_baseline: bool = True
    twins: int = 1
    control: bool = True
    concatenate: Sequence[int] = ()
    labelled: bool = False
    description_length: bool = False
    samples: int = 50
    ablate: bool = False
    retrain: bool = False
    pairs: str | None = None
    grammar_pairs: int = 800
    constructions: Sequence[str] | None = None
    interventions: Sequence[str] = ("probe", "counterfactual", "relation", "roles")
    sentences: int = 200
    sentence_tasks: Sequence[str] = SENTENCE_TASKS
    sentence_pooling: Sequence[str] | None = None
    train_sizes: Sequence[int] = (100, 300, 1000)
    sharing: Sequence[str] = ("hard", "l2", "trace-norm", "cross-stitch")
    weighting: Sequence["Weighting"] = ("equal", "fixed", "uncertainty")
    strengths: Sequence[float] = (1.0, 3.0)
    methods: Sequence[str] = UNTRAINED_METHODS
    substitutes: int = 10
    families: Sequence[str] = ("linear", "poincare")
    baseline: int = 0
    baseline_model: str | None = None
    norm_strengths: Sequence[float] = (0.1, 0.3, 1.0, 3.0)
    conditions: Sequence[str] = CONDITIONS
    held_out: Sequence[str] = ("acl:relcl", "csubj", "xcomp", "questions", "passives")
    grammar_sentences: int = 0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, str) and isinstance(each.default, tuple):
                raise OptionsError(f"{each.name}: found the text {value!r}; expected a sequence, such as ({value!r},)")
            if isinstance(value, Sequence) and not isinstance(value, str):
                # Lists from notebooks too: options are compared, and are keys of what is computed once.
                object.__setattr__(self, each.name, tuple(value))
        for name in ("ranks", "seeds", "layers"):
            numbers = getattr(self, name)
            if numbers is not None and (not len(numbers) or min(numbers) < (name == "ranks")):
                raise OptionsError(f"{name}: found {list(numbers)}; expected one or more numbers, none negative")
        if self.grammar_pairs < 0:
            raise OptionsError(f"grammar_pairs: found {self.grammar_pairs}; expected 0 or more")
        if self.constructions is not None and not self.constructions:
            raise OptionsError("constructions: found none; expected one or more names, or None for all")
        if not self.interventions or self.sentences < 1:
            found = f"{len(self.interventions)} interventions and {self.sentences} sentences"
            raise OptionsError(f"interventions, sentences: found {found}; expected at least one of each")
        for name, known in (
            ("sentence_tasks", SENTENCE_TASKS),
            ("sentence_pooling", SENTENCE_POOLINGS),
            ("methods", UNTRAINED_METHODS),
        ):
            chosen = getattr(self, name)
            if chosen is not None and (not chosen or set(chosen) - set(known)):
                raise OptionsError(f"{name}: found {', '.join(chosen) or 'none'}; expected some of {', '.join(known)}")
        if not self.train_sizes or min(self.train_sizes) < 2 or not self.strengths or min(self.strengths) <= 0:
            found = f"{list(self.train_sizes)} and {list(self.strengths)}"
            raise OptionsError(f"train_sizes, strengths: found {found}; expected sizes of 2 or more, strengths above 0")
        if not self.sharing or not self.weighting:
            raise OptionsError("sharing, weighting: found none of one; expected at least one of each")
        if self.substitutes < 0:
            raise OptionsError(f"substitutes: found {self.substitutes}; expected 0 or more")
        if not self.families or not self.norm_strengths or min(self.norm_strengths) <= 0 or self.baseline < 0:
            found = f"{len(self.families)} families, {list(self.norm_strengths)} and layer {self.baseline}"
            raise OptionsError(
                f"families, norm_strengths, baseline: found {found}; expected at least one, strengths above 0, and a "
                "layer from 0"
            )
        if unknown := sorted(set(self.conditions) - set(CONDITIONS)):
            raise OptionsError(f"conditions: found {', '.join(unknown)}; expected some of {', '.join(CONDITIONS)}")
        if self.grammar_sentences < 0:
            raise OptionsError(f"grammar_sentences: found {self.grammar_sentences}; expected 0 or more")
        if self.twins < 1:
            raise OptionsError(f"twins: found {self.twins}; expected at least 1, or random_baseline=False")

    def fitted(self, *, dim: int, layers: Sequence[int]) -> "Options":
        """The same for a checkpoint whose states are `dim` wide: no rank above it, each rank, seed and layer once.

        Raises OptionsError for a layer that the checkpoint does not have.
        """
        for name in ("layers", "concatenate"):
            if unknown := sorted(set(getattr(self, name) or ()) - set(layers)):
                raise OptionsError(f"{name}: found {unknown}; expected some of {layers[0]} to {layers[-1]}")
        if self.baseline_model is None and self.baseline not in layers:
            raise OptionsError(f"baseline: found layer {self.baseline}; expected one of {layers[0]} to {layers[-1]}")
        return replace(
            self,
            ranks=tuple(dict.fromkeys(min(rank, dim) for rank in self.ranks)),
            seeds=tuple(dict.fromkeys(self.seeds)),
            layers=None if self.layers is None else tuple(sorted(set(self.layers))),
            concatenate=tuple(sorted(set(self.concatenate))),
        )

    def chosen(self, names: Sequence[str]) -> dict[str, Any]:
        """The options of these names alone, as a mapping: what a record says, and what a digest is taken of."""
        return {name: getattr(self, name) for name in names}
