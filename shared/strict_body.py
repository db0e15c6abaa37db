"""What clients send: a misspelt field must not be ignored in silence."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


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


class PersonalBody(BaseModel):
    """Base of bodies about one person: a field that is not known is refused without its name, which may be theirs."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _hold_nothing_else(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and fields.keys() - cls.model_fields.keys():
            known = " and ".join(cls.model_fields)
            raise PydanticCustomError("unknown_field", f"must hold {known} alone; another field is there")
        return fields
