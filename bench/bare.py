"""A peer to measure by: what people write by hand, a FastAPI app around onnxruntime, one text a call."""

import numpy as np
import onnxruntime
import tokenizers
from fastapi import Body, FastAPI

from services.sentiment.settings import DEFAULT_MODEL

app = FastAPI()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(str(DEFAULT_MODEL / "model.onnx"), options, providers=["CPUExecutionProvider"])
tokenizer = tokenizers.Tokenizer.from_file(str(DEFAULT_MODEL / "tokenizer.json"))
tokenizer.no_padding()


@app.post("/v1/sentiment")
def sentiment(text: str = Body(embed=True)) -> dict[str, float]:  # noqa: FAST002 - as short as people write it
    """Answer the probabilities of one text's sentiments."""
    one = tokenizer.encode(text)
    ids, mask, types = (np.array([each], np.int64) for each in (one.ids, one.attention_mask, one.type_ids))
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    exponents = np.exp(session.run(["sentiment"], feed)[0][0])
    return dict(zip(("negative", "neutral", "positive"), (exponents / exponents.sum()).tolist(), strict=True))


@app.get("/readyz")
def ready() -> bool:
    """Answer once the model is loaded."""
    return True
