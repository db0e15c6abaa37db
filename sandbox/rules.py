"""The stream's rules: `GET` and `POST /2/tweets/search/stream/rules`."""

from dataclasses import dataclass
from typing import Any, Final

from sandbox.post import PublishedPost
from sandbox.query import QueryTest, SearchSyntaxError, parse_query

MOST_RULES: Final = 1000


@dataclass(frozen=True)
class SandboxRule:
    """A rule: two of the same value cannot be."""

    id: str
    value: str
    tag: str | None
    test: QueryTest

    def written(self) -> dict[str, str]:
        """Return the rule as X writes it: a rule without a tag has none."""
        return {"id": self.id, "value": self.value} | ({"tag": self.tag} if self.tag is not None else {})


class SandboxRules:
    """The rules of the one application; they outlive its connections."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rules: dict[str, SandboxRule] = {}
        self._next = 1_500_000_000_000_000_001

    def written(self, ids: str | None = None) -> dict[str, Any]:
        """Return the answer of GET: all rules, or those of `ids`, joined by commas; no `data` where there is none."""
        wanted = self._rules.values() if ids is None else [self._rules[one] for one in ids.split(",") if one in self]
        listed = [rule.written() for rule in wanted]
        return ({"data": listed} if listed else {}) | {"meta": {"sent": "now", "result_count": len(listed)}}

    def __contains__(self, rule_id: str) -> bool:
        return rule_id in self._rules

    def change(self, body: Any, *, dry_run: bool = False) -> tuple[int, dict[str, Any]]:
        """Add or delete as a POST asks; returns the status and the answer. One that is wrong in an `add` spoils all."""
        if isinstance(body, dict) and isinstance(body.get("delete"), dict):
            return self._delete([str(one) for one in body["delete"].get("ids", [])], dry_run=dry_run)
        if not isinstance(body, dict) or not isinstance(body.get("add"), list):
            return 400, {"title": "Invalid Request", "detail": "add or delete is wanted", "type": "about:blank"}
        return self._add(body["add"], dry_run=dry_run)

    def matching(self, post: PublishedPost) -> list[SandboxRule]:
        """Return the rules that a post matches."""
        return [rule for rule in self._rules.values() if rule.test(post)]

    def _delete(self, ids: list[str], *, dry_run: bool) -> tuple[int, dict[str, Any]]:
        known = [one for one in ids if one in self._rules]
        if not dry_run:
            for one in known:
                self._rules.pop(one, None)
        summary = {"deleted": len(known), "not_deleted": len(ids) - len(known)}
        errors = [
            {"title": "Rule does not exist", "parameters": {"ids": [one]}, "type": "about:blank"}
            for one in ids
            if one not in known
        ]
        return 200, {"meta": {"sent": "now", "summary": summary}} | ({"errors": errors} if errors else {})

    def _add(self, wanted: list[Any], *, dry_run: bool) -> tuple[int, dict[str, Any]]:
        added: dict[str, SandboxRule] = {}
        errors: list[dict[str, Any]] = []
        number = self._next
        values = {rule.value: rule.id for rule in self._rules.values()}
        for item in wanted:
            value = str(item.get("value", ""))
            if value in values:
                errors.append({"value": value, "id": values[value], "title": "DuplicateRule", "type": "about:blank"})
                continue
            try:
                rule = SandboxRule(str(number), value, item.get("tag"), parse_query(value))
            except SearchSyntaxError as error:
                errors.append({"value": value, "title": "UnprocessableEntity", "details": [str(error)]})
                continue
            added[rule.id] = rule
            values[value] = rule.id
            number += 1
        if len(self._rules) + len(added) > MOST_RULES:
            return 422, {"title": "RulesCapExceeded", "detail": "Rules cap exceeded", "type": "about:blank"}
        invalid = [error for error in errors if error["title"] == "UnprocessableEntity"]
        if invalid:
            added = {}
        elif not dry_run:
            self._rules |= added
            self._next = number
        summary = {
            "created": len(added),
            "not_created": len(wanted) - len(added),
            "valid": len(wanted) - len(invalid),
            "invalid": len(invalid),
        }
        answer: dict[str, Any] = {"meta": {"sent": "now", "summary": summary}}
        if added:
            answer["data"] = [rule.written() for rule in added.values()]
        if errors:
            answer["errors"] = errors
        return (400 if invalid and not added else 201), answer
