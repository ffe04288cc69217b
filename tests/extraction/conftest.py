import pytest

from treeprobe.extraction import Encoder, embedded_checkpoint


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    return Encoder.from_pretrained(embedded_checkpoint())
