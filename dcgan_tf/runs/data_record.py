"""data.json: a record of the images that a run trains on, to recognise them later."""

from __future__ import annotations

from pathlib import Path

from dcgan_tf.config import Config
from dcgan_tf.data import ImageSet, unordered_fingerprint
from dcgan_tf.errors import RunError
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import Record, read_json


def describe(image_set: ImageSet, *, num_unseen: int | None) -> Record:
    """Return the content of data.json for these images.

    Args:
        image_set: the training images.
        num_unseen: the number of images of the same kind that training never sees, from any source; None if
            it is unknown.
    """
    return {
        "name": image_set.name,
        "num_images": len(image_set),
        "shape": list(image_set.images.shape[1:]),
        "label_names": list(image_set.label_names),
        "attribute_names": list(image_set.attributes),
        "binary_attributes": [name for name, of in image_set.attributes.items() if of.dtype == "uint8"],
        "num_unseen": num_unseen,
        "num_bad_files": len(image_set.bad_files),
        "fingerprint": image_set.fingerprint,
        "unordered_fingerprint": image_set.unordered_fingerprint,
        "labels_fingerprint": image_set.labels_fingerprint,
    }


def read_data(paths: RunPaths) -> Record | None:
    """Return the content of data.json; None if it is missing or damaged."""
    data: Record = read_json(paths.data, default={})
    single = {"name": str, "fingerprint": str, "num_images": int}
    lists = {"shape": int, "label_names": str, "attribute_names": str}
    whole = all(isinstance(data.get(key), kind) for key, kind in single.items()) and all(
        isinstance(data.get(key), list) and all(isinstance(item, kind) for item in data[key])
        for key, kind in lists.items()
    )
    # Runs of versions that did not write which attributes are binary have none of it.
    binary = data.get("binary_attributes", [])
    whole = whole and isinstance(binary, list) and all(isinstance(name, str) for name in binary)
    return data if whole else None


def class_names_of(root: Path, config: Config) -> tuple[str, ...]:
    """Return the class names of a conditional run from data.json; () if the run is not conditional.

    Raises:
        RunError: if data.json has none.
    """
    if not config.model.conditional:
        return ()
    paths = RunPaths(root)
    names = tuple((read_data(paths) or {}).get("label_names", ()))
    if len(names) < 2:
        raise RunError(
            f"{root} is conditional, but {paths.data} does not name its classes; put the file back, or run "
            "the same training command again, which writes it from the images"
        )
    return names


def check_same_images(
    paths: RunPaths, image_set: ImageSet, *, conditional: bool, in_order: bool = False
) -> None:
    """Check that images are those that a run was trained on; without a data.json, check nothing.

    Args:
        paths: of the run.
        image_set: the images that its data have now.
        conditional: whether the run learns classes, which must then be the same too.
        in_order: whether the images must be in the same order, as training needs to continue.

    Raises:
        RunError: if the pixels, their order where it counts, or the classes of a conditional run differ.
    """
    before = read_json(paths.data, default={})
    if not isinstance(before, dict):
        return
    if before.get("fingerprint", image_set.fingerprint) != image_set.fingerprint:
        _check_other_order(paths, image_set, before, conditional=conditional, in_order=in_order)
    elif conditional:
        _check_labels(paths, image_set, before)


def _check_other_order(
    paths: RunPaths, image_set: ImageSet, before: Record, *, conditional: bool, in_order: bool
) -> None:
    """Refuse other images, and the same images in another order if that counts.

    A file that gets another name, or moves to another folder, changes the order.
    """
    known = before.get("unordered_fingerprint")
    if not known or known != (image_set.unordered_fingerprint or unordered_fingerprint(image_set.images)):
        differs = "content differs" if known else "content, or their order, differs"
        raise RunError(
            f"{paths.root} was trained on other images: {before.get('num_images')} of {before.get('name')!r} "
            f"then, {len(image_set)} of {image_set.name!r} now, and their {differs}. "
            "Put the images back, or train on these with another --run-dir"
        )
    if not conditional and not in_order:
        return
    why = "it learnt the class of each" if conditional else "it would not continue as it began"
    raise RunError(
        f"{paths.root} was trained on the same images in another order, and {why}: files were renamed, or "
        "moved to other folders. Put them back as they were, or train on these with another --run-dir"
    )


def _check_labels(paths: RunPaths, image_set: ImageSet, before: Record) -> None:
    now = {
        "label_names": list(image_set.label_names),
        "labels_fingerprint": image_set.labels_fingerprint,
    }
    # Runs of versions that did not write the digest have the names at least.
    if any(before.get(key, now[key]) != now[key] for key in now):
        raise RunError(
            f"{paths.root} is conditional, and its images had other labels when it was trained. "
            "Put the labels back, or train on these with another --run-dir"
        )
