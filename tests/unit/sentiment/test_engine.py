"""The engine on a graph whose answers are known, and on graphs that cannot be served."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.sentiment.engine import Engine, pooled, unit
from services.sentiment.model_folder import open_model
from services.sentiment.tokenizer import Tokens
from shared.errors import SettingsError
from tests.unit.sentiment.conftest import TinyModel

STATES = np.array([[[1, 2], [3, 4], [9, 9]], [[5, 6], [9, 9], [9, 9]]], np.float32)
MASK = np.array([[1, 1, 0], [1, 0, 0]], np.int64)


def started(folder: Path, device: Any = "cpu") -> Engine:
    """Return the engine of a folder."""
    return Engine(open_model(str(folder)), device, 1)


def test_a_batch_is_padded_to_its_longest_and_the_padding_masked(tiny_model: TinyModel) -> None:
    """Each text gets the logits it gets alone, whatever the lengths of its company and the padding id."""
    config = {"id2label": {"0": "negative", "1": "neutral", "2": "positive"}, "pad_token_id": 7}
    engine = started(tiny_model(config))
    batch = [Tokens((3, 4), (0, 0)), Tokens((5,), (0,)), Tokens((1, 2, 3, 4), (0, 0, 0, 0))]
    logits = engine.run(batch)["sentiment"]
    np.testing.assert_allclose(logits, np.outer([7, 5, 10], [0.0, 0.1, 0.2]), rtol=1e-6)


def test_token_types_are_fed_where_the_graph_has_them(tiny_model: TinyModel) -> None:
    """A graph with token_type_ids gets them, as BERT exports have it."""
    engine = started(tiny_model(inputs=("input_ids", "attention_mask", "token_type_ids")))
    engine.warm_up()
    logits = engine.run([Tokens((3, 4), (0, 1)), Tokens((5,), (0,))])["sentiment"]
    np.testing.assert_allclose(logits, np.outer([8, 5], [0.0, 0.1, 0.2]), rtol=1e-6)


def test_auto_takes_the_cpu_where_the_runtime_has_no_gpu(
    tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `auto` a machine without a GPU serves on its CPU, and says so."""
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    engine = started(tiny_model(), "auto")
    assert (engine.device, engine.provider) == ("cpu", "CPUExecutionProvider")


def test_a_gpu_that_the_runtime_lacks_is_refused_with_the_remedy(
    tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking for cuda on a runtime without it forbids the start rather than serving slowly."""
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(SettingsError, match="SENTIMENT_DEVICE is cuda, but this onnxruntime has no CUDA"):
        started(tiny_model(), "cuda")


@pytest.mark.parametrize("damage", [lambda graph: graph[: len(graph) // 2], lambda _: b"", lambda _: b"no graph"])
def test_a_damaged_graph_is_refused(tiny_model: TinyModel, damage: Any) -> None:
    """A truncated, empty or foreign file is named as damaged."""
    folder = tiny_model()
    graph = folder / "model.onnx"
    graph.write_bytes(damage(graph.read_bytes()))
    with pytest.raises(SettingsError, match=r"model\.onnx is damaged, truncated or no ONNX graph"):
        started(folder)


def test_a_graph_without_the_named_output_is_refused_with_those_it_has(tiny_model: TinyModel) -> None:
    """An output that config.json counts on and the graph lacks is named beside those that are there."""
    with pytest.raises(SettingsError, match="no output logits, it has last_hidden_state"):
        started(tiny_model(output="last_hidden_state"))


def test_a_graph_with_inputs_of_another_kind_is_refused(tiny_model: TinyModel) -> None:
    """A graph that takes something other than tokens, such as pixels, is refused by its inputs' names."""
    with pytest.raises(SettingsError, match="the graph takes pixels, attention_mask"):
        started(tiny_model(inputs=("pixels", "attention_mask")))


def test_warm_up_finds_labels_that_do_not_fit_the_graph(tiny_model: TinyModel) -> None:
    """A head with another number of classes than labels is found before the first request."""
    engine = started(tiny_model(weights=[0.1, 0.2]))
    with pytest.raises(SettingsError, match=r"answers \(2,\) classes a text, but config.json names 3 labels"):
        engine.warm_up()


@pytest.mark.parametrize(
    ("machine", "flags", "entry"),
    [
        ("x86_64", "fpu avx2 avx512f", "1"),
        ("x86_64", None, "1"),
        ("AMD64", "fpu avx2 avx_vnni", None),
        ("x86_64", "fpu avx512f avx512_vnni", None),
        ("aarch64", "asimd", None),
    ],
)
def test_signed_weights_are_safe_on_every_processor(
    tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch, machine: str, flags: str | None, entry: str | None
) -> None:
    """Sums that would saturate are avoided on x64 without VNNI, or not known to have it; elsewhere it costs nothing."""

    def cpuinfo(path: Path, **_: object) -> str:
        assert path == Path("/proc/cpuinfo")
        if flags is None:
            raise FileNotFoundError
        return f"processor : 0\nflags\t\t: {flags}\n"

    folder = tiny_model()
    model = open_model(str(folder))
    monkeypatch.setattr("services.sentiment.engine.platform.machine", lambda: machine)
    monkeypatch.setattr(Path, "read_text", cpuinfo)
    options = Engine(model, "cpu", 1)._session.get_session_options()
    try:
        told = options.get_session_config_entry("session.x64quantprecision")
    except RuntimeError:
        told = None
    assert told == entry


@pytest.mark.parametrize(
    ("pooling", "vectors"), [("mean", [[2.0, 3.0], [5.0, 6.0]]), ("cls", [[1.0, 2.0], [5.0, 6.0]])]
)
def test_tokens_are_pooled_without_padding(pooling: str, vectors: list[list[float]]) -> None:
    """The mean is that of the real tokens; cls is the first token."""
    np.testing.assert_allclose(pooled(STATES, MASK, pooling), vectors)


def test_a_texts_own_vector_is_left_alone() -> None:
    """Where the graph pools there is nothing to do."""
    np.testing.assert_array_equal(pooled(STATES[:, 0], MASK, "mean"), STATES[:, 0])


def test_vectors_get_length_one() -> None:
    """Each vector is scaled by itself, half precision becomes float32, zeros stay zeros."""
    scaled = unit(np.array([[3, 4], [0, 0]], np.float16))
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)
