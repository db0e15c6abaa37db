"""Training: what is learnt, what is not, and going on after a break."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from training import optimisation
from training.build import train
from training.checkpoint import Checkpoint, load_weights
from training.corpora import Examples, encode, read_examples
from training.curriculum import plan, prepare
from training.multi_task_network import MultiTaskNetwork
from training.recipe import CorpusUse, Recipe
from training.sequences import ENTITY_LABELS, Sequences
from training.tasks import ClassificationTask, TaggingTask, Teacher, encode_sequences, load_tokenizer, pad

CPU = torch.device("cpu")

RECIPE = Recipe.model_validate(
    {
        "name": "tiny",
        "version": "1",
        "max_length": 32,
        "training_length": 32,
        "optimisation": {"batch": 8, "average_decay": 0.5, "learning_rate": 3e-3, "head_learning_rate": 3e-3},
        "corpora": {
            "tweeteval-sentiment": {"head": "sentiment", "class_weights": "square-root", "restricted": True},
            "wnut17": {"head": "entities"},
            "twitter-accounts": {"head": "embedding"},
        },
        "stages": [{"name": "all", "passes": {"tweeteval-sentiment": 12, "wnut17": 12, "twitter-accounts": 1.5}}],
    }
)


class _InterruptedError(Exception):
    """Stands for whatever ends a training before its time."""


def test_a_training_that_was_interrupted_ends_with_the_same_weights(
    encoder: Path, corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a checkpoint holds is enough to go on as if nothing had happened."""
    monkeypatch.setattr(optimisation, "_SAVE_EVERY", 5)
    train(RECIPE, corpora, tmp_path / "whole", encoder)

    def report(done: int, *_: object) -> None:
        raise _InterruptedError(done)

    with monkeypatch.context() as broken:
        broken.setattr(optimisation, "_REPORT_EVERY", 12)
        broken.setattr(optimisation, "_report", report)
        with pytest.raises(_InterruptedError, match="12"):
            train(RECIPE, corpora, tmp_path / "broken", encoder)
    train(RECIPE, corpora, tmp_path / "broken", encoder)
    whole, _, _ = load_weights(tmp_path / "whole", encoder)
    resumed, _, _ = load_weights(tmp_path / "broken", encoder)
    for (name, one), other in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5, msg=name)


def test_a_training_learns_its_corpora(encoder: Path, corpora: Path, tmp_path: Path) -> None:
    """Sentiment and entities of the tiny corpora are told nearly without fault at the end."""
    figures = train(RECIPE, corpora, tmp_path, encoder)
    assert figures["tweeteval-sentiment macro_recall"] > 0.9
    assert figures["wnut17 span_f1"] > 0.9


def test_a_checkpoint_of_another_recipe_is_refused_and_kept(encoder: Path, corpora: Path, tmp_path: Path) -> None:
    """Hours of training are not overwritten by mistake."""
    train(RECIPE, corpora, tmp_path, encoder)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(ValueError, match="belongs to another recipe or other data; remove it"):
        train(RECIPE.model_copy(update={"seed": 8}), corpora, tmp_path, encoder)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_a_damaged_checkpoint_is_named(encoder: Path, corpora: Path, tmp_path: Path) -> None:
    """A file cut short is an error of one sentence."""
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged; remove it"):
        train(RECIPE, corpora, tmp_path, encoder)


def test_weights_of_another_architecture_are_refused(encoder: Path, tmp_path: Path) -> None:
    """Weights whose shapes differ from the encoder's are an error of one sentence."""
    saved = {"labels": {"sentiment": ["a", "b"]}, "recipe": RECIPE.model_dump_json(), "network": {"x": torch.zeros(1)}}
    torch.save(saved, tmp_path / "weights.pt")
    with pytest.raises(ValueError, match="of another architecture"):
        load_weights(tmp_path, encoder)


