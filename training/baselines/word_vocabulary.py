"""A tokenizer of whole words, as the older systems had it."""

from collections.abc import Iterable
from typing import Final

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

PADDING: Final = "[PAD]"
UNKNOWN: Final = "[UNK]"
SEPARATOR: Final = "[SEP]"
SPECIAL: Final = (PADDING, UNKNOWN, SEPARATOR)

_SEEN: Final = 2


def learn_words(texts: Iterable[str], size: int) -> Tokenizer:
    """Return a tokenizer that knows the `size` most frequent words of `texts`, in lower case, special ones counted.

    A word is a run of letters and digits, or of signs, so that `:)` is one. A text ends with the
    separator, so that none is empty; a target goes before its text, with a separator between, so that
    an LSTM reads the text knowing what it is about. Words seen once are left unknown. Padding is id 0.

    Raises ValueError where no word is left.
    """
    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(
        vocab_size=size, min_frequency=_SEEN, special_tokens=list(SPECIAL), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() == len(SPECIAL):
        raise ValueError("no word stands twice in the train part: there is no vocabulary to learn")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {SEPARATOR}",
        pair=f"$B:1 {SEPARATOR}:1 $A:0 {SEPARATOR}:0",
        special_tokens=[(SEPARATOR, tokenizer.token_to_id(SEPARATOR))],
    )
    return tokenizer
