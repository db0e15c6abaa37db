"""The files beside this one: stores, a backup and documents that voxpop wrote at commit c507b3c, with its answers."""

import io
import json
import lzma
import tarfile
from pathlib import Path
from typing import Any, Final

from bson import json_util

_DATA: Final = Path(__file__).parent / "data"


def unpack(name: str, folder: Path) -> Path:
    """Unpack `name` (folder or backup) into a folder and return it."""
    packed = lzma.decompress((_DATA / f"{name}.tar.xz").read_bytes())
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(folder, filter="data")
    return folder


def read(name: str) -> Any:
    """Return what was told of `name` (folder, backup or mongo)."""
    return json.loads(lzma.decompress((_DATA / f"{name}.json.xz").read_bytes()))


def documents(part: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Return by database and collection the `documents` and `indexes` of MongoDB: "databases" or "profiles"."""
    found = json_util.loads(json.dumps(read("mongo")[part]), json_options=json_util.CANONICAL_JSON_OPTIONS)
    return found if part == "databases" else {part: found}
