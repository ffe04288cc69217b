"""Convolution and attention trained side by side on small images: the table and the pictures of the experiment.

    python -m benchmarks.convolution_images --out images/
    python -m benchmarks.convolution_images --cifar cifar-10-batches-bin --patch 2 --epochs 50 --out cifar/

Writes `table.csv`, `history.csv`, and for each variant with heads where their centres move during training and what
the middle pixel attends to, averaged over test images.
"""

import argparse
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from treeprobe.convolution import ImageRun, TrainingOptions, Trunk, cifar10, digits, experiment_table, run_experiment
from treeprobe.files import staged_folder
from treeprobe.reporting import head_centres, query_attention, save_formats


def draw_centres(run: ImageRun, stem: Path) -> None:
    """A panel a layer, two a block: each head's way through training."""
    assert run.centres is not None
    layers = run.centres.shape[1]
    figure = Figure(figsize=(2.5 * -(-layers // 2), 5.4), layout="constrained")
    for layer, panel in enumerate(figure.subplots(2, -(-layers // 2), squeeze=False).ravel()):
        head_centres(run.centres[:, layer], panel, title=f"layer {layer + 1}")
    save_formats(figure, stem)


def draw_attention(run: ImageRun, stem: Path) -> None:
    """A row a layer, a column a head: what the middle pixel attends to."""
    assert run.attention is not None
    layers, heads, rows, columns = run.attention.shape
    figure = Figure(figsize=(0.85 * heads, 1.02 * layers), layout="constrained")
    panels = figure.subplots(layers, heads, squeeze=False)
    for layer in range(layers):
        for head in range(heads):
            query_attention(
                run.attention[layer, head],
                (rows // 2, columns // 2),
                panels[layer, head],
                title=f"{layer + 1}-{head + 1}",
            )
    save_formats(figure, stem)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", type=Path, help="folder cifar-10-batches-bin; scikit-learn's digits unless given")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--patch", type=int, default=1)
    parser.add_argument("--overwrite", action="store_true")
    arguments = parser.parse_args()
    with staged_folder(arguments.out, overwrite=arguments.overwrite) as folder:
        runs = run_experiment(
            digits() if arguments.cifar is None else cifar10(arguments.cifar),
            trunk=Trunk(arguments.channels, arguments.depth, arguments.patch),
            training=TrainingOptions(epochs=arguments.epochs),
            progress=True,
        )
        table = experiment_table(runs)
        table.to_csv(folder / "table.csv", index=False)
        history = [run.history.assign(variant=run.variant) for run in runs]
        pd.concat(history, ignore_index=True).to_csv(folder / "history.csv", index=False)
        for run in runs:
            if run.centres is not None:
                name = run.variant.replace(" ", "-")
                draw_centres(run, folder / f"centres-{name}")
                draw_attention(run, folder / f"attention-{name}")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
