"""Counterfactual states: the words of a sentence moved until probes see another given tree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from treeprobe.extraction import StateEdit, on_words
from treeprobe.interventions.erasure import row_space
from treeprobe.interventions.intervention import Intervention, InterventionError
from treeprobe.interventions.seen_trees import AskedTrees, padded
from treeprobe.probes import DistanceProbe
from treeprobe.probes.losses import squared_distances

Heads = Sequence[Sequence[int] | NDArray[np.integer[Any]]]
"""The head of each word of each sentence, words from 0, and -1 for the root."""

SMALLEST_STEP = 1e-6
"""A sentence whose step was halved to below this share of `step` has come to rest without seeing the tree."""


@dataclass(frozen=True)
class Moved:
    """What became of some sentences' words."""

    vectors: Tensor
    """(words, dim) as the model is to go on with them."""
    distances: NDArray[np.float32]
    """(words,) how far each word was moved, in L2 norm."""
    reached: NDArray[np.bool_]
    """(sentences,) whether every probe sees the asked tree now."""
    steps: NDArray[np.int64]
    """(sentences,) steps that were taken; 0 where the tree was seen from the beginning, and nothing was changed."""


class Counterfactual(Intervention):
    """Moves the words of a sentence by gradient descent until probes see another given tree (Tucker et al. 2021).

    The loss is the mean square, over pairs of words and probes, of the difference between predicted and asked
    distance. Words move only in the directions that the probes read: the gradient lies there. A step has the length
    of `step` times the spread of the sentence's words in these directions (the Frobenius norm around their mean); one
    that lowers the loss is taken, and the next is a tenth longer; one that does not is undone and halved.

    A sentence stops as soon as *every* probe sees the asked tree: as soon as that is the minimum spanning tree of each
    probe's predicted distances, any two words not joined by an edge being farther apart than every edge between them
    by more than `margin`. Where they see it from the beginning, no bit changes. It also stops after `max_steps`, or
    where steps have shrunk to nothing; then `Moved.reached` is false.

    Several probes (of several seeds, say) hold more of a redundant encoding than one; Tucker et al. (2022) show that
    one probe alone may leave what the model reads where it was.

    Parameters:
        layer: as in `Intervention`.
        step: length of the first step, as a share of the spread.
        max_steps: steps at most.
        margin: by how much pairs beside the tree must be farther apart, in tree distances. At 0 the tree is just seen.

    Attributes after `fit`:
        matrices_: the probes' matrices, (rank, dim) each.
    """

    kind = "counterfactual"

    matrices_: list[NDArray[np.float32]]

    def __init__(
        self, layer: int | None = None, *, step: float = 0.05, max_steps: int = 500, margin: float = 0.0
    ) -> None:
        super().__init__(layer)
        self.step = step
        self.max_steps = max_steps
        self.margin = margin

    def fit(self, probes: Sequence[DistanceProbe]) -> Self:
        """Take the matrices of fitted probes; nothing is learned.

        Raises:
            InterventionError: there are no probes, or they read vectors of different widths.
        """
        matrices = [probe.matrix_ for probe in probes]
        if not matrices or len({matrix.shape[1] for matrix in matrices}) != 1:
            raise InterventionError(f"probes of matrices {[one.shape for one in matrices]}; expected some of one width")
        self.matrices_, self.identity_ = matrices, probes[0].identity_
        return self

    def apply(self, vectors: Tensor, heads: Heads) -> Moved:
        """Move the words of some sentences, all of them at once.

        Args:
            vectors: (words, dim) of the sentences, back to back.
            heads: the tree that is asked of each sentence.

        Raises:
            InterventionError: the words are not those of the trees, a tree is none, or a vector is not finite.
        """
        check_is_fitted(self, "matrices_")
        lengths = [len(one) for one in heads]
        if sum(lengths) != len(vectors):
            raise InterventionError(f"trees of {sum(lengths)} words for {len(vectors)} vectors")
        with torch.inference_mode(False), torch.no_grad():
            wide = vectors.detach().clone().float()
            if not bool(wide.isfinite().all()):
                raise InterventionError("vectors to be moved are not finite")
            basis = torch.from_numpy(row_space(np.concatenate(self.matrices_).astype(np.float64))).to(wide)
            maps = [torch.from_numpy(matrix.copy()).to(wide) @ basis.T for matrix in self.matrices_]
            start = padded(wide @ basis.T, lengths)
            trees = AskedTrees.of(heads, device=wide.device)
            found, reached, steps = self._descend(start, maps, trees)
            change = (found - start)[trees.mask]
            moved = wide + change @ basis
        distances = change.norm(dim=-1).cpu().numpy()
        return Moved(moved.to(vectors.dtype), distances, reached.cpu().numpy(), steps.cpu().numpy())

    def edit(
        self,
        heads: Heads,
        *,
        random_directions: int | None = None,
        report: Callable[[NDArray[np.int64], Moved], object] | None = None,
    ) -> StateEdit:
        """An edit for `edit_states`: each sentence of the text is moved to see its tree, as its states come by.

        Args:
            heads: the tree that is asked of each sentence of the text.
            random_directions: a seed: the control, in which every word moves as far in a direction drawn evenly from
                all. The same for a sentence whatever its batch.
            report: called with the numbers of a batch's sentences and what became of them.

        Raises:
            InterventionError: in a forward pass, a sentence has not as many words as its tree, or its words are not
                all in one window.
        """
        check_is_fitted(self, "matrices_")

        def move(layer: int, vectors: Tensor, sentences: Tensor, words: Tensor) -> Tensor:
            self.check_layer(layer)
            numbers, asked = sentence_groups(sentences, words, heads)
            moved = self.apply(vectors, asked)
            if report is not None:
                report(numbers, moved)
            if random_directions is None:
                return moved.vectors
            directions = torch.cat(
                [
                    _directions(random_directions, int(number), len(one), vectors.shape[1])
                    for number, one in zip(numbers, asked)
                ]
            ).to(vectors)
            return vectors + directions * torch.from_numpy(moved.distances).to(vectors)[:, None]

        return on_words(move)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The probes' matrices."""
        return {f"matrix_{number:03d}": matrix for number, matrix in enumerate(self.matrices_)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take them back."""
        self.matrices_ = [arrays[name] for name in sorted(arrays)]
        if not self.matrices_ or {matrix.ndim for matrix in self.matrices_} != {2}:
            raise ValueError("expected matrices")

    def _descend(self, start: Tensor, maps: Sequence[Tensor], trees: AskedTrees) -> tuple[Tensor, Tensor, Tensor]:
        """Coordinates in the probes' row space, (sentences, words, rank), moved; if the tree is seen; steps taken."""
        found, sentences = start.clone(), len(start)
        reached = trees.seen(_predicted(start, maps), margin=self.margin)
        steps = torch.zeros(sentences, dtype=torch.int64, device=start.device)
        counts = trees.mask.sum(1)[:, None, None]
        spread = ((start - start.sum(1, keepdim=True) / counts) * trees.mask[..., None]).flatten(1).norm(dim=1)
        length = self.step * spread
        loss, slope = _loss(start, maps, trees)
        active = torch.nonzero(~reached)[:, 0]
        for _ in range(self.max_steps):
            if not len(active):
                break
            part = trees[active]
            norms = slope[active].flatten(1).norm(dim=1).clamp(min=1e-30)
            tried = found[active] - slope[active] * (length[active] / norms)[:, None, None]
            new_loss, new_slope = _loss(tried, maps, part)
            better = new_loss < loss[active]
            taken = active[better]
            found[taken], loss[taken], slope[taken] = tried[better], new_loss[better], new_slope[better]
            length[active] *= torch.where(better, 1.1, 0.5)
            steps[active] += 1
            # A little more than needed, so that rounding cannot undo it.
            reached[taken] = trees[taken].seen(_predicted(found[taken], maps), margin=self.margin, slack=1e-3)
            resting = length[active] < SMALLEST_STEP * self.step * spread[active]
            active = active[~reached[active] & ~resting]
        return found, reached, steps


def sentence_groups(
    sentences: Tensor, words: Tensor, heads: Heads
) -> tuple[NDArray[np.int64], list[Sequence[int] | NDArray[np.integer[Any]]]]:
    """The sentences that the words of a batch belong to, one after the other, and their trees.

    Raises:
        InterventionError: there is no tree for a sentence, or not all of the words of its tree, in order.
    """
    number, word = sentences.cpu().numpy(), words.cpu().numpy()
    begins = np.flatnonzero((np.diff(number, prepend=-2) != 0) | (np.diff(word, prepend=0) <= 0))
    for first, last in zip(begins, [*begins[1:], len(word)]):
        sentence = int(number[first])
        if sentence >= len(heads):
            raise InterventionError(f"sentence {sentence + 1} has no tree; trees were given for {len(heads)} sentences")
        here = word[first:last]
        if len(here) != len(heads[sentence]) or not np.array_equal(here, np.arange(len(here))):
            raise InterventionError(
                f"sentence {sentence + 1} has a tree of {len(heads[sentence])} words, and {len(here)} of its words are "
                "read together; expected all words of the tree, each with a subword, in one window"
            )
    return number[begins], [heads[int(one)] for one in number[begins]]


def _predicted(coordinates: Tensor, maps: Sequence[Tensor]) -> Tensor:
    """(sentences, probes, words, words) squared distances."""
    return torch.stack([squared_distances(coordinates @ one.T) for one in maps], dim=1)


def _loss(coordinates: Tensor, maps: Sequence[Tensor], trees: AskedTrees) -> tuple[Tensor, Tensor]:
    """(sentences,) mean squared error of predicted distances, and its gradient, in the coordinates' shape."""
    weights = trees.pair_weights / len(maps)
    loss, slope = torch.zeros_like(weights[:, 0, 0]), torch.zeros_like(coordinates)
    for one in maps:
        projected = coordinates @ one.T
        errors = squared_distances(projected) - trees.distances
        weighted = errors * weights
        loss += (errors * weighted).sum((1, 2))
        # Each pair stands twice in the sum, and either term depends on both words.
        pulled = weighted.sum(-1, keepdim=True) * projected - weighted @ projected
        slope += 8 * pulled @ one
    return loss, slope


def _directions(seed: int, sentence: int, words: int, dim: int) -> Tensor:
    """(words, dim) unit vectors drawn evenly from all directions."""
    drawn = np.random.default_rng((seed, sentence)).normal(size=(words, dim))
    return torch.from_numpy((drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32))
