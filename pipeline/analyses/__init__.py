"""The registry of analyses: what runs on a checkpoint and a treebank. Command, sweep, dry run and report read it.

An analysis is a function (subject, options) -> findings, in a module of this package that is imported when needed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from treeprobe.pipeline.options import Options, OptionsError

if TYPE_CHECKING:
    from treeprobe.parsing.treebanks import Split
    from treeprobe.pipeline.results.findings import Findings
    from treeprobe.pipeline.subjects.subject import Subject

Need = Literal["required", "optional", "none"]


@dataclass(frozen=True)
class Analysis:
    """An analysis as the registry names it.

    Attributes:
        help: what it does, in a line; `command` is its name on the command line, `module` where it is defined: the
            function has the module's name.
        options: the fields of `Options` that it reads; a result depends on no others.
        splits: the splits that it reads, and whether it can do without them.
        probes: whether it takes the probes of a structural analysis of the same checkpoint.
        carried: whether it scores those on another treebank than they were trained on.
        languages: whether it reads several treebanks as one, so that each split is a list of them.
        before: whether it compares the checkpoint with an earlier one.
    """

    name: str
    help: str
    options: tuple[str, ...]
    splits: Mapping["Split", Need]
    probes: Need = "none"
    carried: bool = False
    languages: bool = False
    before: bool = False
    command: str = ""

    def load(self) -> "Callable[[Subject, Options], Findings]":
        """The function itself."""
        function: Callable[[Subject, Options], Findings] = getattr(import_module(f"{__name__}.{self.name}"), self.name)
        return function


_PROBES = ("ranks", "seeds", "layers", "epochs", "precision", "punctuation", "text", "pooling", "context")
_SHARED = ("ranks", "seeds", "layers", "epochs", "punctuation", "text", "pooling", "context")
_CAUSAL = ("interventions", "layers", "seeds", "sentences", "epochs", "punctuation", "text")
_ALL: Mapping["Split", Need] = MappingProxyType({"train": "required", "dev": "required", "test": "optional"})

ANALYSES = (
    Analysis(
        "structure",
        "Train structural probes on every layer, recover trees, score them, and draw.",
        (*_PROBES, "random_baseline", "twins", "control", "concatenate", "labelled", "description_length", "samples"),
        _ALL,
        command="run",
    ),
    Analysis(
        "labelled_trees",
        "Train DepProbe on every layer: directed, labelled trees, and how many of their heads and relations are right.",
        (*_SHARED, "random_baseline", "twins"),
        _ALL,
        command="labelled-trees",
    ),
    Analysis(
        "heads",
        "Find what each attention head looks at, and which syntax it tracks.",
        ("punctuation", "text", "ablate"),
        MappingProxyType({"train": "optional", "dev": "required"}),
        probes="optional",
    ),
    Analysis(
        "convolution",
        "Measure how convolutional every head is, and what survives when heads are replaced by their convolution.",
        (*_PROBES, "retrain"),
        MappingProxyType({"train": "optional", "dev": "required"}),
        probes="optional",
    ),
    Analysis(
        "positions",
        "Run the model with other position codes, and measure how much of its syntax stands on them.",
        _PROBES,
        MappingProxyType({"train": "optional", "dev": "required"}),
        probes="optional",
    ),
    Analysis(
        "behaviour",
        "Score minimal pairs: how often the grammatical sentence is the more probable one.",
        ("text", "pairs", "grammar_pairs", "constructions"),
        MappingProxyType({"train": "optional", "dev": "required", "test": "optional"}),
        probes="optional",
    ),
    Analysis(
        "perplexity",
        "Measure how well the language model predicts the text of a treebank.",
        ("text",),
        MappingProxyType({"dev": "required", "test": "optional"}),
    ),
    Analysis(
        "causal",
        "Change what probes find, and measure whether the model behaves otherwise: is the tree used?",
        (*_CAUSAL, "pairs", "grammar_pairs", "constructions"),
        MappingProxyType({"train": "required", "dev": "required"}),
    ),
    Analysis(
        "multitask",
        "Train probes of distances, depths and relations apart and shared: when does sharing help?",
        (*_SHARED, "train_sizes", "sharing", "weighting", "strengths"),
        MappingProxyType({"train": "required", "dev": "required", "test": "required"}),
    ),
    Analysis(
        "effort",
        "Measure what each layer adds to a baseline, and what it takes to read it: representation or probe?",
        (*_SHARED, "families", "baseline", "baseline_model", "norm_strengths"),
        _ALL,
    ),
    Analysis(
        "transfer",
        "Score the probes of a run on another treebank.",
        ("punctuation",),
        MappingProxyType({"dev": "required", "test": "optional"}),
        probes="required",
        carried=True,
    ),
    Analysis(
        "languages",
        "Fit probes on several languages, on all but each and on all, and score them on every language.",
        (*_PROBES, "random_baseline"),
        _ALL,
        languages=True,
    ),
    Analysis(
        "moved",
        "Compare a checkpoint with what it was trained from: what became of the trees, and which layers moved.",
        _PROBES,
        _ALL,
        probes="optional",
        before=True,
    ),
    Analysis(
        "card",
        "Score a probe's trees without known biases: by length, attractors, changed words and held-out constructions.",
        (*_PROBES, "random_baseline", "conditions", "held_out", "grammar_sentences"),
        _ALL,
        probes="optional",
    ),
    Analysis(
        "sentence_probes",
        "Probe whole sentences: their length, depth, constituents, number, tense and word order, from one vector each.",
        ("sentence_tasks", "sentence_pooling", "layers", "text", "random_baseline"),
        _ALL,
        command="sentence-probes",
    ),
    Analysis(
        "untrained",
        "Recover trees without training: by masking in pairs, by substitution, by spans without context, from heads.",
        ("methods", "sentences", "substitutes", "punctuation", "text"),
        MappingProxyType({"dev": "required", "test": "optional"}),
    ),
    Analysis(
        "covariates",
        "Measure what scores may go with: a treebank's size, lengths and morphology, and how its words are tokenized.",
        ("text",),
        MappingProxyType({"train": "optional", "dev": "required", "test": "optional"}),
    ),
)


def find_analysis(name: str) -> Analysis:
    """The analysis of a name. Raises OptionsError when there is none."""
    for analysis in ANALYSES:
        if analysis.name == name:
            return analysis
    raise OptionsError(f"unknown analysis {name}; expected one of {', '.join(one.name for one in ANALYSES)}")
