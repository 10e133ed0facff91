"""Who imports whom: every import, read from the source and held against the table of the layers."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dcgan_tf

ROOT = Path(dcgan_tf.__file__).parent

LAYER_0 = {
    "validation",
    "quiet",
    "errors",
    "files",
    "progress",
    "config",
    "image_sizes",
    "images",
    "latents",
    "losses",
    "nearest",
    "printable",
    "keras_settings",
    "runs.paths",
    "runs.records",
}
LAYER_1 = {"data", "models"}
LAYER_2 = {"runs"}

# A room is a module or a package; whatever stands in none of them has no place yet. To each room, the rooms
# that it may import, besides itself and the package's __init__ with the version.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "files": {"errors"},
    "validation": {"errors"},
    "quiet": {"errors"},
    "printable": set(),
    "keras_settings": {"errors"},
    "progress": {"printable"},
    "config": {"errors", "validation"},
    "image_sizes": {"config", "errors"},
    "images": {"errors", "files"},
    "losses": set(),
    "latents": {"config", "errors"},
    "nearest": {"errors"},
    "metrics": {"errors", "images", "nearest"},
    "runs.paths": {"config", "errors"},
    "runs.records": {"config", "errors", "files", "runs.paths"},
    "data": LAYER_0,
    "models": LAYER_0,
    "runs": LAYER_0 | LAYER_1,
    "judge_network": {"errors", "files", "keras_settings"},
    "classifier": LAYER_0 | {"data", "judge_network"},
    "training": LAYER_0 | LAYER_1 | LAYER_2,
    "evaluation": LAYER_0 | LAYER_1 | LAYER_2 | {"classifier", "metrics"},
    "analysis": LAYER_0 | LAYER_1 | LAYER_2 | {"classifier", "judge_network", "metrics"},
    "export.paths": {"errors"},
    "export": {"export.paths"} | LAYER_0 | LAYER_1 | LAYER_2,
    "reproduction": LAYER_0 | LAYER_1 | LAYER_2 | {"training", "analysis", "classifier"},
    "report": {"config", "errors", "files", "printable", "runs.paths", "runs.records"},
    "options": {"config", "errors"},
    "cli": {
        "config",
        "errors",
        "export.paths",
        "files",
        "options",
        "printable",
        "quiet",
    },  # at module level; see below
    "__main__": {"cli"},
    "__init__": set(),
}

WITHOUT_TENSORFLOW = (
    "__init__",
    "__main__",
    "cli",
    "options",
    "validation",
    "quiet",
    "printable",
    "keras_settings",
    "errors",
    "files",
    "config",
    "image_sizes",
    "images",
    "metrics",
    "metrics.density_coverage",
    "metrics.frechet",
    "metrics.inception_score",
    "metrics.kernel_distance",
    "metrics.ms_ssim",
    "metrics.precision_recall",
    "metrics.sliced_wasserstein",
    "runs.paths",
    "runs.records",
    "export",
    "export.paths",
    "data",
    "data.image_set",
    "data.inspection",
    "data.portraits",
    "data.digits",
    "data.decoding",
    "data.image_folder",
    "report",
    "report.html",
)


def name_of(path: Path) -> str:
    """Return "data.tfds" for data/tfds.py, "data" for data/__init__.py, "__init__" for the package's own."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


SOURCES = {name_of(path): ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}

DOORS = [name for name in SOURCES if name == "__init__" or name.split(".")[0] == "cli"]


def room_of(module: str) -> str | None:
    """Return the narrowest room that holds the module."""
    parts = module.split(".")
    prefixes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((prefix for prefix in prefixes if prefix in MAY_IMPORT), None)


def imported(node: ast.AST) -> list[str]:
    """Return what an import statement brings in, in full; of `from a import b`, a.b if that is a module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, "imports are written in full"
    names = [f"{node.module}.{alias.name}" for alias in node.names]
    return [name if name.removeprefix("dcgan_tf.") in SOURCES else str(node.module) for name in names]


def ours(nodes: Iterator[ast.AST]) -> set[str]:
    """Return the modules of the package that these statements import, without its name."""
    names = {name for node in nodes for name in imported(node) if name.split(".")[0] == "dcgan_tf"}
    return {name.removeprefix("dcgan_tf").removeprefix(".") or "__init__" for name in names}


def at_module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs on import: not the bodies of functions, nor what is for type checkers only."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from at_module_level(child)


@pytest.mark.parametrize("module", SOURCES)
def test_every_module_has_a_place_in_the_table(module):
    assert room_of(module), f"{module} is in no room of the table above; give it a layer"


@pytest.mark.parametrize("module", [name for name in SOURCES if name not in DOORS])
def test_a_module_imports_its_own_room_and_lower_layers_only(module):
    room = room_of(module)
    wrong = {
        name
        for name in ours(ast.walk(SOURCES[module]))
        if room_of(name) not in {"__init__", room, *MAY_IMPORT[room]}
    }
    assert not wrong


@pytest.mark.parametrize("module", DOORS)
def test_the_doors_of_the_package_import_the_rest_inside_functions_only(module):
    wrong = {
        name
        for name in ours(at_module_level(SOURCES[module]))
        if room_of(name) not in {"__init__", room_of(module), *MAY_IMPORT[room_of(module)]}
    }
    assert not wrong


@pytest.mark.parametrize("module", WITHOUT_TENSORFLOW)
def test_these_modules_do_not_name_tensorflow_when_they_are_imported(module):
    heads = {name.split(".")[0] for node in at_module_level(SOURCES[module]) for name in imported(node)}
    assert not heads & {"tensorflow", "keras", "tensorflow_datasets"}


def test_these_modules_do_not_import_tensorflow_through_others_either():
    names = [name.replace("__init__", "").strip(".") for name in WITHOUT_TENSORFLOW]
    modules = [f"dcgan_tf.{name}".strip(".") for name in names]
    code = (
        f"import importlib, sys\nfor name in {modules}:\n    importlib.import_module(name)\n"
        "    assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules), name"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_run_directory_can_be_read_with_the_standard_library():
    """So that what only reads a run's files, such as a report, needs nothing else.

    But for pictures: as they are, those of one run make a page of 12 MB.
    """
    report = [name for name in SOURCES if name.split(".")[0] == "report"]
    for module in ("errors", "files", "validation", "config", "runs.paths", "runs.records", *report):
        heads = {name.split(".")[0] for node in ast.walk(SOURCES[module]) for name in imported(node)}
        pictures = {"PIL"} if module == "report.pictures" else set()
        assert heads <= sys.stdlib_module_names | {"dcgan_tf"} | pictures
