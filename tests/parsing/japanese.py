"""A small treebank in Japanese, whose XPOS tags are UniDic's and not the Penn Treebank's."""

from random import Random

from treeprobe.parsing import Sentence, Treebank

NOUN, TOPIC, CASE, VERB, PAST = "名詞-普通名詞-一般", "助詞-係助詞", "助詞-格助詞", "動詞-一般", "助動詞"
COMMA, STOP, OPEN, CLOSE = "補助記号-読点", "補助記号-句点", "補助記号-括弧開", "補助記号-括弧閉"

# form, UPOS, XPOS, head from 1, relation; a form in braces is drawn from those of its kind.
_Row = tuple[str, str, str, int, str]
_FRAMES: tuple[tuple[_Row, ...], ...] = (
    (  # 犬が走る。
        ("{animal}", "NOUN", NOUN, 3, "nsubj"), ("が", "ADP", CASE, 1, "case"), ("{runs}", "VERB", VERB, 0, "root"),
        ("。", "PUNCT", STOP, 3, "punct"),
    ),
    (  # 昨日、猫は魚を食べた。
        ("{day}", "NOUN", NOUN, 7, "obl"), ("、", "PUNCT", COMMA, 1, "punct"), ("{animal}", "NOUN", NOUN, 7, "nsubj"),
        ("は", "ADP", TOPIC, 3, "case"), ("{food}", "NOUN", NOUN, 7, "obj"), ("を", "ADP", CASE, 5, "case"),
        ("食べ", "VERB", VERB, 0, "root"), ("た", "AUX", PAST, 7, "aux"), ("。", "PUNCT", STOP, 7, "punct"),
    ),
    (  # 「魚だ」と鳥が言った。
        ("「", "PUNCT", OPEN, 2, "punct"), ("{food}", "NOUN", NOUN, 8, "ccomp"), ("だ", "AUX", PAST, 2, "cop"),
        ("」", "PUNCT", CLOSE, 2, "punct"), ("と", "ADP", CASE, 2, "case"), ("{animal}", "NOUN", NOUN, 8, "nsubj"),
        ("が", "ADP", CASE, 6, "case"), ("言っ", "VERB", VERB, 0, "root"), ("た", "AUX", PAST, 8, "aux"),
        ("。", "PUNCT", STOP, 8, "punct"),
    ),
)  # fmt: skip
PUNCTUATION, WORDS = (1, 2, 3), (4, 9, 10)
"""How many words of a sentence of each frame are punctuation, and how many there are in all."""
_FORMS = {
    "animal": ("犬", "猫", "鳥", "馬", "牛"),
    "runs": ("走る", "鳴く", "眠る", "歩く"),
    "day": ("昨日", "今朝", "昨夜", "先週"),
    "food": ("魚", "米", "肉", "草", "豆"),
}


def japanese_bank(rounds: int, *, seed: int = 0, name: str = "ja") -> Treebank:
    """So many sentences of each of the three frames, with forms drawn by a seed."""
    draw = Random(seed)
    drawn = [_sentence(frame, draw, f"{name}-{number}") for number in range(rounds) for frame in _FRAMES]
    return Treebank(drawn, name=name)


def _sentence(frame: tuple[_Row, ...], draw: Random, identifier: str) -> Sentence:
    forms = [form.format_map({kind: draw.choice(forms) for kind, forms in _FORMS.items()}) for form, *_ in frame]
    return Sentence(
        words=tuple(forms),
        heads=tuple(head - 1 for *_, head, _ in frame),
        relations=tuple(relation for *_, relation in frame),
        upos=tuple(upos for _, upos, *_ in frame),
        xpos=tuple(xpos for _, _, xpos, *_ in frame),
        space_after=(False,) * len(frame),
        identifier=identifier,
    )
