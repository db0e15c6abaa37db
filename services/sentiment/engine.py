"""The ONNX graph in its runtime: token ids in, logits and vectors out. Nothing else knows onnxruntime."""

import platform
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from services.sentiment.model_card import EMBEDDING, ENTITIES, Embedding, ModelCard
from services.sentiment.model_folder import ModelFolder
from services.sentiment.tokenizer import Tokens
from shared.errors import SettingsError

CUDA: Final = "CUDAExecutionProvider"
CPU: Final = "CPUExecutionProvider"

Logits = NDArray[np.float32]
"""Shape (batch, classes); of the entities (batch, length, labels); for the embedding (batch, dimensions)."""

_INPUTS: Final = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_TEXT_VECTORS: Final = ("sentence_embedding", "embedding")
_TOKEN_VECTORS: Final = ("last_hidden_state", "token_embeddings")
POOLINGS: Final = ("mean", "cls")
_SMALLEST_LENGTH: Final = 1e-12
_ERRORS_ONLY: Final = 3
_WARM_UP: Final = ((1, 8), (1, 64), (16, 32))


class Engine:
    """One session of the runtime; `run` may be called from any thread.

    `dimensions` is the length of an embedding, known after the warm-up, 0 where the model has none.
    """

    def __init__(self, folder: ModelFolder, device: Literal["auto", "cpu", "cuda"], threads: int) -> None:
        """Load the graph on `device` with `threads` threads.

        Raises SettingsError where the graph is damaged, lacks an output that the card names, or where
        a GPU is asked for that the runtime does not have.
        """
        self._card = folder.card
        self._session = _open_session(folder, device, threads)
        self.provider: str = self._session.get_providers()[0]
        if device == "cuda" and self.provider != CUDA:
            raise SettingsError(
                "SENTIMENT_DEVICE is cuda, but the runtime could not start on a GPU; check the driver, or set cpu"
            )
        self.device = "cuda" if self.provider == CUDA else "cpu"
        self.dimensions = 0
        self._inputs = _known_inputs(self._session, self._card.setting)
        self._outputs = _named_outputs(self._session, self._card)

    def warm_up(self) -> None:
        """Run batches of several shapes, so that the first request finds everything allocated.

        Raises SettingsError where the graph does not run, or answers in another shape than the card says.
        """
        for count, length in _WARM_UP:
            length_ = min(length, self._card.max_length)
            batch = [Tokens((self._card.pad_id,) * length_, (0,) * length_)] * count
            try:
                answers = self.run(batch)
            except Exception as error:
                # Whatever the runtime raises, this model cannot be served.
                raise SettingsError(
                    f"{self._card.setting}: the graph in {self._card.folder} does not run ({type(error).__name__})"
                ) from error
            for name, head in self._card.heads.items():
                tokens = (length_,) if name == ENTITIES else ()
                self._check(name, answers[name].shape, (count, *tokens, len(head.labels)))
            if EMBEDDING in answers:
                shape = answers[EMBEDDING].shape
                self.dimensions = self.dimensions or shape[-1]
                if shape != (count, self.dimensions):
                    raise SettingsError(
                        f"{self._card.setting}: the embedding of {count} texts has the shape {shape}; needed is one "
                        f"vector a text, or one a token, always of the same length"
                    )

    def run(self, batch: Sequence[Tokens]) -> dict[str, Logits]:
        """Return the logits of every head by its name, and `embedding`, of length 1, where the model has one.

        The batch is padded to its longest text. Blocks; releases the interpreter while it computes.
        """
        longest = max(len(tokens) for tokens in batch)
        feed = {"input_ids": np.full((len(batch), longest), self._card.pad_id, dtype=np.int64)}
        feed |= {name: np.zeros((len(batch), longest), dtype=np.int64) for name in _INPUTS - {"input_ids"}}
        for row, tokens in enumerate(batch):
            feed["input_ids"][row, : len(tokens)] = tokens.ids
            feed["attention_mask"][row, : len(tokens)] = 1
            feed["token_type_ids"][row, : len(tokens)] = tokens.type_ids
        values = self._session.run(list(self._outputs.values()), {name: feed[name] for name in self._inputs})
        answers = dict(zip(self._outputs, values, strict=True))
        if self._card.embedding is not None:
            states = pooled(answers[EMBEDDING], feed["attention_mask"], self._card.embedding.pooling)
            answers[EMBEDDING] = unit(states)
        return answers

    def _check(self, head: str, shape: tuple[int, ...], needed: tuple[int, ...]) -> None:
        if shape != needed:
            each = "token" if head == ENTITIES else "text"
            raise SettingsError(
                f"{self._card.setting}: the head '{head}' answers {shape[1:]} classes a {each}, "
                f"but config.json names {needed[-1]} labels: the shape needed is {needed[1:]}"
            )


