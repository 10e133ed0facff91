"""The rules for help texts, docstrings and signatures, as functions that name what breaks them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

VERBS = {
    *("Add", "Analyse", "Average", "Change", "Check", "Choose", "Classify", "Compare", "Compute", "Count"),
    *("Download",),
    *("Draw", "Drop", "Evaluate", "Find", "Fit", "Forget", "Give", "Hold", "Keep", "Lay", "Let", "Look"),
    *("Lower", "Make", "Measure", "Mirror", "Name", "Print", "Put", "Read", "Refuse", "Repeat", "Replace"),
    *("Reproduce", "Resize", "Search", "Seed", "Set", "Show", "Start", "Subtract", "Train", "Turn", "Use"),
    *("Upload", "Visit", "Walk", "Write"),
}
"""What a help text may start with; add a verb where another says it better."""

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def faults(text: str) -> list[str]:
    """Return what keeps a help text from being a sentence."""
    found = []
    first, *_ = words = text.split()
    if first.rstrip(",") not in VERBS:
        found.append(f"starts with {first!r}, which is not one of the verbs")
    if len(words) < 3:
        found.append("has fewer than three words")
    if not text.endswith("."):
        found.append("does not end with a full stop")
    return found


def public(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield public classes, functions and methods, with their names."""
    for node in tree.body:
        if isinstance(node, (*FUNCTION, ast.ClassDef)) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{node.name}.")


def arguments_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    """Return the arguments of a function, with *args and **kwargs, without self and cls."""
    given = function.args
    listed = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [argument for argument in listed if argument and argument.arg not in ("self", "cls")]


def unexplained(tree: ast.Module) -> list[str]:
    """Return the names of what is public and has no docstring; that of the module itself is "module"."""
    named = [("module", tree), *public(tree)]
    return [name for name, node in named if not ast.get_docstring(node)]


def untyped(tree: ast.Module) -> list[str]:
    """Return the names of public functions of which an argument or the result has no type."""
    found = []
    for name, node in public(tree):
        if isinstance(node, FUNCTION):
            annotated = all(argument.annotation for argument in arguments_of(node))
            if not (annotated and node.returns):
                found.append(name)
    return found


def entries(docstring: str, heading: str) -> list[str]:
    """Return the names that a section of a docstring explains, such as those below "Args:"."""
    section = re.search(rf"^{heading}:\n((?: {{4}}.*\n?|\n)*)", docstring, re.MULTILINE)
    return re.findall(r"^ {4}(\w+):", section[1], re.MULTILINE) if section else []


def misnamed_arguments(tree: ast.Module) -> list[str]:
    """Return "function: argument" for each argument that Args leaves out, and each that only Args has.

    A docstring without Args is not looked at.
    """
    found = []
    for function, node in public(tree):
        if isinstance(node, FUNCTION) and (told := entries(ast.get_docstring(node) or "", "Args")):
            taken = {argument.arg for argument in arguments_of(node)}
            found += [f"{function}: {name}" for name in sorted(taken ^ set(told))]
    return found


def attributes_of(node: ast.ClassDef) -> tuple[set[str], set[str]]:
    """Return the public fields of a class, and everything that its instances have: methods and self.x too."""
    declared = {
        statement.target.id
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    own = {statement.name for statement in node.body if isinstance(statement, FUNCTION)}
    stored = {
        child.attr
        for child in ast.walk(node)
        if isinstance(child, ast.Attribute)
        and isinstance(child.ctx, ast.Store)
        and ast.unparse(child.value) == "self"
    }
    fields = {name for name in declared if not name.startswith("_")}
    return fields, declared | own | stored


def misnamed_attributes(tree: ast.Module) -> list[str]:
    """Return "class: attribute" for each field that Attributes leaves out, and each that only Attributes has.

    A docstring without Attributes is not looked at.
    """
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        if told := set(entries(ast.get_docstring(node) or "", "Attributes")):
            fields, had = attributes_of(node)
            found += [f"{node.name}: {name}" for name in sorted((fields - told) | (told - had))]
    return found
