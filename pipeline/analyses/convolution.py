"""How much of a model's syntax is convolution: heads' kernels, what these explain, and what is left without heads."""

from dataclasses import replace
from typing import Any

from treeprobe.parsing import TreebankError
from treeprobe.pipeline.analyses.convolution_figures import draw_convolution
from treeprobe.pipeline.analyses.head_kernels import HeadKernels, fit_heads
from treeprobe.pipeline.analyses.kernel_survival import Survival, replace_and_measure, train_distance_probes
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import SavedProbes, load_probes
from treeprobe.pipeline.results.findings import Findings
from treeprobe.pipeline.subjects.subject import Subject


def convolution(subject: Subject, options: Options) -> Findings:
    """Fit every head's kernel over the dev split, replace heads by them, and see what distance probes still find.

    The probes are those of a structural analysis, where the subject has one (`probes`), else trained here in the same
    way; without a training split, on the first three quarters of the dev split, and scored on the rest of it. They are
    scored on the states of each condition: intact, every head replaced by its own kernel, by uniform attention, and by
    the kernel of a random other head. With `retrain`, probes are also trained on the replaced models. What a structural
    analysis was told of its probes holds for all of this.

    Raises:
        TreebankError: there are too few sentences to train probes on.
        RelationError: the treebank has no edges, or names no relations.
        FindingsError, ProbeError: the subject's `probes` hold none, or those of another checkpoint.
    """
    saved = None if subject.probes is None else load_probes(subject.probes, subject)
    trains = saved is None or options.retrain
    probed = _divided(subject) if trains and "train" not in subject.splits else subject
    options = options if saved is None else saved.training(options)
    kernels = fit_heads(subject, options)
    probes = train_distance_probes(probed, options) if saved is None else saved.distance
    survival = replace_and_measure(probed, probes, kernels, options)
    return Findings(
        summary=survival.sentence,
        tables={**kernels.tables, **survival.tables},
        artefacts={"kernels.safetensors": kernels.save},
        figures=lambda folder: draw_convolution(folder, kernels, survival),
        details=_details(probed, saved, kernels, survival),
        options=options,
    )


def _divided(subject: Subject) -> Subject:
    """The subject with its dev split divided: three quarters train probes, the last quarter scores them."""
    bank = subject.splits["dev"]
    seen, scored = bank[: 3 * len(bank) // 4], bank[3 * len(bank) // 4 :]
    if len(seen) < 2 or all(len(sentence) < 2 for sentence in scored):
        raise TreebankError(
            f"{bank.path or bank.name}: {len(bank)} sentences are too few to train probes on three quarters of them; "
            "give a treebank to train on"
        )
    return replace(subject, splits={"train": seen, "dev": scored})


def _details(probed: Subject, saved: SavedProbes | None, kernels: HeadKernels, survival: Survival) -> dict[str, Any]:
    """What probes were trained and scored on, and what could not be had of this checkpoint."""
    trained_on = len(probed.splits["train"]) if saved is None else saved.record["splits"]["train"]["sentences"]
    return {
        "sentences_left_out": kernels.left_out,
        "probes": {
            "trained on": trained_on,
            "scored on": len(probed.splits["dev"]),
            "epoch chosen on": "the sentences that are scored" if saved is None else "the run's dev split",
        },
        "masked-LM loss": "no masked-LM head" if survival.losses is None else "in masked-lm.csv",
        "logit split": "not defined for this architecture" if kernels.logits is None else "in logits.csv",
        "position codes": "in position-codes.csv" if kernels.codes else "no position embeddings",
    }
