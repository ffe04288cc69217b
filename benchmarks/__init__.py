"""What treeprobe costs, and studies behind its defaults: each module is a script, `python -m benchmarks.NAME --help`.

Speed and memory, each as a ratio to something measured beside it:
    probes_speed, extraction_speed, extraction_memory, parsing_scores, sweep_workers
How both grow with words, layers, ranks and seeds, on one figure: growth (`make growth`)
Crashes: extraction_kills, sweep_kills
Studies: the other modules
Shared: measuring (clocks, memory, ratios), inputs (options, treebanks, states)
"""
