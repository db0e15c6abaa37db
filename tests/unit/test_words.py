"""One word has one meaning in the whole product: names of classes and modules are looked at, and sizes of modules."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path.relative_to(ROOT)
    for package in ("services", "shared", "training", "sandbox")
    for path in ROOT.glob(f"{package}/**/*.py")
)
MOST_LINES = 300

SAME_CLASS = {"Resources"}
"""The front room of each service: what its lifespan opens."""

SAME_FILE = {
    "__init__": "Python's",
    "app": "a front room",
    "resources": "a front room",
    "settings": "a front room, and what a package adds to it",
    "dependencies": "a front room",
    "base": "the port of the package",
    "store": "what the package keeps, over documents",
    "migration": "how the package's data of an earlier version move, by the frame in `shared/documents`",
    "metrics": "figures of the package",
    "errors": "what the package raises, or what a network's errors mean",
    "client": "the calls of the network that the package speaks to",
    "source": "the source of the network that the package listens to",
    "writer": "what publishes on the network that the package speaks to",
    "mongo": "an adapter of the port beside it, or the way to MongoDB",
    "sqlite": "an adapter of the port beside it, or the way to SQLite",
    "brand": "the noun, and the part of it that services share",
    "erasure": "the noun, the part of it that services share, and its rule of storage",
    "removal": "the noun, the part of it that services share, and its rule of storage",
    "compliance": "the duty to look for what is gone at X, and how X is asked",
}
"""File names that packages share, and what they mean in each."""

WITH_NOUNS_OF_THEIR_OWN = re.compile(r"sandbox/|services/cli/|services/\w+/api/")
"""A router and a command are called as what they serve, and the sandbox has X's words: each may meet a namesake."""

GERUNDS = {
    "clustering",
    "coarsening",
    "embedding",
    "encoding",
    "folding",
    "listing",
    "matching",
    "pooling",
    "rewriting",
    "scoring",
    "spelling",
    "training",
}
"""The field's own nouns that end so."""


def test_no_two_public_classes_share_a_name() -> None:
    """A reader who meets the name of a class knows which one it is."""
    places = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name not in SAME_CLASS:
                places[node.name].append(str(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_two_modules_share_a_name() -> None:
    """But for names that mean the same in every package."""
    places = defaultdict(list)
    for path in MODULES:
        if path.stem not in SAME_FILE and not WITH_NOUNS_OF_THEIR_OWN.match(str(path)):
            places[path.stem].append(str(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_modules_are_nouns() -> None:
    """No module or package is named by what is done in it, but for the field's own words."""
    names = {path.parent.name if path.stem == "__init__" else path.stem for path in MODULES}
    words = {word for name in names for word in name.split("_")}
    assert {word for word in words if re.fullmatch(r"\w+ing", word)} - GERUNDS == set()


def test_no_module_is_long() -> None:
    """What does not fit is two things."""
    lines = {str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in MODULES}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_adapters_of_a_database_lie_in_few_places() -> None:
    """A store is written once over `shared/documents`; the profile store alone, which lives from speed, has two."""
    homes = {"shared", "shared/documents", "services/profiles/stores"}
    adapters = [path for path in MODULES if re.match(r"sqlite|mongo", path.stem)]
    assert [str(path) for path in adapters if str(path.parent) not in homes] == []
