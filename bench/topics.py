"""How good topics are and what they cost: `python -m bench.topics DATA`, the folder of the corpora.

Known classes are told beside what was found. `--posts N` reads so many texts of Sentiment140 instead, by made-up
authors (it has none), and `--bertopic PYTHON` finds topics in the same texts and embeddings with BERTopic, by the
interpreter of an environment that has it. Embeddings are made first and not timed; `--keep FOLDER` keeps them.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.metrics import normalized_mutual_info_score

from services.clusters.terms.coherence import diversity, mean_npmi, npmi
from services.clusters.topics.corpus import Corpus
from services.clusters.topics.discovery import discover
from services.clusters.topics.topic import TopicMethod
from services.sentiment.settings import DEFAULT_MODEL
from training.evaluation.clustering import scrub
from training.evaluation.served import ServedModel

FILES = (
    ("airline", "airline/tweets.parquet", "name", ("negativereason",)),
    ("accounts", "authors/twitter_accounts.parquet", "author", ("category",)),
    ("newsgroups", "authors/newsgroup_authors.parquet", "author", ("newsgroup", "author_category")),
)
UNTOLD = {None, "Can't Tell"}
START = datetime(2026, 1, 1, tzinfo=UTC)
AUTHORS = 20_000
BERTOPIC = """
import json, resource, sys, time
import numpy as np
from bertopic import BERTopic
folder = sys.argv[1]
texts, vectors = json.load(open(folder + "/texts.json")), np.load(folder + "/vectors.npy")
started = time.perf_counter()
model = BERTopic()
topics, _ = model.fit_transform(texts, vectors)
seconds = time.perf_counter() - started
words = [[word for word, _ in model.get_topic(one)] for one in sorted(set(topics) - {-1})]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"words": words, "outliers": topics.count(-1), "seconds": seconds, "mib": peak}))
"""


@dataclass(frozen=True)
class KnownPosts:
    """Texts with their authors, their embeddings, (posts, numbers), and the classes that are known of them."""

    name: str
    texts: Sequence[str]
    authors: Sequence[str]
    vectors: NDArray[np.float32]
    classes: Sequence[Sequence[str]]

    def table(self) -> pa.Table:
        """Return the posts as profiles tells them, an hour apart."""
        count = len(self.texts)
        keys = [hashlib.sha256(f"{self.name}{number}".encode()).hexdigest()[:32] for number in range(count)]
        numbers = pa.array(self.vectors.astype(np.float32).ravel())
        return pa.table(
            {
                "post_key": keys,
                "author_key": list(self.authors),
                "hour": pa.array(
                    [START + timedelta(hours=number) for number in range(count)], pa.timestamp("s", "UTC")
                ),
                "language": ["en"] * count,
                "text": list(self.texts),
                "score": [0.5] * count,
                "embedding": pa.FixedSizeListArray.from_arrays(numbers, self.vectors.shape[1]),
                "embedding_version": ["bench"] * count,
            }
        )


def main() -> None:
    """Print a line for each corpus and method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--posts", type=int)
    parser.add_argument("--bertopic", type=Path)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    print("corpus | method | posts | topics (known) | NPMI | diversity | NMI | outliers | s | peak MiB")
    for posts in _corpora(given.data, given.posts, given.keep):
        for method in TopicMethod:
            _ours(posts, method)
        if given.bertopic:
            _bertopic(posts, given.bertopic)


def _ours(posts: KnownPosts, method: TopicMethod) -> None:
    table = posts.table()
    started = time.perf_counter()
    discovery = discover(lambda _stage, _done: None, table, method, 0)
    seconds = time.perf_counter() - started
    found = discovery.found
    ids = discovery.model.of(table).tolist()
    alike = [normalized_mutual_info_score(classes, ids) for classes in posts.classes]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    far = found.outliers.posts or 0
    _print(posts, method.value, len(found.items), found.npmi, found.diversity, alike, far, seconds, peak)


def _bertopic(posts: KnownPosts, python: Path) -> None:
    """Find topics with BERTopic's defaults; its words are judged over the same tokens."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "texts.json").write_text(json.dumps(list(posts.texts)), "utf-8")
        np.save(Path(folder, "vectors.npy"), posts.vectors.astype(np.float32))
        ended = subprocess.run(  # noqa: S603 - an interpreter that the caller names
            [python, "-c", BERTOPIC, folder], check=True, capture_output=True, text=True
        )
    told = json.loads(ended.stdout.splitlines()[-1])
    judged = npmi(Corpus.of(posts.table()).words.words, told["words"])
    spread = diversity(told["words"])
    _print(
        posts, "BERTopic", len(judged), mean_npmi(judged), spread, [], told["outliers"], told["seconds"], told["mib"]
    )


def _print(
    posts: KnownPosts,
    method: str,
    topics: int,
    coherence: float | None,
    spread: float | None,
    alike: Sequence[float],
    outliers: int,
    seconds: float,
    peak: float,
) -> None:
    known = ", ".join(str(len(set(classes))) for classes in posts.classes)
    agreement = ", ".join(f"{one:.3f}" for one in alike)
    figures = f"{coherence or 0:.3f} | {spread or 0:.2f} | {agreement} | {outliers / len(posts.texts):.0%}"
    print(
        f"{posts.name} | {method} | {len(posts.texts)} | {topics} ({known}) | {figures} | {seconds:.1f} | {peak:.0f}",
        flush=True,
    )


def _corpora(data: Path, posts: int | None, keep: Path | None) -> Iterator[KnownPosts]:
    if posts is not None:
        texts = pq.read_table(data / "sentiment140/train_100k.parquet", columns=["text"])["text"].to_pylist()[:posts]
        yield _embedded("sentiment140", texts, [f"author-{number % AUTHORS}" for number in range(len(texts))], (), keep)
        return
    for name, file, author, known in FILES:
        table = pq.read_table(data / file)
        labels = [table[column].to_pylist() for column in known]
        kept = [place for place, label in enumerate(labels[0]) if label not in UNTOLD]
        texts, authors = table["text"].to_pylist(), table[author].to_pylist()
        classes = [[column[place] for place in kept] for column in labels]
        yield _embedded(name, [texts[place] for place in kept], [authors[place] for place in kept], classes, keep)


def _embedded(
    name: str, texts: Sequence[str], authors: Sequence[str], classes: Sequence[Sequence[str]], keep: Path | None
) -> KnownPosts:
    """Return posts without links and mentions, which tell of authors, with their embeddings."""
    cleaned = [scrub(text) for text in texts]
    kept = keep / f"{name}-{len(texts)}.npy" if keep else None
    if kept is not None and kept.is_file():
        vectors = np.load(kept)
    else:
        vectors = ServedModel.open(str(DEFAULT_MODEL)).embed(cleaned)
        if kept is not None:
            np.save(kept, vectors)
    return KnownPosts(name, cleaned, authors, vectors, classes)


if __name__ == "__main__":
    main()
