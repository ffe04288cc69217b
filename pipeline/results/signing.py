"""Signatures of the scores in tables: worked out from the record of an analysis and the cells of a row."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from treeprobe.digests import json_digest
from treeprobe.parsing.scores.scorer import SPEARMAN_LENGTHS
from treeprobe.pipeline.analyses import ANALYSES
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.scores import CHAIN, PROBE_OF, RANDOM_WEIGHTS, SIGNATURE, UNTRANSFORMED
from treeprobe.signature import Signature

SCORES = ("value", "accuracy", "loss", "uuas", "difference")
"""Columns that hold scores. A table that has none of them holds no scores, and has no signatures."""

DIGITS = 8
"""Digits of a digest in a signature."""

AVERAGES: Mapping[str, str] = {
    **dict.fromkeys(("uuas", "uas", "las", "relation_accuracy", "root_accuracy"), "micro"),
    **dict.fromkeys(("dspr", "nspr"), "macro"),
}
"""What a metric is the mean over: all edges, words or sentences alike, or sentence lengths."""

OF_SCORES = ("selectivity_", "conditional_", "control_", "joint_", "baseline_")
"""What stands before the name of a score in those of its differences, and of the same by other probes."""

DECODERS: Mapping[str, str] = {"uuas": "spanning_tree"}
"""How trees are made for a metric where the row does not say it."""

READING = ("text", "pooling", "context")
TRAINING = ("rank", "epochs", "precision", "train", "seeds")
MADE_WITHOUT: Mapping[str, tuple[str, ...]] = {CHAIN: (*READING, *TRAINING), UNTRANSFORMED: TRAINING}
"""What does not apply to baselines: the chain reads no model, and states alone are trained on nothing."""

SAID = frozenset({"ranks", "seeds", "layers", "epochs", "precision", "punctuation", "sentences", *READING, "digest"})
"""Options that have a field of their own in signatures."""
OF_ROWS = frozenset(
    {"random_baseline", "twins", "control", "concatenate", "description_length", "samples", "ablate", "retrain"}
    | {"labelled", "methods"}
    | {"conditions", "held_out", "grammar_sentences"}
    | {"pairs", "constructions", "interventions", "sentence_tasks", "sentence_pooling"}
    | {"train_sizes", "sharing", "weighting", "strengths"}
)  # fmt: skip
"""Options that only decide which rows a table has, or whose value stands in a column of the row."""

FACTORS = ("condition", "training", "edges", "length", "attractors", "marks", "axis")
"""Columns of names of cells, where a table has them: `all` for a factor that is left open."""

CELLS = (
    "metric", "measure", "treebank", "source", "split", "layer", "probe", "trees", "family", "rank", "seed", "seeds",
    "punctuation", "pooling", "decoder", "best", *FACTORS,
)  # fmt: skip
"""Columns that a signature is read from, where a table has them.

