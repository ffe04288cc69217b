"""Every option of the command line, declared once: the same words and defaults in all commands that have it."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from treeprobe.pipeline.options import CONDITIONS, SENTENCE_POOLINGS, SENTENCE_TASKS, UNTRAINED_METHODS, Options

DEFAULT_CACHE = Path("~/.cache/treeprobe")

Model = Annotated[str, typer.Option(help="A checkpoint folder or a Hugging Face hub name.")]
Before = Annotated[str, typer.Option(help="The checkpoint before training, likewise, of the same architecture.")]
Out = Annotated[Path, typer.Option(help="The folder to write; it appears when everything in it is complete.")]
Device = Annotated[str, typer.Option(help="Where to compute: cpu, cuda, cuda:1, mps.")]
Cache = Annotated[Path, typer.Option(help="Where hidden states are kept between runs.", envvar="TREEPROBE_CACHE")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what the folder holds once the work is done.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print every layer in the closing tables, and the time of each stage.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the closing tables as JSON; all else is on standard error.")]
LogFile = Annotated[
    Path | None, typer.Option(help="Append stages and their seconds, warnings and errors to this file.", dir_okay=False)
]
LogJson = Annotated[
    Path | None, typer.Option(help="Append the same to this file, a JSON object a line.", dir_okay=False)
]
MaxSentences = Annotated[int | None, typer.Option(min=1, help="Read no more than the first so many of each split.")]
Figures = Annotated[bool, typer.Option(help="Draw figures.")]
Seeds = Annotated[int, typer.Option(min=1, help="How many seeds to train each probe with.")]
Layers = Annotated[str | None, typer.Option(help="Layers to probe, with commas between; all unless given.")]

SPLITS: Mapping[str, str] = {
    "train": "Treebank to train on: a CoNLL-U file, a UD folder, or a name: en_ewt.",
    "dev": "Treebank to analyse, likewise; it chooses the epoch and the layer of probes.",
    "test": "Another treebank to score, likewise.",
}
"""What the options of the splits say."""

LANGUAGE_SPLITS: Mapping[str, str] = {
    "train": "Treebanks to train on, one a language, with commas between: files, UD folders, or names: en_ewt,de_gsd.",
    "dev": "Treebanks that choose epochs and the layer, likewise, in the same order.",
    "test": "More treebanks to score, likewise.",
}
"""The same where an analysis reads a list of them."""

PROBES = "Folder of a run of the same checkpoint, whose probes are used."

OPTIONS: Mapping[str, Any] = {
    "ranks": Annotated[
        str, typer.Option(help="Ranks of the probes, with commas between; at most the width of the states.")
    ],
    "seeds": Seeds,
    "layers": Layers,
    "epochs": Annotated[
        int | None, typer.Option(min=1, help="Passes of the probes over the training treebank at most.")
    ],
    "precision": Annotated[
        Literal["float32", "bfloat16"],
        typer.Option(
            help="Number format of the matrix products of the probes' training; bfloat16 is faster where the processor "
            "has instructions for it."
        ),
    ],
    "punctuation": Annotated[
        Literal["auto", "xpos", "upos", "none"],
        typer.Option(
            help="Words that are punctuation, left out of UUAS: by Penn tags in XPOS, by PUNCT in UPOS, none, or by "
            "what the tags of the dev treebank are (auto)."
        ),
    ],
    "text": Annotated[
        Literal["words", "natural"],
        typer.Option(help="What the model reads: words joined by spaces, or the natural sentence (SpaceAfter=No)."),
    ],
    "pooling": Annotated[
        Literal["mean", "first", "last"], typer.Option(help="How subword vectors become a word's vector.")
    ],
    "context": Annotated[
        Literal["sentence", "prefix"],
        typer.Option(
            help="What the model reads for a word: its sentence, or the prefix that ends with it, for probes that see "
            "nothing of what follows; a masked model then takes a pass a word."
        ),
    ],
    "random_baseline": Annotated[bool, typer.Option(help="Also probe the architecture with random weights.")],
    "twins": Annotated[
        int, typer.Option(min=1, help="How many networks of random weights to probe; take 3 for claims about them.")
    ],
    "control": Annotated[bool, typer.Option(help="Also train on control trees, for the selectivity of scores.")],
    "concatenate": Annotated[
        str | None,
        typer.Option(help="Also probe these layers' states joined end to end, with commas between."),
    ],
    "labelled": Annotated[
        bool,
        typer.Option(
            "--labelled",
            help="Also train probes of labelled trees, scored by UAS and LAS: DepProbe, the polar probe, and one of "
            "attention alone.",
        ),
    ],
    "description_length": Annotated[
        bool, typer.Option(help="Also measure the code length of the training trees, given the states.")
    ],
    "samples": Annotated[int, typer.Option(min=0, help="Sentences whose trees are kept for the report.")],
    "ablate": Annotated[bool, typer.Option("--ablate", help="Also ablate each head, and measure what is lost.")],
    "pairs": Annotated[
        Path | None,
        typer.Option(help="Also score the minimal pairs of this JSONL file: sentence_good, sentence_bad, UID a line."),
    ],
    "grammar_pairs": Annotated[
        int, typer.Option(min=0, help="Minimal pairs of the grammar, which is English; 0 for other languages.")
    ],
    "constructions": Annotated[
        str | None, typer.Option(help="Score pairs of these constructions alone, with commas between.")
    ],
    "interventions": Annotated[
        str,
        typer.Option(
            help="What is done to states, with commas between: probe, counterfactual, roles, or a label to erase: "
            "relation, upos, depth, head_upos, head_offset, word."
        ),
    ],
    "sentences": Annotated[
        int,
        typer.Option(
            min=1,
            help="Sentences to measure on, spread evenly; to measure effects, four times as many fit probes and "
            "erasers.",
        ),
    ],
    "methods": Annotated[
        str, typer.Option(help=f"Ways to trees without training, with commas between: {', '.join(UNTRAINED_METHODS)}.")
    ],
    "substitutes": Annotated[
        int, typer.Option(min=0, help="Words that take the place of each word in turn, at most, for substitution.")
    ],
    "sentence_tasks": Annotated[
        str, typer.Option(help=f"What to ask of sentences, with commas between: {', '.join(SENTENCE_TASKS)}.")
    ],
    "sentence_pooling": Annotated[
        str | None,
        typer.Option(
            help=f"What to read of a sentence, with commas between: {', '.join(SENTENCE_POOLINGS)}; mean and cls (last "
            "in decoders) unless given."
        ),
    ],
    "train_sizes": Annotated[
        str, typer.Option(help="How many sentences probes are trained on, several numbers with commas between.")
    ],
    "sharing": Annotated[
        str, typer.Option(help="How tasks share, with commas between: hard, l2, trace-norm, cross-stitch.")
    ],
    "weighting": Annotated[
        str,
        typer.Option(help="How the tasks' losses are weighted, with commas between: equal, fixed, uncertainty."),
    ],
    "strengths": Annotated[str, typer.Option(help="Strengths of penalties of which dev chooses, with commas between.")],
    "families": Annotated[
        str,
        typer.Option(
            help="Families of distance probe, with commas between: linear, orthogonal, bilinear, kernel, poincare."
        ),
    ],
    "baseline": Annotated[
        int, typer.Option(min=0, help="Layer that every layer is set beside: what does it add to this one?")
    ],
    "baseline_model": Annotated[
        str | None,
        typer.Option(
            help="Checkpoint whose layer the baseline is, or 'random weights' for the architecture itself; the "
            "checkpoint itself unless given."
        ),
    ],
    "norm_strengths": Annotated[
        str, typer.Option(help="Prices of the nuclear norm of linear probes, with commas between.")
    ],
    "conditions": Annotated[
        str,
        typer.Option(help=f"Changed texts to score too, with commas between: {', '.join(CONDITIONS)}; '' for none."),
    ],
    "held_out": Annotated[
        str,
        typer.Option(
            help="Constructions to train without and then score, with commas between: questions, passives, or "
            "relations such as acl:relcl; '' for none."
        ),
    ],
    "grammar_sentences": Annotated[
        int, typer.Option(min=0, help="Sentences of the grammar, which is English, to score too.")
    ],
    "retrain": Annotated[bool, typer.Option("--retrain", help="Also train probes on the models with replaced heads.")],
}
"""The fields of `Options`, as the command line takes them."""

_LISTS = (
    "constructions", "interventions", "methods", "sentence_tasks", "sentence_pooling", "sharing", "weighting",
    "families", "conditions", "held_out",
)  # fmt: skip
"""Options that are lists of names, with commas between; two of them stand for all where they are not given."""

DEFAULTS: Mapping[str, Any] = {
    **vars(Options()),
    "ranks": ",".join(map(str, Options().ranks)),
    "seeds": len(Options().seeds),
    "concatenate": None,
    **{
        name: ",".join(getattr(Options(), name)) for name in _LISTS if name not in ("constructions", "sentence_pooling")
    },
    "train_sizes": ",".join(map(str, Options().train_sizes)),
    **{
        name: ",".join(f"{strength:g}" for strength in getattr(Options(), name))
        for name in ("strengths", "norm_strengths")
    },
}
"""The defaults of `Options`, as the command line writes them."""


def parameter(name: str, annotation: Any, *default: Any) -> inspect.Parameter:
    """A parameter of a command, required where it has no default."""
    given = default[0] if default else inspect.Parameter.empty
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=given)


def analysis_parameters(names: Sequence[str]) -> list[inspect.Parameter]:
    """The parameters of some fields of `Options`."""
    return [parameter(name, OPTIONS[name], DEFAULTS[name]) for name in names]


def takes(parameters: Sequence[inspect.Parameter]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command that takes `**given` the parameters of which typer makes its options."""

    def declare(command: Callable[..., None]) -> Callable[..., None]:
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        return command

    return declare


