"""What is learned from embeddings, and how honestly it is judged."""

from typing import Any

import numpy as np
import pytest

from services.sentiment.categories.regression import LARGE, LARGE_C, train


def clouds(each: int, labels: int, spread: float = 0.3, seed: int = 1) -> tuple[Any, Any]:
    """Return points around a direction for each label, shape (each * labels, 12), and their classes."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((labels, 12))
    classes = np.repeat(np.arange(labels), each)
    return (centres[classes] + spread * random.standard_normal((len(classes), 12))).astype(np.float32), classes


def guesses(fit: Any, vectors: Any) -> Any:
    """Return the class that the learned numbers prefer for each vector."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return (unit @ fit.coefficients.T + fit.intercepts).argmax(axis=1)


@pytest.mark.parametrize("labels", [2, 5])
def test_what_can_be_told_apart_is_learned(labels: int) -> None:
    """Clear clouds are told apart, two as well as five, and the figures say so in the order of the classes."""
    vectors, classes = clouds(20, labels)
    fit = train(vectors, classes)
    assert fit.coefficients.shape == (labels, 12)
    assert fit.intercepts.shape == (labels,)
    assert (guesses(fit, vectors) == classes).mean() > 0.95
    assert fit.macro_f1 == pytest.approx(np.mean(fit.label_f1))
    assert fit.macro_f1 > 0.9
    assert fit.folds == 5


def test_many_labels_are_learned() -> None:
    """With 64 labels and vectors much alike the gradient begins small; the search does not end at zero for that."""
    random = np.random.default_rng(2)
    classes = np.repeat(np.arange(64), 8)
    vectors = (8 + random.standard_normal((64, 128))[classes] + random.standard_normal((512, 128))).astype(np.float32)
    fit = train(vectors, classes)
    assert fit.coefficients.any()
    assert fit.macro_f1 > 0.5


def test_vectors_that_hardly_differ_are_learned() -> None:
    """Where the first gradient is below the tolerance, the search is begun again with a finer one."""
    vectors, classes = clouds(20, 2, spread=0.1)
    vectors = (vectors * 1e-4 + 1).astype(np.float32)
    assert train(vectors, classes).coefficients.any()


def test_the_same_examples_give_the_same_numbers() -> None:
    """Training again changes no bit."""
    vectors, classes = clouds(20, 4, spread=1.0)
    one, other = train(vectors, classes), train(vectors, classes)
    assert one.coefficients.tobytes() == other.coefficients.tobytes()
    assert (one.macro_f1, one.label_f1, one.c) == (other.macro_f1, other.label_f1, other.c)


def test_labels_without_meaning_get_a_figure_of_chance() -> None:
    """On random labels the cross-validated F1 is about chance: nothing of a fold is seen before it is judged."""
    vectors, _ = clouds(100, 4, spread=1.0)
    classes = np.random.default_rng(3).integers(0, 4, len(vectors))
    assert train(vectors, classes).macro_f1 == pytest.approx(0.25, abs=0.07)


def test_a_group_never_stands_on_both_sides_of_a_fold() -> None:
    """Copies with random labels are learned by heart without groups, and judged at chance with them."""
    random = np.random.default_rng(5)
    vectors = np.repeat(random.standard_normal((60, 12)), 4, axis=0).astype(np.float32)
    classes = np.repeat(random.integers(0, 2, 60), 4)
    groups = [f"author {place // 4}" for place in range(len(vectors))]
    assert train(vectors, classes).macro_f1 > 0.65
    assert train(vectors, classes, groups).macro_f1 < 0.6


def test_few_groups_make_fewer_folds() -> None:
    """A label that stands in three groups is cross-validated in three parts; in one, it is refused."""
    vectors, classes = clouds(12, 2)
    assert train(vectors, classes, [place % 3 for place in range(24)]).folds == 3
    with pytest.raises(ValueError, match="one group alone"):
        train(vectors, classes, [place if label else 0 for place, label in enumerate(classes)])


def test_a_rare_label_is_weighed_as_much_as_a_frequent_one() -> None:
    """Balanced weights: where clouds overlap, the rare label is still guessed."""
    vectors, classes = clouds(300, 2, spread=2.0)
    rare = np.concatenate([np.arange(300), np.arange(300, 312)])
    assert train(vectors[rare], classes[rare]).label_f1[1] > 0.1


def test_many_examples_are_learned_with_a_fixed_c() -> None:
    """Beyond 5,000 examples C is not searched."""
    vectors, classes = clouds(LARGE // 2 + 1, 2)
    assert train(vectors, classes).c == LARGE_C


def test_training_stops_between_two_fits() -> None:
    """Cancelled, it ends with that error instead of a result."""
    vectors, classes = clouds(10, 2)
    looks = iter([None, None])
    with pytest.raises(StopIteration):
        train(vectors, classes, check=lambda: next(looks))
