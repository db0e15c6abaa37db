"""What a check says of a file that breaks a rule."""

from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class Finding:
    """One broken rule: the file, the field in it (dotted), and what should stand there."""

    source: str
    field: str
    remedy: str

    def __str__(self) -> str:
        """Return one sentence that names file and field."""
        return f"{self.source}: {self.field}: {self.remedy}"


def at(document: Any, field: str) -> Any:
    """Return what stands at a dotted `field`, digits being places in a list; None where the path ends early."""
    found = document
    for part in field.split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def parse_yaml(text: str, source: str) -> tuple[list[Any], list[Finding]]:
    """Return the documents of a YAML text that are not empty, or the place where it is no YAML."""
    try:
        return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document is not None], []
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return [], [Finding(source, f"line {line}", f"is no YAML: {error.problem}")]