def options_of(given: Mapping[str, Any]) -> Options:
    """The options that a command was given; those that it does not have keep their defaults."""
    read: dict[str, Any] = {name: given[name] for name in OPTIONS if name in given}
    if "ranks" in read:
        read["ranks"] = integers(read["ranks"], least=1)
    if "seeds" in read:
        read["seeds"] = tuple(range(read["seeds"]))
    if read.get("layers") is not None:
        read["layers"] = integers(read["layers"], least=0)
    if "concatenate" in read:
        read["concatenate"] = () if read["concatenate"] is None else integers(read["concatenate"], least=0)
    if read.get("pairs") is not None:
        read["pairs"] = str(Path(read["pairs"]).absolute())
    if "train_sizes" in read:
        read["train_sizes"] = integers(read["train_sizes"], least=2)
    for name in ("strengths", "norm_strengths"):
        if name in read:
            read[name] = positive_numbers(read[name])
    if read.get("baseline_model") is not None and (folder := Path(read["baseline_model"]).expanduser()).is_dir():
        read["baseline_model"] = str(folder.absolute())
    for name in _LISTS:
        if read.get(name) is not None:
            read[name] = tuple(part.strip() for part in read[name].split(",") if part.strip())
    return Options(**read)


def positive_numbers(text: str) -> tuple[float, ...]:
    """Numbers between commas, all above 0. Raises typer.BadParameter for anything else."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}; expected numbers with commas between, such as 0.3,1") from error
    if not all(0 < number < float("inf") for number in numbers):
        raise typer.BadParameter(f"{text!r}; expected numbers above 0")
    return numbers


def integers(text: str, *, least: int) -> tuple[int, ...]:
    """Integers between commas. Raises typer.BadParameter for anything else, and for numbers below `least`."""
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}; expected integers with commas between, such as 16,64") from error
    if any(number < least for number in numbers):
        raise typer.BadParameter(f"{text!r}; expected numbers of at least {least}")
    return numbers
