"""The ONNX graph in its runtime: token ids in, logits out. Nothing else knows onnxruntime."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from services.sentiment.model_card import ModelCard
from services.sentiment.model_folder import ModelFolder
from services.sentiment.tokenizer import Tokens
from shared.errors import SettingsError

CUDA: Final = "CUDAExecutionProvider"
CPU: Final = "CPUExecutionProvider"

Logits = NDArray[np.float32]
"""Shape (batch, classes); for the embedding (batch, dimensions)."""

_INPUTS: Final = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_ERRORS_ONLY: Final = 3
_WARM_UP: Final = ((1, 8), (1, 64), (16, 32))


class Engine:
    """One session of the runtime; `run` may be called from any thread."""

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
        self._inputs = _known_inputs(self._session)
        self._outputs = _named_outputs(self._session, self._card)

    def warm_up(self) -> None:
        """Run batches of several shapes, so that the first request finds everything allocated.

        Raises SettingsError where the graph does not run, or a head has other classes than the card says.
        """
        for count, length in _WARM_UP:
            length_ = min(length, self._card.max_length)
            batch = [Tokens((self._card.pad_id,) * length_, (0,) * length_)] * count
            try:
                answers = self.run(batch)
            except Exception as error:
                # Whatever the runtime raises, this model cannot be served.
                raise SettingsError(
                    f"SENTIMENT_MODEL: the graph in {self._card.folder} does not run ({type(error).__name__})"
                ) from error
            for name, head in self._card.heads.items():
                if answers[name].shape != (count, len(head.labels)):
                    raise SettingsError(
                        f"SENTIMENT_MODEL: the head '{name}' answers {answers[name].shape[1:]} classes a text, "
                        f"but config.json names {len(head.labels)} labels"
                    )

    def run(self, batch: Sequence[Tokens]) -> dict[str, Logits]:
        """Return the logits of every head by its name, and `embedding` where the model has one.

        The batch is padded to its longest text. Blocks; releases the interpreter while it computes.
        """
        longest = max(len(tokens) for tokens in batch)
        feed = {"input_ids": np.full((len(batch), longest), self._card.pad_id, dtype=np.int64)}
        feed |= {name: np.zeros((len(batch), longest), dtype=np.int64) for name in _INPUTS - {"input_ids"}}
        for row, tokens in enumerate(batch):
            feed["input_ids"][row, : len(tokens)] = tokens.ids
            feed["attention_mask"][row, : len(tokens)] = 1
            feed["token_type_ids"][row, : len(tokens)] = tokens.type_ids
        answers = self._session.run(list(self._outputs.values()), {name: feed[name] for name in self._inputs})
        return dict(zip(self._outputs, answers, strict=True))


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
    providers = [CUDA, CPU] if device != "cpu" and CUDA in available else [CPU]
    try:
        return onnxruntime.InferenceSession(str(folder.graph), options, providers=providers)
    except Exception as error:
        # The runtime's exceptions have no base of their own.
        raise SettingsError(
            f"SENTIMENT_MODEL: {folder.graph} is damaged, truncated or no ONNX graph; export or copy it again"
        ) from error


def _known_inputs(session: Any) -> list[str]:
    names = [entry.name for entry in session.get_inputs()]
    if not {"input_ids", "attention_mask"} <= set(names) <= _INPUTS:
        raise SettingsError(
            f"SENTIMENT_MODEL: the graph takes {', '.join(names)}; needed are input_ids and attention_mask, "
            "token_type_ids where it was trained with them"
        )
    return names


def _named_outputs(session: Any, card: ModelCard) -> dict[str, str]:
    """Return the graph's output for each head, by the head's name."""
    wanted = {name: head.output for name, head in card.heads.items()}
    if card.embedding is not None:
        wanted["embedding"] = card.embedding.output
    present = {entry.name for entry in session.get_outputs()}
    missing = sorted(set(wanted.values()) - present)
    if missing:
        raise SettingsError(
            f"SENTIMENT_MODEL: the graph has no output {', '.join(missing)}, it has {', '.join(sorted(present))}; "
            "export it as a sequence classifier (output 'logits') or name its outputs in config.json"
        )
    return wanted
