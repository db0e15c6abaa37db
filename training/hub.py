"""Turns a Hugging Face model into a folder that the service accepts: `voxpop model export`."""

import json
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import cached_file

from services.sentiment.engine import Engine
from services.sentiment.labels import sentiment_classes
from services.sentiment.model_folder import open_encoder, open_model
from shared.errors import SettingsError
from training.onnx_export import INPUTS, PRECISIONS, export_module
from training.quantization import quantise
from training.target_folder import check_target, folder_beside, write_config

PURPOSES: Final = ("sentiment", "embedding")

_POOLING = "1_Pooling/config.json"
_TOKENIZER_FILES: Final = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")


class _Outputs(nn.Module):
    """A transformers model as a graph: named tensors in, one tensor out."""

    def __init__(self, model: nn.Module, output: str) -> None:
        super().__init__()
        self.model = model
        self.output = output

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        answer: Tensor = getattr(self.model(input_ids=input_ids, attention_mask=attention_mask, **types), self.output)
        return answer.float()


def export_hub_model(
    source: str,
    target: Path,
    purpose: str = "sentiment",
    precision: str = "fp32",
    labels: Mapping[str, str] | None = None,
) -> None:
    """Write the model `source`, a hub id or a folder of transformers, as the folder `target`.

    A sequence classifier becomes one for SENTIMENT_MODEL, an encoder one for EMBEDDING_MODEL. `labels`
    maps the classifier's labels to negative, neutral and positive where their names do not tell.

    Raises ValueError, with the remedy, where the model cannot be had or is of another kind; nothing is
    written then.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"there is no purpose '{purpose}'; give {' or '.join(PURPOSES)}")
    if precision not in PRECISIONS:
        raise ValueError(f"there is no precision '{precision}'; give {', '.join(PRECISIONS)}")
    if Path(source).resolve() == check_target(target):
        raise ValueError(f"{source} is where the model comes from; give another folder to write")
    config, tokenizer, model = _load(source, purpose)
    if purpose == "sentiment":
        unknown = sorted(set(labels or {}) - set(config.id2label.values()))
        if unknown:
            raise ValueError(
                f"{source} has no label {', '.join(unknown)}; it has {', '.join(map(str, config.id2label.values()))}"
            )
        config.id2label = {number: (labels or {}).get(name, name) for number, name in config.id2label.items()}
        _check_labels(source, tuple(config.id2label[number] for number in sorted(config.id2label)))
    inputs = tuple(name for name in INPUTS if name in signature(model.forward).parameters)
    output = "logits" if purpose == "sentiment" else "last_hidden_state"
    model = model.eval()
    model.set_attn_implementation("eager")
    if precision == "fp16":
        model = model.half()
    with folder_beside(target) as folder:
        export_module(_Outputs(model, output), folder / "model.onnx", inputs, (output,))
        if precision == "int8":
            quantise(folder / "model.onnx", folder / "model.onnx")
        tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
        write_config(folder, _config(config, source, purpose, precision))
        pooling = cached_file(source, _POOLING, _raise_exceptions_for_missing_entries=False)
        if purpose == "embedding" and pooling is not None:
            (folder / _POOLING).parent.mkdir()
            (folder / _POOLING).write_bytes(Path(pooling).read_bytes())
        _check(folder, purpose)


def parse_labels(argument: str) -> dict[str, str]:
    """Return `A=negative,B=positive` as a mapping. Raises ValueError where a part has no `=`."""
    pairs = [part.partition("=") for part in argument.split(",") if part.strip()]
    for name, sign, meaning in pairs:
        if not (name.strip() and sign and meaning.strip()):
            raise ValueError(f"--labels wants LABEL=meaning, with commas between, not '{argument}'")
    return {name.strip(): meaning.strip().lower() for name, _, meaning in pairs}


def _load(source: str, purpose: str) -> tuple[Any, Any, Any]:
    try:
        config = AutoConfig.from_pretrained(source)
        tokenizer = AutoTokenizer.from_pretrained(source)
    except Exception as error:
        # Besides OSError the library lets errors of its parsers and of several HTTP clients through.
        raise ValueError(
            f"{source} is no folder of transformers and could not be had from the hub: "
            "check the name and the network, and that config.json and tokenizer are there"
        ) from error
    kind = AutoModelForSequenceClassification if purpose == "sentiment" else AutoModel
    if purpose == "sentiment" and not any("ForSequenceClassification" in name for name in config.architectures or ()):
        raise ValueError(
            f"{source} is no sequence classifier but {', '.join(config.architectures or ['unknown'])}; "
            "give one, or --purpose embedding for an encoder"
        )
    try:
        model, found = kind.from_pretrained(source, dtype=torch.float32, output_loading_info=True)
    except Exception as error:
        # A damaged safetensors file and weights of other shapes raise exceptions without a common base.
        raise ValueError(
            f"the weights of {source} are missing, damaged or of other shapes than config.json says"
        ) from error
    missing = sorted(name for name in found["missing_keys"] if purpose == "sentiment" or "pooler" not in name)
    if missing:
        raise ValueError(f"the weights of {source} lack {missing[0]}: it was not trained for this")
    if not tokenizer.is_fast or len(tokenizer) > config.vocab_size:
        raise ValueError(f"{source} has no fast tokenizer (tokenizer.json) of its own: the service cannot read with it")
    if not any((Path(source) / name).is_file() for name in _TOKENIZER_FILES) and Path(source).is_dir():
        raise ValueError(f"{source} holds none of {', '.join(_TOKENIZER_FILES)}: add the model's tokenizer")
    return config, tokenizer, model


def _check_labels(source: str, labels: tuple[str, ...]) -> None:
    try:
        sentiment_classes(labels)
    except SettingsError:
        raise ValueError(
            f"the labels of {source} are {', '.join(labels)}; say what they mean with "
            f"--labels {labels[0]}=negative,..., to negative, neutral and positive"
        ) from None


def _config(config: Any, source: str, purpose: str, precision: str) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(config.to_json_string(use_diff=False))
    for machine in ("_name_or_path", "transformers_version"):
        plain.pop(machine, None)
    plain["dtype"] = precision
    if purpose == "embedding":
        plain["voxpop"] = {
            "name": Path(source).name,
            "precision": precision,
            "embedding": {"output": "last_hidden_state"},
        }
    return plain


def _check(folder: Path, purpose: str) -> None:
    """Start the folder as the service will, and run it."""
    try:
        model = open_model(str(folder)) if purpose == "sentiment" else open_encoder(str(folder))
        Engine(model, "cpu", 0).warm_up()
    except SettingsError as error:
        raise ValueError(str(error)) from error
