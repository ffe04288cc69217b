"""An atlas of languages whose relations are known: one treebank, and the same trees in other orders and letters.

    python -m benchmarks.atlas --treebank en_ewt --out FOLDER [--sentences 200] [--epochs 10] [--models MODEL ...]

Writes the languages as CoNLL-U files, MiniLM and its random twin as checkpoints unless others are given, makes the
atlas of them as `treeprobe atlas` does, and prints its tables in Markdown. A run that was cut off goes on.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.inputs import parser, read_bank
from treeprobe.extraction import Encoder, embedded_checkpoint
from treeprobe.files import staged_folder
from treeprobe.parsing import Sentence, Treebank, write_conllu
from treeprobe.parsing.stimuli import scramble
from treeprobe.parsing.stimuli.scrambling import reordered
from treeprobe.pipeline import Options, Workers
from treeprobe.pipeline.atlas.charts import Atlas
from treeprobe.pipeline.atlas.making import AtlasPlan, make_atlas
from treeprobe.training.bilingual import shifted_sentence
from treeprobe.training.models import save_checkpoint

Rule = Callable[[Sentence, int], str]
"""Where a head stands among its dependents: `first`, `last`, or `kept` in place."""


def main() -> None:
    arguments = declared().parse_args()
    if arguments.out is None:
        raise SystemExit("--out: found none; expected the folder to write in")
    languages = write_languages(arguments)
    models = arguments.models or [str(model) for model in write_models(arguments.out / "models")]
    options = Options(
        ranks=(arguments.rank,),
        seeds=range(arguments.seeds),
        layers=arguments.layers,
        epochs=arguments.epochs,
        punctuation="upos",
        random_baseline=False,
        control=False,
    )
    plan = AtlasPlan(
        models=models,
        languages=languages,
        out=arguments.out / "sweep",
        options=options,
        joint=arguments.joint,
        device=arguments.device,
    )
    made = make_atlas(plan, workers=Workers(arguments.jobs), progress="stages")
    print(markdown(made.atlas), made.atlas.summary, *made.failures.values(), sep="\n\n")


def declared() -> argparse.ArgumentParser:
    """The options."""
    made = parser(__doc__, sentences=200)
    made.add_argument("--models", nargs="*", default=[], help="checkpoints; MiniLM and its random twin unless given")
    made.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES), help="which of them")
    made.add_argument("--epochs", type=int, help="of the probes at most")
    made.add_argument("--rank", type=int, default=64, help="of the probes")
    made.add_argument("--seeds", type=int, default=2, help="of the probes")
    made.add_argument("--layers", type=int, nargs="+", help="probed; all unless given")
    made.add_argument("--joint", action="store_true", help="fit joint spaces too")
    made.add_argument("--device", default="cpu")
    made.add_argument("--jobs", type=int, default=1, help="tasks at once")
    return made


def write_languages(arguments: argparse.Namespace) -> list[str]:
    """Write each language's splits into a folder of its name; returns the folders."""
    folders = {name: arguments.out / "languages" / name for name in arguments.languages}
    for split in ("train", "dev"):
        bank = read_bank(arguments, split)
        for name, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            write_conllu(Treebank([LANGUAGES[name](one) for one in bank]), folder / f"{name}-{split}.conllu")
    return [f"{name}={folder}" for name, folder in folders.items()]


def write_models(folder: Path) -> list[Path]:
    """MiniLM and the same architecture with random weights."""
    encoder = Encoder.from_pretrained(embedded_checkpoint())
    for name, each in (("MiniLM", encoder), ("MiniLM-random", encoder.with_random_weights(seed=0))):
        if not (folder / name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            with staged_folder(folder / name) as staging:
                save_checkpoint(each.model, each.tokenizer, staging)
    return [folder / "MiniLM", folder / "MiniLM-random"]


def linearized(sentence: Sentence, rule: Rule) -> Sentence:
    """The words of a sentence in the order that its heads give, dependents among themselves as they were."""
    dependents: dict[int, list[int]] = {word: [] for word in range(-1, len(sentence))}
    for word, head in enumerate(sentence.heads):
        dependents[head].append(word)

    def below(word: int) -> list[int]:
        own = dependents[word]
        before = {"first": [], "last": own}.get(rule(sentence, word), [one for one in own if one < word])
        parts = [*map(below, before), [word], *(below(one) for one in own if one not in before)]
        return [place for part in parts for place in part]

    return reordered(sentence, below(dependents[-1][0]))


def ordered(side: str, *, tags: Sequence[str] = ()) -> Callable[[Sentence], Sentence]:
    """Heads first or last: all, or those of some tags while all others stay in their places."""
    return lambda one: linearized(one, lambda own, word: side if not tags or own.upos[word] in tags else "kept")


LANGUAGES: dict[str, Callable[[Sentence], Sentence]] = {
    "english": lambda one: one,
    "verb-final": ordered("last", tags=("VERB",)),
    "verb-first": ordered("first", tags=("VERB",)),
    "head-final": ordered("last"),
    "head-first": ordered("first"),
    "mirrored": lambda one: reordered(one, list(range(len(one)))[::-1]),
    "scrambled": scramble,
    "fullwidth": shifted_sentence,
}
"""Each language as a change of every sentence: orders of heads, all words backwards or anyhow, and other letters."""


def markdown(atlas: Atlas) -> str:
    """Own scores and mean losses of every language, a row each."""
    scores, transfer = atlas.tables["scores"], atlas.tables["transfer"].dropna(subset="loss_low")
    covariates = atlas.tables["covariates"].set_index(["checkpoint", "treebank", "measure"])["value"]
    lines = [
        "| checkpoint | language | own probes | chain | lost by others, mean | lost by english | subwords a "
        "word | unknown |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (checkpoint, language), rows in scores.groupby(["checkpoint", "treebank"], sort=False):
        own, chain = (rows[(rows["probe"] == probe) & (rows["metric"] == "uuas")] for probe in ("distance", "chain"))
        lost = transfer[(transfer["checkpoint"] == checkpoint) & (transfer["treebank"] == language)]
        english = lost[lost["trained_on"] == "english"]
        words = [covariates[checkpoint, language, name] for name in ("subwords_per_word", "unknown_words")]
        cells = [
            checkpoint, language, _interval(own), f"{chain['value'].iloc[0]:.3f}", f"{lost['loss'].mean() * 100:.1f}",
            "" if english.empty else _interval(english, column="loss", scale=100), f"{words[0]:.2f}",
            f"{words[1]:.1%}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _interval(rows: pd.DataFrame, *, column: str = "value", scale: float = 1.0) -> str:
    """A value with its interval."""
    names = (column, *(("low", "high") if column == "value" else (f"{column}_low", f"{column}_high")))
    value, low, high = (float(rows[name].iloc[0]) * scale for name in names)
    digits = 3 if scale == 1 else 1
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


if __name__ == "__main__":
    main()
