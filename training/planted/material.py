"""The sentences of the planted models: to train on, to test agreement on, and to fit and score probes on."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from treeprobe.parsing.stimuli import NOUNS_BETWEEN, AgreementPair, agreement_pairs
from treeprobe.training.planted.options import PlantedOptions

_KEPT_FROM_TRAINING = 5
"""One pair of subject and verb in so many is kept from training."""


@dataclass(frozen=True)
class Material:
    """Agreement pairs.

    Attributes:
        train: for the models and the baselines; at most `most_between` nouns between subject and verb.
        test: equally many for each construction and number of attractors, all nouns between being attractors. Some of
            their combinations of subject and verb were never trained, and those with most attractors not either.
        probes: what a probe is trained, chosen and scored on, with up to 3 nouns between.
    """

    train: Sequence[AgreementPair]
    test: Sequence[AgreementPair]
    probes: Mapping[str, Sequence[AgreementPair]]


def draw_material(options: PlantedOptions) -> Material:
    """The pairs that the options describe; no sentence is in two of its parts."""
    between = range(options.most_between + 1)
    drawn = agreement_pairs(options.sentences, seed=options.seed, between=between)
    train = [pair for pair in drawn if not is_new_combination(pair)]
    taken = {pair.sentence.text for pair in drawn}
    seeds = iter(range(options.seed + 1, options.seed + 1000))
    test: list[AgreementPair] = []
    for construction, numbers in NOUNS_BETWEEN.items():
        for number in numbers:
            fresh = agreement_pairs(
                2 * options.test_pairs,
                seed=next(seeds),
                construction=construction,
                between=number,
                attractors=number,
            )
            test += _untaken(fresh, options.test_pairs, taken)
    probes = {}
    for split, share in (("train", 1), ("dev", 6), ("test", 4)):
        count = max(1, options.probe_sentences // share)
        probes[split] = _untaken(agreement_pairs(2 * count, seed=next(seeds)), count, taken)
    return Material(train, test, probes)


def is_new_combination(pair: AgreementPair) -> bool:
    """Whether the pair's subject and verb are kept from training together, as a fifth of all are by a checksum."""
    lemmas = pair.sentence.lemmas
    return zlib.crc32(f"{lemmas[pair.subject]} {lemmas[pair.place]}".encode()) % _KEPT_FROM_TRAINING == 0


def _untaken(pairs: Sequence[AgreementPair], count: int, taken: set[str]) -> list[AgreementPair]:
    """The first pairs whose sentences are not taken yet; they are from now on."""
    free = [pair for pair in pairs if pair.sentence.text not in taken][:count]
    taken.update(pair.sentence.text for pair in free)
    return free
