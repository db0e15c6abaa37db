"""Templates of replies: a small part of Jinja, in its sandbox. The only module that knows Jinja."""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_TEMPLATE: Final = 4000
FILTERS: Final = frozenset({"capitalize", "default", "lower", "title", "trim", "upper"})
# What is left out could take a time or a memory that grows faster than the template: loops, assignments, calls,
# multiplication, attributes. What is left runs once through the template.
_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.CondExpr,
    nodes.Name,
    nodes.Const,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
    nodes.Filter,
    nodes.List,
    nodes.Tuple,
)


@dataclass(frozen=True)
class Facts:
    """What a template may name. Nothing here was written by an author.

    `brand` is the display name. `category`, `sentiment` and `language` are labels of the model; "" where there is none.
    """

    ticket: str
    brand: str
    category: str = ""
    sentiment: str = ""
    language: str = ""


class TemplateFaultError(ValueError):
    """A template cannot be used; the message says why and names the line, in a sentence."""


def check(source: str) -> None:
    """Raise TemplateFaultError where `source` is no template, or uses more of Jinja than is allowed."""
    _compiled(source)


def render(source: str, facts: Facts) -> str:
    """Return the reply, white space at its ends cut; raises TemplateFaultError."""
    try:
        return _compiled(source).render(asdict(facts)).strip()
    except (TemplateError, TypeError, ValueError) as error:
        raise TemplateFaultError(f"the template cannot be filled in ({type(error).__name__})") from None


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    if len(source) > MAX_TEMPLATE:
        raise TemplateFaultError(f"a template has at most {MAX_TEMPLATE} characters")
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, optimized=False)
    try:
        tree = environment.parse(source)
        _check_nodes(tree)
        return environment.from_string(source)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f"line {line} of the template" if line else "the template"
        raise TemplateFaultError(f"{where} is not valid: {error.message}") from None
    except (RecursionError, SyntaxError, MemoryError):
        raise TemplateFaultError("the template is nested too deeply") from None


def _check_nodes(tree: nodes.Template) -> None:
    names = frozenset(Facts.__dataclass_fields__)
    for node in [tree, *tree.find_all(nodes.Node)]:
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise TemplateFaultError(
                f"line {node.lineno} of the template: the filters are {', '.join(sorted(FILTERS))}"
            )
        if isinstance(node, nodes.Name) and (node.name not in names or node.ctx != "load"):
            raise TemplateFaultError(f"line {node.lineno} of the template: the names are {', '.join(sorted(names))}")
        if not isinstance(node, _ALLOWED):
            raise TemplateFaultError(
                f"line {node.lineno} of the template: only names, texts, comparisons, filters and if are allowed"
            )
