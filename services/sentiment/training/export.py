"""From a checkpoint to an ONNX graph with one named output a head."""

import tempfile
from pathlib import Path

import onnx
import torch
from torch import nn

from services.sentiment.training.network import MultiHeadClassifier

OPSET = 18


class _NamedInputs(nn.Module):
    """The network as a graph: token ids and mask in, every head's logits out."""

    def __init__(self, network: MultiHeadClassifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.network(input_ids, attention_mask)  # type: ignore[no-any-return]


def export_onnx(network: MultiHeadClassifier, target: Path) -> None:
    """Write `network` as an fp32 ONNX graph, batch and length dynamic, outputs named as its heads."""
    network.eval()
    network.encoder.set_attn_implementation("eager")
    ids = torch.tensor([[101, 7592, 2088, 102], [101, 2204, 102, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    shape = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        raw = Path(folder) / "raw.onnx"
        torch.onnx.export(
            _NamedInputs(network),
            (ids, mask),
            raw,
            input_names=["input_ids", "attention_mask"],
            output_names=list(network.heads),
            dynamic_shapes={"input_ids": shape, "attention_mask": shape},
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
        )
        model = onnx.load(raw)
        onnx.checker.check_model(model)
        onnx.save(model, target)
