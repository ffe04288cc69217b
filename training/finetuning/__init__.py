"""Fine-tuning on tasks of the four shapes of Devlin et al. (2019), figure 3, and on trees, from treebanks and files."""

from treeprobe.training.finetuning.baselines import predict_baselines
from treeprobe.training.finetuning.evaluation import measure, predict_held_out, score_table
from treeprobe.training.finetuning.examples import Span, SpanExample, TextExample, TokenExample
from treeprobe.training.finetuning.finetune import Finetuned, finetune
from treeprobe.training.finetuning.gains import compare_with_apart, paired_gains
from treeprobe.training.finetuning.glue import GLUE, BrokenLines, GlueTask, glue_task
from treeprobe.training.finetuning.metrics import CountedMean, MeanMetric, Metric, SampleMetric
from treeprobe.training.finetuning.options import FinetuningError, FinetuningOptions, TaskFileError
from treeprobe.training.finetuning.prediction import predict
from treeprobe.training.finetuning.shape import Encoded, Shape
from treeprobe.training.finetuning.spans import ContextSpans
from treeprobe.training.finetuning.squad import read_squad, squad_task
from treeprobe.training.finetuning.task import AnyTask, Task, UnseenLabels
from treeprobe.training.finetuning.task_models import SharingOptions
from treeprobe.training.finetuning.texts import TextClasses, TextNumbers
from treeprobe.training.finetuning.together import FinetunedTogether, finetune_together
from treeprobe.training.finetuning.tokens import TokenClasses
from treeprobe.training.finetuning.treebank_tasks import (
    TREEBANK_TASKS,
    dependency_task,
    genre_of,
    genre_task,
    next_sentence_task,
    subject_span_task,
    upos_task,
)
from treeprobe.training.finetuning.trees import DependencyTrees, ParsedTree

__all__ = [
    "GLUE",
    "TREEBANK_TASKS",
    "AnyTask",
    "BrokenLines",
    "ContextSpans",
    "CountedMean",
    "DependencyTrees",
    "Encoded",
    "Finetuned",
    "FinetunedTogether",
    "FinetuningError",
    "FinetuningOptions",
    "GlueTask",
    "MeanMetric",
    "Metric",
    "ParsedTree",
    "SampleMetric",
    "Shape",
    "SharingOptions",
    "Span",
    "SpanExample",
    "Task",
    "TaskFileError",
    "TextClasses",
    "TextExample",
    "TextNumbers",
    "TokenClasses",
    "TokenExample",
    "UnseenLabels",
    "compare_with_apart",
    "dependency_task",
    "finetune",
    "finetune_together",
    "genre_of",
    "genre_task",
    "glue_task",
    "measure",
    "next_sentence_task",
    "paired_gains",
    "predict",
    "predict_baselines",
    "predict_held_out",
    "read_squad",
    "score_table",
    "squad_task",
    "subject_span_task",
    "upos_task",
]
