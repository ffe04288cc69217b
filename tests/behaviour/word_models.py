"""Masked language models over whole words that know each word's frequency and nothing else."""

from collections.abc import Mapping, Sequence

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from treeprobe.extraction import Encoder, LanguageModel

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def word_tokenizer(words: Sequence[str]) -> PreTrainedTokenizerFast:
    """A tokenizer that knows these words, in lower case, and reads every other as unknown."""
    vocabulary = dict.fromkeys([*SPECIALS, *(word.lower() for word in words)])
    backend = Tokenizer(models.WordLevel({word: place for place, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {f"{name[1:-1].lower()}_token": name for name in SPECIALS}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **names)


def unigram_bert(words: Sequence[str], logits: Mapping[str, float]) -> BertForMaskedLM:
    """A BERT whose prediction is the same everywhere: every word's logit, 0 where none is given."""
    tokenizer = word_tokenizer(words)
    shape = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8}
    model = BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **shape))
    for parameter in model.parameters():
        parameter.data.zero_()
    for word, logit in logits.items():
        model.cls.predictions.bias.data[tokenizer.convert_tokens_to_ids(word.lower())] = logit
    return model


def unigram_model(words: Sequence[str], logits: Mapping[str, float]) -> LanguageModel:
    """The same, ready to score words."""
    encoder = Encoder.from_parts(unigram_bert(words, logits), word_tokenizer(words), name="unigram")
    return LanguageModel(encoder, "masked")
