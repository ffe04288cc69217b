"""Find syntax inside language models: where it is, whether the model uses it, and how it comes to be there.

The names of first use stand here; each is imported from its package when it is first asked for, so that
`import treeprobe` loads neither torch nor transformers.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treeprobe.extraction import Encoder, embedded_checkpoint, extract, stream_attention
    from treeprobe.parsing import (
        Sentence,
        Treebank,
        load_treebank,
        read_conllu,
        score_depths,
        score_distances,
        write_conllu,
    )
    from treeprobe.pipeline import Parser, embedded_probes
    from treeprobe.probes import DepthProbe, DistanceProbe, fit_all

_HOMES = {
    "DepthProbe": "probes",
    "DistanceProbe": "probes",
    "Encoder": "extraction",
    "Parser": "pipeline",
    "Sentence": "parsing",
    "Treebank": "parsing",
    "embedded_checkpoint": "extraction",
    "embedded_probes": "pipeline",
    "extract": "extraction",
    "fit_all": "probes",
    "load_treebank": "parsing",
    "read_conllu": "parsing",
    "score_depths": "parsing",
    "score_distances": "parsing",
    "stream_attention": "extraction",
    "write_conllu": "parsing",
}

__all__ = [
    "DepthProbe",
    "DistanceProbe",
    "Encoder",
    "Parser",
    "Sentence",
    "Treebank",
    "embedded_checkpoint",
    "embedded_probes",
    "extract",
    "fit_all",
    "load_treebank",
    "read_conllu",
    "score_depths",
    "score_distances",
    "stream_attention",
    "write_conllu",
]

__version__: str


# Hidden from type checkers, which would take any name to be there.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """A name of first use, from its package; `__version__`, from the installed distribution."""
        if name == "__version__":
            return version("treeprobe")
        if name not in _HOMES:
            raise AttributeError(f"module 'treeprobe' has no attribute {name!r}")
        return getattr(import_module(f"treeprobe.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """What `treeprobe.` completes to."""
    return [*__all__, "__version__"]
