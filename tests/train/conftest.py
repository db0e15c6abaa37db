"""A tiny encoder and tiny corpora, so that a whole training takes seconds."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["test_*.py"]

WORDS = (
    "good",
    "bad",
    "late",
    "seat",
    "london",
    "anna",
    "acme",
    "phone",
    "the",
    "a",
    "is",
    "was",
    "in",
    "at",
    ".",
    "@",
)


def word_tokenizer() -> Tokenizer:
    """Return a tokenizer of the form that BERT's has, with a tiny vocabulary."""
    vocabulary = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}
    letters = [chr(code) for code in range(97, 123)]
    pieces = [*WORDS, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary |= {piece: 1000 + number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101))
    return tokenizer


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an untrained BERT of 16 dimensions with its tokenizer."""
    import torch  # noqa: PLC0415 - this file is loaded where the extra is not installed, too
    from transformers import BertConfig, BertModel  # noqa: PLC0415 - likewise

    # Threads of a tiny network wait for one another longer than they work, most of all on a loaded machine.
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("encoder")
    config = BertConfig(
        vocab_size=1100,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    word_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Return a data folder with a few posts of TweetEval's sentiment, of WNUT17 and of some accounts."""
    folder = tmp_path / "corpora"
    texts = [f"the seat was {word} {n} ." for n in range(20) for word in ("bad", "a", "good")]
    for part, count in (("train", 60), ("val", 30)):
        _write(folder / f"tweeteval/sentiment_{part}.parquet", text=texts[:count], label=[0, 1, 2] * (count // 3))
    words = [["Anna", "is", "in", "London", "."], ["the", "Acme", "phone", "is", "late"]] * 10
    tags = [["B-person", "O", "O", "B-location", "O"], ["O", "B-corporation", "B-product", "O", "O"]] * 10
    for part in ("train", "dev"):
        _write(folder / f"ner/wnut17_{part}.parquet", tokens=words, tags=tags)
    authors = [f"author {n % 30}" for n in range(600)]
    _write(
        folder / "authors/twitter_accounts.parquet",
        text=[f"{text} a" for text in texts * 10],
        author=authors,
        category=[("arts", "sports", "food")[n % 3] for n in range(600)],
    )
    return folder


def _write(path: Path, **columns: Sequence[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
