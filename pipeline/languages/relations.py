"""Do relations of several languages fall together? Dependents seen from their heads, in a probe's space.

Chi et al. (2020), section 5: the vector of an edge is B(h_head - h_dependent), drawn in two dimensions by t-SNE.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree
from sklearn.manifold import TSNE

from treeprobe.parsing import Sentence
from treeprobe.parsing.treebanks import Split, labelled_edges
from treeprobe.pipeline.languages.spaces import FittedSpace, Languages
from treeprobe.probes.states import evenly_spaced

RELATIONS = 7
"""Relations that are compared: those that all languages have most of."""
_MOST_EDGES, _MOST_OF_A_KIND = 2000, 60
_OF_ONE_SENTENCE = 9
"""Neighbours that are looked at, since the nearest may be edges of the same sentence."""
_LEFT_OUT = frozenset({"punct"})


@dataclass(frozen=True)
class Edges:
    """Gold edges, as many of each language and relation.

    Attributes:
        language, relation: of each edge, (edges,).
        sentence: its number in its split of its language, (edges,).
        dependent, head: words of that sentence, from 0, (edges,).
    """

    language: NDArray[np.str_]
    relation: NDArray[np.str_]
    sentence: NDArray[np.int64]
    dependent: NDArray[np.int64]
    head: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of edges."""
        return len(self.sentence)


def sample_edges(banks: Mapping[str, Sequence[Sentence]]) -> Edges:
    """Edges of the relations that are frequent in every language, spread evenly through its treebank.

    Of each language and relation as many as the rarest has, at most 60; some 2,000 in all. There may be none.
    """
    found: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for name, bank in banks.items():
        for number, sentence in enumerate(bank):
            for dependent, head, relation in labelled_edges(sentence):
                found.setdefault((name, relation), []).append((number, dependent, head))
    least = Counter(
        {
            relation: min(len(found.get((name, relation), ())) for name in banks)
            for relation in dict.fromkeys(relation for _, relation in found)
            if relation not in _LEFT_OUT
        }
    )
    chosen = [relation for relation, count in least.most_common(RELATIONS) if count >= 2]
    if len(chosen) < 2:
        return Edges(*(np.array([], dtype=kind) for kind in (str, str, np.int64, np.int64, np.int64)))
    most = min(_MOST_OF_A_KIND, _MOST_EDGES // (len(chosen) * len(banks)), min(least[one] for one in chosen))
    rows = [
        (name, relation, *found[name, relation][place])
        for name in banks
        for relation in chosen
        for place in evenly_spaced(len(found[name, relation]), most=max(2, most))
    ]
    columns = zip(*rows)
    return Edges(*(np.array(column) for column in columns))


def edge_vectors(languages: Languages, split: Split, fitted: FittedSpace, layer: int, edges: Edges) -> NDArray[Any]:
    """B(h_head - h_dependent) of each edge in the space of a layer's probe, (edges, rank)."""
    probe = fitted.probe(layer)
    vectors = np.zeros((len(edges), len(probe.matrix_)), np.float32)
    for name in languages.names:
        states, _ = languages.some(split, (name,))
        for row in np.flatnonzero(edges.language == name):
            (words,) = states.read([int(edges.sentence[row])], [layer])
            vectors[row] = (words[edges.head[row]] - words[edges.dependent[row]]) @ probe.matrix_.T
    return vectors


def agreement(vectors: NDArray[Any], edges: Edges) -> dict[str, float]:
    """Share of the edges whose nearest edge of another sentence has the same relation.

    `within` looks among edges of the same language, `across` among those of the others; `chance` is what a nearest edge
    drawn at random would have.
    """
    counts = {"within": 0, "across": 0}
    for name in dict.fromkeys(edges.language.tolist()):
        own = edges.language == name
        for where, candidates in (("within", own), ("across", ~own)):
            rows = np.flatnonzero(candidates)
            if not len(rows):
                continue  # there is one language
            near = KDTree(vectors[rows]).query(vectors[own], k=min(len(rows), _OF_ONE_SENTENCE))[1]
            for edge, places in zip(np.flatnonzero(own), near.reshape(own.sum(), -1), strict=True):
                others = rows[places]
                free = others[(edges.sentence[others] != edges.sentence[edge]) | (where == "across")]
                counts[where] += bool(len(free)) and bool(edges.relation[free[0]] == edges.relation[edge])
    chance = 1 / len(set(edges.relation.tolist()))
    return {**{where: count / len(edges) for where, count in counts.items()}, "chance": chance}


def drawn_points(vectors: NDArray[Any], edges: Edges, *, space: str) -> pd.DataFrame:
    """The edges in two dimensions by t-SNE, a row each: space, language, relation, x, y."""
    perplexity = min(30.0, (len(edges) - 1) / 3)
    points = TSNE(2, perplexity=perplexity, init="pca", random_state=0, n_jobs=1).fit_transform(vectors)
    return pd.DataFrame(
        {
            "space": space,
            "language": edges.language,
            "relation": edges.relation,
            "x": points[:, 0],
            "y": points[:, 1],
        }
    )
