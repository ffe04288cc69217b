"""Fine-tuning on tasks of the four shapes of Devlin et al. (2019), figure 3, from treebanks and from task files."""

from treeprobe.training.finetuning.examples import Span, SpanExample, TextExample, TokenExample
from treeprobe.training.finetuning.finetune import Finetuned, finetune
from treeprobe.training.finetuning.options import FinetuningError, FinetuningOptions, TaskFileError
from treeprobe.training.finetuning.task import AnyTask, Task, UnseenLabels
from treeprobe.training.finetuning.treebank_tasks import genre_task, next_sentence_task, upos_task

__all__ = [
    "AnyTask",
    "Finetuned",
    "FinetuningError",
    "FinetuningOptions",
    "Span",
    "SpanExample",
    "Task",
    "TaskFileError",
    "TextExample",
    "TokenExample",
    "UnseenLabels",
    "finetune",
    "genre_task",
    "next_sentence_task",
    "upos_task",
]
