"""data.json: what a run trains on, written down at its start and held against what is there later."""

from __future__ import annotations

from dcgan_tf.data import ImageSet
from dcgan_tf.errors import RunError
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import Record, read_json


def describe(image_set: ImageSet) -> Record:
    """Return what data.json says."""
    return {
        "name": image_set.name,
        "num_images": len(image_set),
        "shape": list(image_set.images.shape[1:]),
        "label_names": list(image_set.label_names),
        "attribute_names": list(image_set.attributes),
        "binary_attributes": [name for name, of in image_set.attributes.items() if of.dtype == "uint8"],
        "num_held_out": len(image_set.held_out or ()),
        "num_bad_files": len(image_set.bad_files),
        "fingerprint": image_set.fingerprint,
        "labels_fingerprint": image_set.labels_fingerprint,
    }


def read_data(paths: RunPaths) -> Record | None:
    """Return what data.json says; None if it is missing or damaged, in part or as a whole."""
    data: Record = read_json(paths.data, default={})
    single = {"name": str, "fingerprint": str, "num_images": int}
    lists = {"shape": int, "label_names": str, "attribute_names": str}
    whole = all(isinstance(data.get(key), kind) for key, kind in single.items()) and all(
        isinstance(data.get(key), list) and all(isinstance(item, kind) for item in data[key])
        for key, kind in lists.items()
    )
    return data if whole else None


def check_same_images(paths: RunPaths, image_set: ImageSet, *, conditional: bool) -> None:
    """Hold images against those that a run was trained on; where data.json does not tell, nothing is held.

    Args:
        paths: of the run.
        image_set: what its data is now.
        conditional: whether the run learns the classes, so that these must be the same too.

    Raises:
        RunError: if the pixels, or the classes of a conditional run, are not the same.
    """
    before = read_json(paths.data, default={})
    if not isinstance(before, dict):
        return
    now = describe(image_set)
    if before.get("fingerprint", now["fingerprint"]) != now["fingerprint"]:
        raise RunError(
            f"{paths.root} was trained on other images: {before.get('num_images')} of {before.get('name')!r} "
            f"then, {now['num_images']} of {now['name']!r} now, and their content differs. "
            "Put the images back, or train on these with another --run-dir"
        )
    if not conditional:
        return
    # Runs of versions that did not write the digest have the names at least.
    if any(before.get(key, now[key]) != now[key] for key in ("label_names", "labels_fingerprint")):
        raise RunError(
            f"{paths.root} is conditional, and its images had other labels when it was trained. "
            "Put the labels back, or train on these with another --run-dir"
        )
