"""What the sentiment service can be told."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from shared.settings import ServiceSettings
from shared.store_url import MongoUrl, SqliteUrl, parse_store_url

DEFAULT_MODEL = Path(__file__).resolve().parents[2] / "models" / "voxpop-minilm"


class SentimentSettings(ServiceSettings):
    """Settings of the sentiment service beside those that every service has."""

    model: str = Field(
        str(DEFAULT_MODEL), alias="SENTIMENT_MODEL", min_length=1, description="model folder, or a hub id owner/name"
    )
    embedding_model: str = Field(
        "",
        alias="EMBEDDING_MODEL",
        description="folder or hub id of a sentence encoder in ONNX; default: the model's own embeddings",
    )
    store: str = Field(
        "",
        alias="SENTIMENT_STORE",
        repr=False,
        description="sqlite:///path or mongodb://host/database; default: sentiment.db in the data folder",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", alias="SENTIMENT_DEVICE", description="auto takes the GPU where the runtime has one"
    )
    cache_texts: int = Field(
        10_000, alias="SENTIMENT_CACHE_TEXTS", ge=0, le=10_000_000, description="texts in the answer cache; 0 is off"
    )
    threads: int = Field(
        0,
        alias="SENTIMENT_THREADS",
        ge=0,
        le=1024,
        description="batches of one caller that run at once, a thread each; 0 is one for each usable CPU",
    )
    batch_tokens: int = Field(
        0,
        alias="SENTIMENT_BATCH_TOKENS",
        ge=0,
        le=2**20,
        description="most padded tokens in one batch; 0 is 256 on a CPU, 16384 on a GPU",
    )
    queue_tokens: int = Field(
        2**20,
        alias="SENTIMENT_QUEUE_TOKENS",
        ge=1,
        le=2**30,
        description="tokens of texts being answered at once, a caller's at most what is left; more get 503",
    )
    token_rate: str = Field(
        "1200000/minute",
        alias="SENTIMENT_TOKEN_RATE",
        description="tokens of texts per key, told from their bytes; more get 429",
    )
    deadline: float = Field(
        60.0, alias="SENTIMENT_DEADLINE", gt=0, le=3600, description="seconds that a request may take"
    )
    drain_seconds: float = Field(
        10.0, alias="SENTIMENT_DRAIN_SECONDS", ge=0, le=600, description="seconds that a stop waits for open requests"
    )

    def parsed_store(self) -> SqliteUrl | MongoUrl:
        """Return where category sets are kept; raises SettingsError where the setting is neither form."""
        return parse_store_url("SENTIMENT_STORE", self.store, self.data_dir / "sentiment.db")
