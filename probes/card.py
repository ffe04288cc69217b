"""What a person should know of a saved probe before using it, as the page that the hub shows."""

from treeprobe.hub import card_header
from treeprobe.records import Fields

_CARD = """\
# {kind} probe of layer {layer}, rank {rank}

- **Reads** the states of layer {layer} (0: the embeddings) of **{checkpoint}**, whose weights' digest is
  `{digest}`, as `treeprobe.extraction.extract` aligns them with words. Of another checkpoint it predicts nothing.
- **Trained** with seed {seed}; the epoch was chosen on a validation split.
- **License** of the weights, which derive from the treebank that it was trained on: {license}.

```python
from treeprobe import Encoder, extract
from treeprobe.probes import {name}

probe = {name}.from_pretrained("{repository}")
encoder = Encoder.from_pretrained("…")  # {checkpoint}
probe.predict(extract(encoder, [["The", "chef", "ran", "."]]))
```

A probe shows what can be read off the states, not what the model uses. `probe.json` has its parameters, its training
and the digest of `probe.safetensors`.
"""


def probe_card(record: Fields, *, name: str, repository: str, license: str) -> str:
    """The card of one probe.

    Args:
        record: its `probe.json`.
        name: of its class.
        repository: where it goes, OWNER/NAME.
        license: of the weights, as the hub names licenses.
    """
    parameters, checkpoint = record.part("parameters").content, record.part("identity").content.get("checkpoint", {})
    kind = record.text("kind")
    return card_header(license) + _CARD.format(
        kind=kind.capitalize(),
        layer=parameters.get("layer"),
        rank=parameters.get("rank"),
        seed=parameters.get("seed"),
        checkpoint=checkpoint.get("name", "vectors of no known checkpoint"),
        digest=checkpoint.get("digest"),
        name=name,
        repository=repository,
        license=license,
    )
