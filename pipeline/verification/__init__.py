"""What treeprobe reads of a model, held to a plain loop of transformers: of one checkpoint, of many architectures."""

from treeprobe.pipeline.verification.card import card_text, record_of, write_card
from treeprobe.pipeline.verification.checks import Check
from treeprobe.pipeline.verification.table import ArchitectureRow, architecture_text, verify_architectures
from treeprobe.pipeline.verification.verifying import Verification, verify

__all__ = [
    "ArchitectureRow",
    "Check",
    "Verification",
    "architecture_text",
    "card_text",
    "record_of",
    "verify",
    "verify_architectures",
    "write_card",
]
