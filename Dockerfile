# treeprobe with everything that its demo and its tests need, the browser of the report's tests included.
#
#     docker build --tag treeprobe .
#     docker run --rm --volume "$PWD/out:/out" treeprobe demo --out /out/demo
#     docker run --rm --entrypoint make treeprobe tests
#
# On a cluster: apptainer build treeprobe.sif docker-daemon://treeprobe:latest
FROM python:3.12-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium chromium-driver git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /treeprobe
# Dependencies first, so that a change of the sources does not install them anew. PyTorch without CUDA, a tenth of the
# size: for GPUs, build with --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY constraints.txt ./
RUN python -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --constraint constraints.txt --index-url "$TORCH_INDEX" torch
COPY . .
RUN .venv/bin/pip install --no-cache-dir --constraint constraints.txt --editable ".[dev]" \
    && touch .venv/dev-installed .venv/demo-installed \
    && make links

ENV PATH=/treeprobe/.venv/bin:$PATH \
    TREEPROBE_CACHE=/cache
RUN useradd --create-home treeprobe \
    && mkdir -p /cache /out \
    && chown -R treeprobe /cache /out /treeprobe
USER treeprobe
ENTRYPOINT ["treeprobe"]
CMD ["--help"]
