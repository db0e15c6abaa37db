"""What clients send where a misspelt field must not be ignored in silence."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class StrictBody(BaseModel):
    """Base of bodies that refuse fields they do not know, and name the first of them."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _name_one(cls, fields: Any) -> Any:
        """Leave the first unknown field alone in: pydantic would make an error of each, and there may be thousands."""
        known = cls.model_fields
        if not isinstance(fields, dict) or len(fields) <= len(known):
            return fields
        unknown = (name for name in fields if name not in known)
        return {name: fields[name] for name in (*known, next(unknown, "")) if name in fields}
