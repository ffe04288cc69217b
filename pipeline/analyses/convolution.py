"""How much of a model's syntax is convolution: heads' kernels, what these explain, and what is left without heads."""

from typing import Any

from treeprobe.pipeline.analyses.convolution_figures import draw_convolution
from treeprobe.pipeline.analyses.head_kernels import HeadKernels, fit_heads
from treeprobe.pipeline.analyses.kernel_survival import Survival, replace_and_measure
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.conditions import IntactProbes
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
    found = IntactProbes.of(subject, options, trains=options.retrain)
    kernels = fit_heads(subject, found.options)
    survival = replace_and_measure(found.subject, found.probes(), kernels, found.options)
    return Findings(
        summary=survival.sentence,
        tables={**kernels.tables, **survival.tables},
        artefacts={"kernels.safetensors": kernels.save},
        figures=lambda folder: draw_convolution(folder, kernels, survival),
        details=_details(found, kernels, survival),
        options=found.options,
    )


def _details(found: IntactProbes, kernels: HeadKernels, survival: Survival) -> dict[str, Any]:
    """What probes were trained and scored on, and what could not be had of this checkpoint."""
    return {
        "sentences_left_out": kernels.left_out,
        "probes": found.details,
        "masked-LM loss": "no masked-LM head" if survival.losses is None else "in masked-lm.csv",
        "logit split": "not defined for this architecture" if kernels.logits is None else "in logits.csv",
        "position codes": "in position-codes.csv" if kernels.codes else "no position embeddings",
    }
