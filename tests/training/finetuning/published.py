"""Small task files in exactly the forms in which GLUE and SQuAD are published."""

import json
from collections.abc import Mapping
from pathlib import Path

MNLI = (
    "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\t"
    "sentence1\tsentence2"
)
STSB = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2"
MRPC = "#1 ID\t#2 ID\t#1 String\t#2 String"
RTE = "index\tsentence1\tsentence2"

GLUE_FILES: Mapping[str, Mapping[str, str]] = {
    "CoLA": {
        "train": "gj04\t1\t\tOur friends won't buy this analysis.\ngj04\t0\t*\tThey drank the pub.\n",
        "dev": 'gj04\t1\t\tThe sailors rode the breeze.\ngj04\t0\t*\tThe "box contained.\n',
        "test": "index\tsentence\n0\tBill whistled past the house.\n1\tThe car honked.\n",
    },
    "SST-2": {
        "train": "sentence\tlabel\nhide new secretions from the parental units \t0\ncontains no wit \t1\n",
        "dev": "sentence\tlabel\nit 's a charming journey . \t1\n",
        "test": "index\tsentence\n0\tuneasy mishmash .\n",
    },
    "MRPC": {
        "train": f'\ufeffQuality\t{MRPC}\n1\t702876\t702977\tAmrozi "the witness".\tReferring to "him.\n'
        "0\t2108705\t2108831\tYucaipa owned it.\tYucaipa bought it.\r\n",
        "dev": f"\ufeffQuality\t{MRPC}\n1\t1355540\t1355592\tHe said so .\tHe told them .\n",
        "test": f"index\t{MRPC}\n0\t1089874\t1089925\tPCCW's chief .\tCurrent chief .\n",
    },
    "STS-B": {
        "train": f"{STSB}\tscore\n0\tmain\tMSRvid\t2012test\t0001\tnone\tnone\tA plane.\tAn air plane.\t5.000\n"
        "1\tmain\tMSRvid\t2012test\t0004\tnone\tnone\tA man is playing.\tA man flies.\t3.800\n",
        "dev": f"{STSB}\tscore\n0\tmain\tMSRvid\t2012\t0000\tnone\tnone\tA man dances.\tA man is dancing.\t4.750\n",
        "test": f"{STSB}\n0\tmain\tMSRvid\t2012\t0024\tnone\tnone\tA girl is styling.\tA girl brushes.\n",
    },
    "QQP": {
        "train": "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
        "133273\t213221\t213222\tHow is life?\tHow are you?\t0\n402555\t1\t2\tbroken line\n"
        "360472\t364011\t490273\tWhat is it?\tWhat's that?\t1\n",
        "dev": "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n201359\t3\t4\tWhy?\tWhy so?\t0\n",
        "test": "id\tquestion1\tquestion2\n0\tWould it?\tWould this?\n",
    },
    "MNLI": {
        "train": f"{MNLI}\tlabel1\tgold_label\n"
        "0\t31193\t31193n\tgovernment\t( ( a ) )\t( b )\t(ROOT a)\t(ROOT b)\tIt has.\tIt is.\tneutral\tneutral\n"
        "1\t1\t1e\ttelephone\t( a )\t( b )\t(ROOT a)\t(ROOT b)\tYou know.\tYou lose.\tentailment\tentailment\n",
        **{
            f"dev_{kind}": f"{MNLI}\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label\n"
            "0\t6\t6e\tslate\t( a )\t( b )\t(R a)\t(R b)\tThe new.\tEveryone.\tneutral\tneutral\tentailment\tneutral\t"
            f"neutral\t{gold}\n"
            "1\t7\t7e\tslate\t( a )\t( b )\t(R a)\t(R b)\tNo.\tYes.\tneutral\tentailment\tcontradiction\tneutral\t"
            "entailment\t-\n"
            for kind, gold in (("matched", "neutral"), ("mismatched", "contradiction"))
        },
        **{
            f"test_{kind}": f"{MNLI}\n0\t6\t6e\tslate\t( a )\t( b )\t(R a)\t(R b)\tHe.\tShe.\n"
            for kind in ("matched", "mismatched")
        },
    },
    "QNLI": {
        "train": "index\tquestion\tsentence\tlabel\n0\tWhen did it?\tIn 1900 it did.\tentailment\n"
        "1\tWho?\tNot said.\tnot_entailment\n",
        "dev": "index\tquestion\tsentence\tlabel\n0\tWhat came?\tAs of then.\tentailment\n",
        "test": "index\tquestion\tsentence\n0\tWhat seldom?\tIt is used.\n",
    },
    "RTE": {
        "train": f"{RTE}\tlabel\n0\tNo Weapons.\tWeapons.\tnot_entailment\n1\tA place.\tHere.\tentailment\n",
        "dev": f"{RTE}\tlabel\n0\tDana Reeve died.\tReeve had an accident.\tnot_entailment\n",
        "test": f"{RTE}\n0\tMangla was summoned.\tMangla was.\n",
    },
    "WNLI": {
        "train": f"{RTE}\tlabel\n0\tI stuck a pin.\tThe carrot had a hole.\t1\n1\tJohn saw it.\tHe left.\t0\n",
        "dev": f"{RTE}\tlabel\n0\tThe drain is clogged.\tThe hair has to go.\t0\n",
        "test": f"{RTE}\n0\tMaude and Dora.\tHorses.\n",
    },
}  # fmt: skip


def write_glue(root: Path) -> Path:
    """The nine folders."""
    for folder, files in GLUE_FILES.items():
        (root / folder).mkdir(parents=True)
        for name, text in files.items():
            (root / folder / f"{name}.tsv").write_bytes(text.encode())
    return root


def squad_content(questions: list[tuple[str, str, list[str]]]) -> dict[str, object]:
    """A file of SQuAD v1.1: an article each of (question, context, answers)."""
    data = [
        {
            "title": f"Article_{number}",
            "paragraphs": [
                {
                    "context": context,
                    "qas": [
                        {
                            "id": f"q{number}",
                            "question": question,
                            "answers": [{"text": text, "answer_start": context.index(text)} for text in answers],
                        }
                    ],
                }
            ],
        }
        for number, (question, context, answers) in enumerate(questions)
    ]
    return {"data": data, "version": "1.1"}


def write_squad(folder: Path) -> Path:
    """Both files; the answer is the noun after "the"."""
    folder.mkdir(parents=True, exist_ok=True)
    nouns = ["cat", "dog", "man"]
    questions = [
        (f"what {verb} ?", f"here the {a} {verb} a {b} .", [f"the {a}", a])
        for a in nouns for b in nouns for verb in ("sees", "runs")
    ]  # fmt: skip
    for split in ("train", "dev"):
        (folder / f"{split}-v1.1.json").write_text(json.dumps(squad_content(questions)), encoding="utf-8")
    return folder
