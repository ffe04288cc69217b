"""What treeprobe costs, and studies behind its defaults: each module is a script, `python -m benchmarks.NAME --help`.

Speed and memory, each as a ratio to something measured beside it; `make bench` runs these and makes one table of them:
    probes_speed, extraction_speed, extraction_memory, head_statistics, parsing_scores, sweep_workers, whole_run,
    start_time
How both grow with words, layers, ranks and seeds, on one figure: growth (`make growth`)
On a graphics card: gpu
Crashes: extraction_kills, sweep_kills
Studies: the other modules
Shared: measuring (clocks, memory, ratios), inputs (options, treebanks, states), bare (transformers by itself), table
"""