`measure` names the score where no `metric` does, `trees` says how trees were made without a probe, and `family` of
which family a probe is where one table has several.
"""


def sign(table: pd.DataFrame, record: Mapping[str, Any]) -> pd.DataFrame:
    """The table with the column `signature`, last; as it is where it holds no scores.

    Args:
        table: one of an analysis.
        record: that of the analysis. An old one lacks some fields, and so do the signatures then.
    """
    scored = next((name for name in SCORES if name in table), None)
    if scored is None or SIGNATURE in table:
        return table
    columns = [name for name in CELLS if name in table]
    unnamed = {} if {"metric", "measure"} & set(columns) else {"metric": scored}
    known: dict[tuple[Any, ...], str] = {}
    found = []
    for cells in table[columns].astype(object).itertuples(index=False, name=None):
        key = tuple(None if pd.isna(cell) else cell for cell in cells)
        if key not in known:
            known[key] = str(signature_of({**unnamed, **dict(zip(columns, key))}, record))
        found.append(known[key])
    return table.assign(**{SIGNATURE: pd.Series(found, index=table.index, dtype=str)})


def signature_of(cells: Mapping[str, Any], record: Mapping[str, Any]) -> Signature:
    """The signature of one score.

    Args:
        cells: what its row says of it, by the names of `CELLS`; None for an empty cell.
        record: that of its analysis.
    """
    metric = str(cells.get("metric") or cells.get("measure") or SCORES[0])
    family, options = _family(metric), _options(record)
    probe = cells.get("probe") or cells.get("trees") or cells.get("family")
    ranks = options.get("ranks") if family in PROBE_OF and "rank" not in cells else None
    said = {
        **_scored(cells, record, limit=options.get("sentences")),
        "analysis": record["analysis"],
        "average": AVERAGES.get(family),
        "lengths": f"{SPEARMAN_LENGTHS[0]}-{SPEARMAN_LENGTHS[-1]}" if AVERAGES.get(family) == "macro" else None,
        "train": _digits(record["splits"].get("train") or record.get("trained")),
        "punctuation": _punctuation(cells, record, family),
        **{name: options.get(name) for name in (*READING, "epochs", "precision")},
        "probe": probe,
        "rank": _asked(max(ranks) if ranks else _number(cells.get("rank")), record),
        "decoder": cells.get("decoder", None if "trees" in cells else DECODERS.get(family)),
        "options": _others(options),
        "seeds": _seeds(cells, options),
        "layer": _number(cells.get("layer")),
        "chosen": "dev" if cells.get("best") else None,
        "cell": _cell(cells),
    }
    said |= {"pooling": cells["pooling"]} if cells.get("pooling") else {}
    said |= dict.fromkeys(MADE_WITHOUT.get(str(probe), ()))
    return Signature(version=record["versions"]["treeprobe"], metric=metric, **said)


def _family(metric: str) -> str:
    """The score that a metric is made of: `uuas` of `selectivity_uuas` and of `uuas_before`."""
    plain = metric
    for prefix in OF_SCORES:
        plain = plain.removeprefix(prefix)
    return next((known for known in AVERAGES if plain == known or plain.startswith(f"{known}_")), plain)


def _scored(cells: Mapping[str, Any], record: Mapping[str, Any], *, limit: int | None) -> dict[str, Any]:
    """What was scored, of which an analysis may read no more than `limit` sentences.

    Rows that do not say their split are of test where there is one, and else of dev.
    A source that is no split of the treebank, such as the grammar's sentences, stands as the treebank's name.
    """
    splits = record["splits"]
    asked = cells.get("split") or cells.get("source") or ("test" if "test" in splits else "dev")
    if asked not in splits:
        return {"treebank": asked} if "split" not in cells else {"treebank": cells.get("treebank"), "split": asked}
    own = splits[asked]
    return {
        "treebank": cells.get("treebank") or record["treebank"],
        "digest": _digits(own),
        "split": asked,
        "sentences": min((size for size in (own.get("sentences"), limit) if size is not None), default=None),
    }


def _options(record: Mapping[str, Any]) -> dict[str, Any]:
    """The options of an analysis, and of the probes that it took over.

    An option that was not there yet when the record was written had its default.
    """
    reads = next((one.options for one in ANALYSES if one.name == record["analysis"]), ())
    taken = (record.get("trained") or {}).get("options", {})
    defaults = {name: value for name, value in vars(Options()).items() if name in reads and name in SAID}
    return {**defaults, **taken, **record["options"]}


def _asked(rank: int | None, record: Mapping[str, Any]) -> int | None:
    """The rank that was asked for where states are narrower: it was lowered to their width, of which it says no more.

    So the full rank of a narrow checkpoint can be compared with that of a wide one.
    """
    asked: Sequence[int] = (record.get("trained") or record).get("ranks_asked") or ()
    if rank is None or rank in asked:
        return rank
    return min((one for one in asked if one > rank), default=rank)


def _others(options: Mapping[str, Any]) -> str | None:
    """The first digits of the digest of the options that have no field of their own and are not the defaults.

    None where there are none. So an option that is new, and left at its default, is no difference to older results.
    """
    defaults = json.loads(json.dumps(vars(Options())))
    plain = json.loads(json.dumps({name: value for name, value in options.items() if name not in SAID | OF_ROWS}))
    own = {name: value for name, value in plain.items() if name not in defaults or value != defaults[name]}
    return json_digest(own)[:DIGITS] if own else None


def _punctuation(cells: Mapping[str, Any], record: Mapping[str, Any], family: str) -> str | None:
    """The rule by which words were left out: `none` where a metric keeps all."""
    if AVERAGES.get(family) == "macro":
        return "none"
    if "punctuation" in cells:
        return None if cells["punctuation"] is None else str(cells["punctuation"])
    rule = (record.get("punctuation") or {}).get("rule")
    return None if family not in AVERAGES or rule is None else str(rule)


def _seeds(cells: Mapping[str, Any], options: Mapping[str, Any]) -> int | None:
    """How many seeds a setting was trained with: a merged row says it; one of a single seed is one of all of them."""
    if "seeds" in cells:
        return _number(cells["seeds"]) or None
    if cells.get("seed") is None:
        return None
    if cells.get("probe") == RANDOM_WEIGHTS:
        return _number(options.get("twins"))
    return len(options["seeds"]) if options.get("seeds") else None


def _cell(cells: Mapping[str, Any]) -> str | None:
    """The class of each factor that is not left open; a number is no name of a class."""
    named = {name: cells.get(name) for name in FACTORS}
    return ",".join(f"{name}={own}" for name, own in named.items() if isinstance(own, str) and own != "all") or None


def _digits(split: Mapping[str, Any] | None) -> str | None:
    """The first digits of a split's digest."""
    return None if split is None else str(split["digest"])[:DIGITS]


def _number(value: Any) -> int | None:
    """A cell that is a whole number, as which layers and ranks are read back from a file; None for any other."""
    try:
        return int(value) if float(value).is_integer() else None
    except (TypeError, ValueError):
        return None
