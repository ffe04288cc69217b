"""A tree as the JSON that spaCy's displaCy draws (`displacy.render(parsed, style="dep", manual=True)`)."""

from collections.abc import Sequence
from typing import Any


def to_displacy(
    words: Sequence[str], heads: Sequence[int], relations: Sequence[str], tags: Sequence[str]
) -> dict[str, Any]:
    """Words with their tags, and an arc for every word but the root, its direction seen from the smaller end."""
    return {
        "words": [{"text": word, "tag": tag} for word, tag in zip(words, tags, strict=True)],
        "arcs": [
            {
                "start": min(head, index),
                "end": max(head, index),
                "label": relations[index],
                "dir": "left" if index < head else "right",
            }
            for index, head in enumerate(heads)
            if head >= 0
        ],
    }
