"""What a person reads of a dry run: one platform's part."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.ingest.brands.brand import BrandSettings
from services.ingest.brands.query import Query
from shared.analyzed_post import Platform


class Question(BaseModel):
    """What `platform` is asked, exactly, and what it cannot be asked."""

    model_config = ConfigDict(frozen=True)

    platform: Platform
    asked: Annotated[list[str], Field(description="exactly what the network is asked; empty: nothing, or everything")]
    filtered_here: Annotated[list[str], Field(description="what the network cannot be asked and is looked at here")]
    not_heard: Annotated[list[str], Field(description="what of the brand's rules this network can never bring")]
    limits: Annotated[list[str], Field(description="the network's limits that bear on this brand")]


@dataclass(frozen=True)
class Compiled:
    """One brand at one platform: for the source, and for the person."""

    query: Query
    question: Question


def looked_at_here(brand: BrandSettings, *, but: frozenset[str] = frozenset()) -> list[str]:
    """Return sentences on the rules that are looked at here; `but` names those that the network is asked for."""
    sentences = {
        "keywords": _count(len(brand.keywords) + len(brand.hashtags), "keyword or hashtag", "keywords and hashtags")
        + " looked for in each text that comes",
        "handles": "handles looked for among each post's mentions",
        "exclusions": _count(len(brand.exclusions), "exclusion", "exclusions") + " applied to each text",
        "languages": "languages other than "
        + ", ".join(brand.languages)
        + " left out, by the language that the platform tells",
        "reposts": {"drop": "reposts left out", "count": "reposts counted, none read", "keep": ""}[brand.reposts],
    }
    set_here = {
        "keywords": brand.keywords or brand.hashtags,
        "handles": any(brand.handles.values()),
        "exclusions": brand.exclusions,
        "languages": brand.languages,
        "reposts": brand.reposts != "keep",
    }
    return [sentence for name, sentence in sentences.items() if set_here[name] and name not in but]


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
