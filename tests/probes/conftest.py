"""Two corpora of random trees for the tests of the probes."""

import pytest

from tests.probes.corpora import Corpus, make_corpus


@pytest.fixture(scope="session")
def train() -> Corpus:
    return make_corpus(300, seed=1)


@pytest.fixture(scope="session")
def dev() -> Corpus:
    return make_corpus(60, seed=2)
