"""A company's products as they are sent, in JSON or CSV, checked as a whole: one fault and none is taken."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from shared.errors import InputError
from shared.printable import printable
from shared.strict_body import StrictBody

MOST_PRODUCTS: Final = 10_000
MOST_TAGS: Final = 50
_EMBEDDED: Final = 600
"""Characters of a description that tell what a product is; the model reads no more anyway."""
_COLUMNS: Final = ("id", "title", "description", "tags")
_REQUIRED: Final = ("id", "title")
_TAG: Final = re.compile(r"<[^<>]{0,500}>")
_SEPARATORS: Final = ",;\t|"
_NAMED: Final = 60


def _readable(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul_character", "holds a NUL character; leave it out")
    return text


_Readable = AfterValidator(_readable)
ProductId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _Readable]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), _Readable]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000), _Readable]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _Readable]


class Product(StrictBody):
    """What is offered. Texts are kept as they were sent: markup in them is text, too."""

    id: ProductId
    title: Title
    description: Description = ""
    tags: Annotated[list[Tag], Field(max_length=MOST_TAGS, fail_fast=True)] = Field(default=[])

    def words(self) -> str:
        """Return what the product is compared by: its texts without markup."""
        parts = (self.title, self.description[:_EMBEDDED], ", ".join(self.tags))
        return " ".join(". ".join(_TAG.sub(" ", part) for part in parts if part).split()) or self.id


class CatalogBody(StrictBody):
    """All products of a brand, in place of those before, each with an id of its own."""

    items: Annotated[list[Product], Field(min_length=1, max_length=MOST_PRODUCTS, fail_fast=True)]

    @field_validator("items")
    @classmethod
    def _have_ids_of_their_own(cls, items: list[Product]) -> list[Product]:
        if (twins := _twins(items)) is not None:
            raise ValueError(f"products {twins[0]} and {twins[1]} have the same id; give each its own")
        return items

    @classmethod
    def of_csv(cls, content: bytes) -> Self:
        """Return the products of a CSV file in UTF-8 with the columns id, title, description and tags, in any order.

        Separators are commas, semicolons, tabs or bars; tags stand in one cell, parted by commas, semicolons or bars.
        Raises InputError that names the line and the remedy.
        """
        products, lines = _products(content)
        if (twins := _twins(products)) is not None:
            first, second = (lines[place] for place in twins)
            raise InputError(f"lines {first} and {second} have the same id; give each product its own", ("body",))
        return cls(items=products)


def _twins(products: Sequence[Product]) -> tuple[int, int] | None:
    """Return the places of the first two products with one id."""
    seen: dict[str, int] = {}
    for place, product in enumerate(products):
        if (first := seen.setdefault(product.id, place)) != place:
            return first, place
    return None


def _products(content: bytes) -> tuple[list[Product], list[int]]:
    """Return the products of a file and the line that each ends in."""
    reader = csv.reader(io.StringIO(_decoded(content), newline=""), delimiter=_separator(content), strict=True)
    products: list[Product] = []
    lines: list[int] = []
    places: dict[str, int] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places = _places(cells)
                continue
            if len(products) == MOST_PRODUCTS:
                raise InputError(f"has more than {MOST_PRODUCTS:,} products; send the ones that matter", ("body",))
            products.append(_product(cells, places, reader.line_num))
            lines.append(reader.line_num)
    except csv.Error:
        raise InputError(f"line {reader.line_num} has a quote that is not closed or not doubled", ("body",)) from None
    if not products:
        raise InputError("holds no products: give a line of column names and a line for each product", ("body",))
    return products, lines


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not in UTF-8; save it as CSV UTF-8", ("body",)) from None
    if text.lstrip()[:1] == "<":
        raise InputError("is HTML or XML, not CSV; send the catalogue itself", ("body",))
    if "\x00" in text:
        raise InputError("holds NUL characters; save it as CSV UTF-8", ("body",))
    return text


def _separator(content: bytes) -> str:
    first = content.lstrip(b"\xef\xbb\xbf\r\n ").partition(b"\n")[0].decode(errors="replace")
    return max(_SEPARATORS, key=first.count)


def _places(cells: Sequence[str]) -> dict[str, int]:
    names = [cell.strip().casefold() for cell in cells]
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        found = ", ".join(printable(name)[:_NAMED] for name in names[:10])
        raise InputError(f"has no column {' and no column '.join(missing)}; its columns are {found}", ("body",))
    repeated = [name for name in _COLUMNS if names.count(name) > 1]
    if repeated:
        raise InputError(f"has the column {repeated[0]} twice; keep one", ("body",))
    return {name: names.index(name) for name in _COLUMNS if name in names}


def _product(cells: Sequence[str], places: dict[str, int], line: int) -> Product:
    told = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
    for name in _REQUIRED:
        if not told[name]:
            raise InputError(f"line {line} has no {name}; give each product an id and a title", ("body",))
    tags = [tag.strip() for tag in re.split(r"[,;|]", told.get("tags", "")) if tag.strip()]
    try:
        return Product(id=told["id"], title=told["title"], description=told.get("description", ""), tags=tags)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise InputError(f"line {line}: {field}: {fault['msg']}", ("body",)) from None
