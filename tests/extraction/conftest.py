import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from extraction import Encoder, embedded_checkpoint


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    return Encoder.from_pretrained(embedded_checkpoint())