def test_classes_that_a_corpus_lacks_are_not_unlearnt(encoder: Path) -> None:
    """Posts labelled by emoticons know no neutral: the neutral logit gets no gradient from them."""
    tokenizer = load_tokenizer(encoder, 32)
    examples = Examples(["good", "bad"], torch.tensor([1, 0]).numpy(), ("negative", "positive"))
    labels = ("negative", "neutral", "positive")
    rows = encode(tokenizer, examples.texts)
    task = ClassificationTask("distant", CorpusUse(head="sentiment"), labels, examples, rows, 0.1)
    network = MultiTaskNetwork(encoder, {"sentiment": 3})
    task.loss(network, [0, 1]).backward()
    gradient = network.heads["sentiment"][-1].bias.grad
    assert gradient[1] == 0
    assert gradient[0] != 0


def test_types_that_a_corpus_lacks_count_as_outside(encoder: Path) -> None:
    """Where a corpus knows no products, a product is O to it: moving mass between the two changes nothing."""
    sequences = Sequences([["the", "phone", "London"]], [["O", "O", "B-location"]], frozenset({"location"}))
    rows, tags = encode_sequences(load_tokenizer(encoder, 32), sequences)
    task = TaggingTask("btc", sequences, rows, tags)
    network = MultiTaskNetwork(encoder, {"entities": len(ENTITY_LABELS)}).eval()
    final = network.heads["entities"][-1]
    torch.nn.init.zeros_(final.weight)
    torch.nn.init.zeros_(final.bias)
    losses = []
    for moved in (0.0, 5.0):
        with torch.no_grad():
            final.bias[ENTITY_LABELS.index("B-product")] = moved
        losses.append(task.loss(network, [0]).item())
    network.zero_grad()
    only_outside = TaggingTask("btc", sequences, rows, [[tag if tag == 0 else -100 for tag in tags[0]]])
    with torch.no_grad():
        final.bias[:] = 0
        final.bias[ENTITY_LABELS.index("O")] = 3.0
    as_outside = only_outside.loss(network, [0]).item()
    with torch.no_grad():
        final.bias[ENTITY_LABELS.index("O")] = 0.0
        final.bias[ENTITY_LABELS.index("B-product")] = 3.0
    assert only_outside.loss(network, [0]).item() == pytest.approx(as_outside)
    assert losses[0] != losses[1]


def test_the_plan_of_a_recipe_is_always_the_same(encoder: Path, corpora: Path) -> None:
    """Seed and corpora decide every batch, which is what lets a training go on after a break."""
    tokenizer = load_tokenizer(encoder, 32)
    plans = []
    for _ in range(2):
        tasks = prepare(RECIPE, corpora, tokenizer, "train", Teacher(encoder, CPU))
        plans.append([(batch.task.corpus, list(batch.rows)) for batch in plan(RECIPE, tasks)])
    assert plans[0] == plans[1]
    assert sum(len(rows) for corpus, rows in plans[0] if corpus == "tweeteval-sentiment") == 12 * 60


def test_the_original_encoder_is_where_the_embedding_starts(encoder: Path) -> None:
    """Untrained, the embedding head gives the original encoder's vectors, however a text is written."""
    tokenizer = load_tokenizer(encoder, 32)
    rows = encode(tokenizer, ["the SEAT was Good", "late"])
    ids, mask, types = pad(rows)
    network = MultiTaskNetwork(encoder, {"embedding": 0}).eval()
    with torch.no_grad():
        mine = network(ids, mask, types, ("embedding",))["embedding"]
    torch.testing.assert_close(mine, Teacher(encoder, CPU).embed(ids, mask), rtol=1e-4, atol=1e-5)


def test_a_checkpoint_that_is_not_there_starts_at_the_beginning(encoder: Path, tmp_path: Path) -> None:
    """Nothing saved is step 0."""
    network = MultiTaskNetwork(encoder, {"sentiment": 3})
    assert Checkpoint(tmp_path, RECIPE, {}).restore(network, None, None, {}) == 0


def test_one_class_alone_is_no_corpus(corpora: Path) -> None:
    """A split with one class is refused before anything is trained."""
    pq.write_table(pa.table({"text": ["a", "b"], "label": [1, 1]}), corpora / "tweeteval/sentiment_train.parquet")
    with pytest.raises(ValueError, match="2 rows of one class only"):
        read_examples("tweeteval-sentiment", corpora, "train")
