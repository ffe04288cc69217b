"""Hidden states against the bare pass, and against a plain copy of as many bytes."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from benchmarks.gpu.card import Card
from benchmarks.gpu.model import bare_states, recorded
from benchmarks.measuring import Ratio, interleaved, median_of, ratio
from treeprobe.extraction import Encoder, Reading, extract, word_vectors
from treeprobe.parsing import Treebank

PASSAGE = 32 << 20
"""Bytes that are copied from the card at once."""


def measure_extraction(card: Card, encoder: Encoder, bank: Treebank, *, rounds: int) -> list[Ratio]:
    """How much of extraction's time the bare pass over the same batches takes."""
    rows: list[Ratio] = []
    reading = Reading(storage="float16")
    part = f"extraction, {encoder.dtype}"
    with card.peak(rows, part):
        batches = recorded(word_vectors, "read_site", lambda: extract(encoder, bank.words, reading=reading))
        sides = {
            "bare": card.timed(lambda: bare_states(encoder, batches)),
            "extract": card.timed(lambda: extract(encoder, bank.words, reading=reading)),
        }
        words = sum(map(len, bank.words))
        size = words * len(encoder.layers) * encoder.dim * torch.float16.itemsize
        if card.is_cuda:
            sides["copy"] = lambda: copy_off(card, size)
            copy_off(card, size // 10)
        taken = interleaved(sides, rounds=rounds)
        rate = [words / seconds for seconds in taken["extract"].wall]
        # In bfloat16 the card computes states faster than memory takes them in.
        goal = 0.9 if encoder.dtype == "float32" else None
        rows += [
            ratio(f"{part}: share of the bare pass", taken["bare"], taken["extract"], goal=goal, better="higher"),
            median_of(f"{part}: thousand words a second", [each / 1000 for each in rate], unit="k/s"),
            median_of(f"{part}: extraction", taken["extract"].wall, unit="s"),
            median_of(f"{part}: the bare pass", taken["bare"].wall, unit="s"),
        ]
        if card.is_cuda:
            copies = taken["copy"].wall
            bounds = [max(pair) / whole for *pair, whole in zip(taken["bare"].wall, copies, taken["extract"].wall)]
            name = f"{part}: share of the slower of bare pass and plain copy"
            rows += [
                median_of(name, bounds, goal=0.9, better="higher"),
                median_of(f"{part}: a plain copy of as many bytes", copies, unit="s"),
                median_of(f"{part}: rate of that copy", [size / 1e9 / seconds for seconds in copies], unit="GB/s"),
            ]
    return rows


def copy_off(card: Card, size: int) -> None:
    """Copy so many bytes from the card through pinned memory to memory that is new, by threads, and let it go."""
    there = torch.zeros(PASSAGE, dtype=torch.uint8, device=card.name)
    kept: list[np.ndarray] = []

    def copy_parts(parts: int) -> None:
        stream = torch.cuda.Stream(card.name)
        pinned = torch.empty(PASSAGE, dtype=torch.uint8, pin_memory=True)
        for _ in range(parts):
            with torch.cuda.stream(stream):
                pinned.copy_(there, non_blocking=True)
            stream.synchronize()
            kept.append(pinned.numpy().copy())

    threads = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(copy_parts, [-(-size // (PASSAGE * threads))] * threads))
