"""Training of all probes against its products."""

import torch

from benchmarks.gpu.card import Card
from benchmarks.measuring import Ratio, interleaved
from treeprobe.extraction import Encoder, Reading, extract
from treeprobe.parsing import Scorer, Treebank
from treeprobe.probes import DepthProbe, DistanceProbe, GoldTargets, fit_all
from treeprobe.probes.training import epochs_for

MORE_EPOCHS = 10


def product_seconds(card: Card, *, layers: int, words: int, dim: int, columns: int, dtype: torch.dtype) -> float:
    """Seconds for the projection of a batch of words on all layers, and its gradient, by the card's products alone."""
    generator = {"device": card.name, "dtype": dtype}
    x, b = torch.randn(layers, words, dim, **generator), torch.randn(layers, dim, columns, **generator)
    grad = torch.randn(layers, words, columns, **generator)
    times = 100 if card.is_cuda else 3

    def multiply() -> None:
        for _ in range(times):
            torch.bmm(x, b)
            torch.bmm(x.mT, grad)

    card.timed(multiply)()
    return min(interleaved({"products": card.timed(multiply)}, rounds=3)["products"].wall) / times


def measure_probes(card: Card, encoder: Encoder, bank: Treebank, dev: Treebank) -> list[Ratio]:
    """Training of all probes against their products, in float32 and with products in bfloat16."""
    rows: list[Ratio] = []
    states, held_out = (extract(encoder, each.words, reading=Reading(storage="float16")) for each in (bank, dev))
    gold = GoldTargets(list(bank.distances), list(bank.depths))
    rank = min(128, states.dim)
    words = int(states.lengths.sum())
    scorer = Scorer(dev)
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with card.peak(rows, f"probes, {precision}"):
            probes = [
                kind(layer, rank, device=card.name, precision=precision)
                for layer in states.layers
                for kind in (DistanceProbe, DepthProbe)
            ]
            size = probes[0].batch_size
            epochs = epochs_for(None, sentences=len(bank), batch_size=size)
            once = products = product_seconds(
                card, layers=len(states.layers), words=round(words / len(bank) * size), dim=states.dim,
                columns=2 * rank, dtype=dtype,
            )  # fmt: skip
            products = epochs * once * len(bank) / size
            # More epochs than one trains for, less as many: training alone, without packing gold and reading states.
            more = [
                type(each)(each.layer, rank, epochs=epochs + MORE_EPOCHS, device=card.name, precision=precision)
                for each in probes
            ]
            fit_all(more[:2], states, gold)
            taken = interleaved(
                {
                    "more": card.timed(lambda more=more: fit_all(more, states, gold)),
                    "all": card.timed(lambda probes=probes: fit_all(probes, states, gold)),
                },
                rounds=1,
            )
            everything = taken["all"].wall[0]
            epoch = (taken["more"].wall[0] - everything) / MORE_EPOCHS
            middle = probes[2 * (len(states.layers) // 2)]
            uuas = scorer.distances(middle.predict(held_out))["uuas"].value
            name = f"{len(probes)} probes, products in {precision}"
            rows += [
                Ratio(f"{name}: {epochs} epochs, with packing gold and reading states", everything, unit="s"),
                Ratio(f"{name}: an epoch", epoch, unit="s"),
                Ratio(f"{name}: a step", epoch * size / len(bank) * 1000, unit="ms"),
                Ratio(f"{name}: of an epoch, its products alone", products / epochs, unit="s"),
                *(
                    [Ratio(f"{name}: an epoch against its products alone", epoch * epochs / products, goal=2.0)]
                    if precision == "float32"
                    else []
                ),
                Ratio(f"{name}: UUAS on dev of the probe of layer {middle.layer}", uuas, unit=""),
            ]
    return rows
