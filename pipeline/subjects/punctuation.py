"""One rule for punctuation in a run: chosen once for all splits, said, recorded, and compared only with its like."""

import warnings
from collections.abc import Mapping
from typing import Any

from treeprobe.parsing import PunctuationChoice, PunctuationRule, Treebank, choose_punctuation, punctuation_masks
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.subjects.subject import Subject


class PunctuationWarning(UserWarning):
    """Scores that leave out no punctuation."""


def settle_punctuation(subject: Subject, rule: PunctuationRule) -> PunctuationChoice:
    """The rule for every split of a subject: "auto" looks at the dev split, which every analysis has.

    Says which rule it is where the subject's progress is shown. Warns of a scored split that has no punctuation by it.
    """
    choice = choose_punctuation(subject.splits["dev"], rule)
    subject.stopwatch.say(f"punctuation: {choice.rule} ({choice.reason})")
    scored = {split: subject.splits[split] for split in subject.scored}
    for split, count in count_punctuation(scored, choice.rule).items():
        if not count and choice.rule != "none":
            words = sum(map(len, scored[split]))
            column = {"xpos": "a Penn Treebank punctuation tag in XPOS", "upos": "PUNCT in UPOS"}[choice.rule]
            warnings.warn(
                f"{scored[split].name}: none of the {words:,} words of {split} is punctuation by the rule "
                f"{choice.rule} ({column}), so scores count every word; expected some. Other rules are chosen by "
                "--punctuation (punctuation=)",
                PunctuationWarning,
                stacklevel=2,
            )
    return choice


def punctuation_record(choice: PunctuationChoice, splits: Mapping[Split, Treebank]) -> dict[str, Any]:
    """What a record says of the rule: which, why, and how many words of each split are punctuation by it."""
    return {"rule": choice.rule, "reason": choice.reason, "words": count_punctuation(splits, choice.rule)}


def count_punctuation(splits: Mapping[Split, Treebank], rule: PunctuationRule) -> dict[Split, int]:
    """How many words of each split are punctuation."""
    return {split: sum(int(mask.sum()) for mask in punctuation_masks(bank, rule)) for split, bank in splits.items()}
