"""The examples at the end of each command's help; a test reads them with the commands' own parsers."""

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "run": (
        "treeprobe run --model bert-base-cased --train en_ewt --dev en_ewt --out bert",
        "treeprobe run --model ckpt/ --train t.conllu --dev d.conllu --out run --json",
    ),
    "labelled-trees": ("treeprobe labelled-trees --model ckpt/ --train en_ewt --dev en_ewt --out las",),
    "heads": ("treeprobe heads --model bert-base-cased --dev en_ewt --out heads",),
    "convolution": ("treeprobe convolution --model ckpt/ --dev en_ewt --probes bert --out conv",),
    "positions": ("treeprobe positions --model ckpt/ --train en_ewt --dev en_ewt --out codes",),
    "behaviour": (
        "treeprobe behaviour --model ckpt/ --train en_ewt --dev en_ewt --out choices",
        "treeprobe behaviour --model gpt2 --dev en_ewt --pairs own.jsonl --out gpt2",
    ),
    "perplexity": ("treeprobe perplexity --model ckpt/ --dev en_ewt --out perplexity",),
    "causal": ("treeprobe causal --model ckpt/ --train en_ewt --dev en_ewt --out causal",),
    "multitask": ("treeprobe multitask --model ckpt --train ud --dev ud --test ud --out shared",),
    "effort": (
        "treeprobe effort --model ckpt/ --train en_ewt --dev en_ewt --out effort",
        "treeprobe effort --model b/ --train t --dev d --baseline-model gpt2 --out e",
    ),
    "transfer": ("treeprobe transfer --model ckpt/ --probes bert --dev de_gsd --out german",),
    "languages": ("treeprobe languages --model mbert/ --train en/,de/ --dev en/,de/ --out two",),
    "moved": ("treeprobe moved --model new/ --before old/ --train t --dev d --out moved",),
    "card": (
        "treeprobe card --model ckpt/ --train ud --dev ud --test ud --out card",
        "treeprobe card --model ckpt/ --probes bert --train t --dev d --out card",
    ),
    "sentence-probes": (
        "treeprobe sentence-probes --model b/ --train en_ewt --dev en_ewt --out cls",
        "treeprobe sentence-probes --model gpt2 --train t --dev d --out gpt2",
    ),
    "untrained": (
        "treeprobe untrained --model ckpt/ --dev en_ewt --test en_ewt --out trees",
        "treeprobe untrained --model b/ --dev d --sentences 500 --out trees",
    ),
    "covariates": ("treeprobe covariates --model mbert/ --train fi/ --dev fi/ --out finnish",),
    "demo": ("treeprobe demo --out demo-output",),
    "parse": (
        'treeprobe parse "The chef who ran to the store was out of food."',
        'treeprobe parse --probe bert "The chef ran." --out chef.svg --out chef.tex',
        "treeprobe parse --probe bert --from sentences.txt --layer 5 --format conllu",
    ),
    "show": (
        'treeprobe show "The chef who ran to the store was out of food."',
        "treeprobe show --probe bert --gold chef.conllu --out chef.html",
    ),
    "sweep": (
        "treeprobe sweep --models run/ --train en_ewt --dev en_ewt --out sweep",
        "treeprobe sweep --models run/ --treebanks list.txt --out sweep --dry-run",
        "treeprobe sweep --models run/ --train t --dev d --out sweep --task 3/8",
        "treeprobe sweep --models run/ --train t --dev d --out sweep --submit slurm",
    ),
    "status": ("treeprobe status sweep",),
    "report": ("treeprobe report bert",),
    "publish": (
        "treeprobe publish bert --to me/bert-ewt-probes --license cc-by-sa-4.0",
        "treeprobe publish bert --out travelling --license cc-by-sa-4.0",
    ),
    "compare": (
        "treeprobe compare runs/first runs/second",
        "treeprobe compare tuned base --sweep sweep/ --out table.tex",
    ),
    "reproduce": (
        "treeprobe reproduce --list",
        "treeprobe reproduce treeprobe-minilm-en_ewt --out again",
        "treeprobe reproduce clark-2019-heads --model bert --dev wsj.conllu --out c",
    ),
    "collect": ("treeprobe collect sweeps/first sweeps/second --out results",),
    "rank": (
        "treeprobe rank sweep/",
        "treeprobe rank runs/first runs/second --figure ranking.pdf",
    ),
    "pretrain": (
        "treeprobe pretrain --text en_ewt --held-out en_ewt --out tiny",
        "treeprobe pretrain --text own.txt --out ltr --left-to-right",
        "treeprobe pretrain --text own.txt --batch-size 4 --show-batch",
    ),
    "fill-mask": ('treeprobe fill-mask --model tiny/step-6000 "The [MASK] is here."',),
    "checkpoints": ("treeprobe checkpoints --treebank en_ewt-train.conllu --out family",),
    "ablations": ("treeprobe ablations --train en_ewt --dev en_ewt --out ablations --jobs 2",),
    "finetune": (
        "treeprobe finetune --model ckpt/ --task upos --data en_ewt --out tuned",
        "treeprobe finetune --model ckpt --task dependencies --data en_ewt --out las",
        "treeprobe finetune --model ckpt/ --task mrpc --data glue_data --out mrpc",
    ),
    "finetune-together": ("treeprobe finetune-together --model m --tasks upos,genre --data ud --out two",),
    "planted": ("treeprobe planted --out planted",),
    "verify": (
        "treeprobe verify bert-base-cased --out verified/bert",
        "treeprobe verify ckpt/ --treebank de_gsd --json",
        "treeprobe verify --architectures --out architectures",
    ),
    "doctor": ("treeprobe doctor",),
    "atlas": (
        "treeprobe atlas --models mbert/ --languages en_ewt,de_gsd,fi_tdt --out atlas",
        "treeprobe atlas --models b/,c/ --languages list.txt --out atlas --retry",
    ),
    "bilingual": ("treeprobe bilingual --train en_ewt --dev en_ewt --out two-languages",),
    "cache": ("treeprobe cache ls", "treeprobe cache rm MiniLM-0f3a"),
}


def examples_of(command: str) -> str:
    """The examples of a command as the last paragraphs of its help, each on a line of its own that is not wrapped."""
    return "\n\n".join(["Examples:", *(f"    {line}" for line in EXAMPLES[command])])