def pooled(states: NDArray[np.float32], mask: NDArray[np.int64], pooling: str) -> NDArray[np.float32]:
    """Return the vector of each text, (texts, dimensions), of its tokens' `states`, (texts, length, dimensions).

    `mask`, (texts, length), is 1 where a token is real. `mean` averages the real tokens (Reimers and
    Gurevych, EMNLP 2019), `cls` takes the first. States that hold a text's vector already, (texts,
    dimensions), are returned as they are.
    """
    if states.ndim == 2:  # noqa: PLR2004 - no axis of tokens
        return states
    if pooling == "cls":
        return states[:, 0]
    weights = mask.astype(np.float32)
    sums = np.einsum("nld,nl->nd", states.astype(np.float32, copy=False), weights)
    means: NDArray[np.float32] = sums / np.maximum(weights.sum(axis=1, keepdims=True), 1)
    return means


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors, (texts, dimensions), with length 1; a vector of zeros stays one."""
    vectors = vectors.astype(np.float32, copy=False)
    # The same bits as numpy's norm, in half of its time for one vector.
    lengths: NDArray[np.floating] = np.sqrt(np.add.reduce(vectors * vectors, axis=1, keepdims=True))
    scaled: NDArray[np.float32] = vectors / np.maximum(lengths, _SMALLEST_LENGTH)
    return scaled


def _open_session(folder: ModelFolder, device: str, threads: int) -> Any:
    available = onnxruntime.get_available_providers()
    if device == "cuda" and CUDA not in available:
        raise SettingsError(
            "SENTIMENT_DEVICE is cuda, but this onnxruntime has no CUDA; install the extra 'gpu' in place of "
            "'sentiment', or set SENTIMENT_DEVICE to cpu or auto"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Threads that spin while idle burn CPU that tokenising and neighbours need: nearly half of it when measured.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if _sums_saturate():
        options.add_session_config_entry("session.x64quantprecision", "1")
    providers = [CUDA, CPU] if device != "cpu" and CUDA in available else [CPU]
    try:
        return onnxruntime.InferenceSession(str(folder.graph), options, providers=providers)
    except Exception as error:
        # The runtime's exceptions have no base of their own.
        raise SettingsError(
            f"{folder.card.setting}: {folder.graph} is damaged, truncated or no ONNX graph; export or copy it again"
        ) from error


def _sums_saturate() -> bool:
    """Tell whether INT8 sums of signed weights may saturate at 16 bits: on x64 without VNNI, or not known to have it.

    There the runtime can take unsigned weights, which is right and on processors with VNNI nearly twice the work.
    """
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return False
    flags: set[str] = set()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("flags"):
                flags = set(line.split())
                break
    return flags.isdisjoint({"avx512_vnni", "avx_vnni"})


def _known_inputs(session: Any, setting: str) -> list[str]:
    names = [entry.name for entry in session.get_inputs()]
    if not {"input_ids", "attention_mask"} <= set(names) <= _INPUTS:
        raise SettingsError(
            f"{setting}: the graph takes {', '.join(names)}; needed are input_ids and attention_mask, "
            "token_type_ids where it was trained with them"
        )
    return names


def _named_outputs(session: Any, card: ModelCard) -> dict[str, str]:
    """Return the graph's output for each head, by the head's name."""
    present = {entry.name for entry in session.get_outputs()}
    wanted = {name: head.output for name, head in card.heads.items()}
    if card.embedding is not None:
        wanted[EMBEDDING] = _embedding_output(card.embedding, present, card.setting)
    missing = sorted(set(wanted.values()) - present)
    if missing:
        raise SettingsError(
            f"{card.setting}: the graph has no output {', '.join(missing)}, it has {', '.join(sorted(present))}; "
            "export it as a sequence classifier (output 'logits') or name its outputs in config.json"
        )
    return wanted


def _embedding_output(embedding: Embedding, present: set[str], setting: str) -> str:
    known = (*_TEXT_VECTORS, *_TOKEN_VECTORS)
    output = embedding.output or next((name for name in known if name in present), None)
    if output is None:
        raise SettingsError(
            f"{setting}: the graph has no output {', '.join(known)}, it has {', '.join(sorted(present))}; "
            "export it for feature extraction, or name its output as voxpop.embedding.output in config.json"
        )
    if output not in _TEXT_VECTORS and embedding.pooling not in POOLINGS:
        raise SettingsError(
            f"{setting}: 1_Pooling/config.json asks for {embedding.pooling}; known are {' and '.join(POOLINGS)}"
        )
    return output
