"""Which classes a conditional run is to draw, as the command line names them."""

from __future__ import annotations

from dcgan_tf.errors import ArgumentError


def chosen_labels(text: str | None, class_names: tuple[str, ...]) -> list[int]:
    """Return the numbers of the classes in a text such as "7" or "cat,dog"; all of them for None.

    Args:
        text: names of classes, or their numbers, separated by commas.
        class_names: of the run; () if it is not conditional.

    Returns:
        The numbers, in the order given; [] for a run that is not conditional.

    Raises:
        ArgumentError: if one is no class, is given twice, or the run is not conditional.
    """
    if text is None:
        return list(range(len(class_names)))
    if not class_names:
        raise ArgumentError(
            f"--label {text} chooses a class, which only a run trained with --conditional can be told"
        )
    labels = [_number(part.strip(), class_names) for part in text.split(",")]
    if len(set(labels)) < len(labels):
        raise ArgumentError(f"each class can be given once, received {text}")
    return labels


def one_label(text: str, class_names: tuple[str, ...]) -> int:
    """Return the number of the one class in a text such as "7" or "cat".

    Raises:
        ArgumentError: if it is no class, or not just one, or the run is not conditional.
    """
    label, *others = chosen_labels(text, class_names)
    if others:
        raise ArgumentError(f"--label takes one class here, received {text}")
    return label


def _number(part: str, class_names: tuple[str, ...]) -> int:
    """Return the class of a name or number; a name comes first, also if it looks like a number."""
    if part in class_names:
        return class_names.index(part)
    if part.isdecimal() and int(part) < len(class_names):
        return int(part)
    some = ", ".join(class_names[:12]) + (", …" if len(class_names) > 12 else "")
    raise ArgumentError(
        f"there is no class {part!r}: expected one of {some}, or a number from 0 to {len(class_names) - 1}"
    )
