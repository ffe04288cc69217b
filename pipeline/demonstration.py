"""The main job on what the package carries: MiniLM, grammar sentences, and natural sentences annotated by hand."""

from pathlib import Path

from treeprobe.extraction import embedded_checkpoint
from treeprobe.parsing import Treebank
from treeprobe.parsing.stimuli import generate, natural_sentences
from treeprobe.pipeline.analysis import analyse
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.findings import Findings
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.subjects.subject import Sources

DEV_SENTENCES = 400
"""Held-out sentences of the grammar; no more than those to train on."""

MEANING = """\
What the numbers mean
  test   40 natural sentences annotated by hand, many with words and constructions that the grammar lacks. This
         is the score to compare with the chain and with random weights; with so few its interval is wide.
  dev    held-out sentences of the grammar, which choose the layer. The probe has seen their constructions and
         most of their words: a high score says that it can learn this grammar from the model's states, no more.
For scores to set beside published ones, train on a treebank:
  treeprobe run --model M --train T.conllu --dev D.conllu --out DIR"""
"""What a person reads below the demo's tables."""


def demo(
    out: str | Path,
    *,
    sentences: int = 3000,
    options: Options | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: Progress = True,
) -> Findings:
    """Run the structural analysis on the embedded checkpoint and sentences, and write everything to `out`.

    Probes train on `sentences` sentences of the grammar and the natural training sentences; held-out grammar
    sentences are dev, held-out natural ones test.
    """
    grammar = generate(sentences + min(sentences, DEV_SENTENCES), seed=0)
    sources = Sources(
        model=embedded_checkpoint(),
        train=Treebank([*grammar[:sentences], *natural_sentences("train")], name="grammar and natural"),
        dev=Treebank(list(grammar[sentences:]), name="grammar"),
        test=natural_sentences("test"),
        device=device,
    )
    return analyse("structure", sources, out, options=options, overwrite=overwrite, progress=progress)
