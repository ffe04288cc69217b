"""Text to train on: documents of sentences, from a treebank or from plain text."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from treeprobe.digests import json_digest
from treeprobe.parsing import Sentence, load_treebank
from treeprobe.parsing.treebanks import Split
from treeprobe.training.options import PretrainingError, PretrainingOptions

Documents = Sequence[Sequence[str]]
"""Documents, each of them its sentences in order."""


def read_documents(name: str | Path, *, split: Split = "train") -> Documents:
    """Read text to train on.

    Args:
        name: a file of plain text, one sentence a line, with blank lines between documents; or whatever
            `load_treebank` takes: a CoNLL-U file, a folder of a UD release, or a UD name.
        split: which split of a treebank.

    Raises:
        PretrainingError: the file holds no text, or is not UTF-8.
        TreebankError: there is no such file or treebank.
    """
    path = Path(name)
    if not path.is_file() or path.suffix == ".conllu":
        return split_documents(load_treebank(name, split=split))
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise PretrainingError(f"{path}: byte {error.start} is not UTF-8; expected plain text in UTF-8") from error
    except OSError as error:
        raise PretrainingError(f"{path}: cannot be read: {error.strerror}") from error
    documents: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            documents[-1].append(line.strip())
        elif documents[-1]:
            documents.append([])
    if not documents[0]:
        raise PretrainingError(f"{path} holds no text; expected one sentence a line, blank lines between documents")
    return [document for document in documents if document]


def documents_of(text: Sequence[Sentence] | Documents) -> Documents:
    """The documents of a treebank's sentences; documents as they are."""
    if len(text) and isinstance(text[0], Sentence):
        return split_documents(cast("Sequence[Sentence]", text))
    return cast(Documents, text)


def split_documents(sentences: Sequence[Sentence]) -> Documents:
    """Group the sentences' texts by document, as `# newdoc` comments divide them; without any, one document."""
    documents: list[list[str]] = []
    for sentence in sentences:
        if not documents or any(key.startswith("newdoc") for key in sentence.metadata):
            documents.append([])
        documents[-1].append(sentence.text)
    return documents


def hold_out(documents: Documents, *, share: float, seed: int = 0) -> tuple[Documents, Documents]:
    """Divide documents into those to train on and those to evaluate on, at random.

    Args:
        share: of the sentences that are held out, in whole documents; of a single document, its end.

    Returns:
        documents to train on, documents that are held out.

    Raises:
        PretrainingError: nothing would be left of either.
    """
    wanted = share * sum(map(len, documents))
    if len(documents) == 1:
        end = len(documents[0]) - round(wanted)
        training, held = [documents[0][:end]], [documents[0][end:]]
    else:
        order = np.random.default_rng(seed).permutation(len(documents))
        before = np.cumsum([0, *(len(documents[place]) for place in order[:-1])])
        chosen = set(order[before < wanted].tolist())
        training, held = (
            [document for place, document in enumerate(documents) if (place in chosen) == out] for out in (False, True)
        )
    if not sum(map(len, training)) or not sum(map(len, held)):
        raise PretrainingError(
            f"{len(documents)} documents of {sum(map(len, documents))} sentences cannot be divided with a share of "
            f"{share}; expected text on both sides"
        )
    return training, held


def check_documents(documents: Documents, options: PretrainingOptions, *, kind: str = "text") -> None:
    """Refuse text that is too short for the objective.

    Raises:
        PretrainingError: fewer than two sentences, or no document of two where the next sentence is predicted.
    """
    sentences = sum(map(len, documents))
    if sentences < 2:
        raise PretrainingError(f"{sentences} sentences of {kind}; expected at least two to train on")
    if options.next_sentence and max(map(len, documents)) < 2:
        raise PretrainingError(
            f"{len(documents)} documents of one sentence each in the {kind}; expected a longer document, or "
            "next_sentence=False"
        )


def text_digest(documents: Documents) -> str:
    """SHA-256 of documents."""
    return json_digest({"documents": documents})
