"""What setup.cfg cannot say: exports are a folder of the package; a README is read far from its files."""

import configparser
import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def readme_with_addresses() -> str:
    """Return README.md with addresses in the place of paths in the repository.

    An index of packages shows this text without the files beside it.
    """
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    repository = settings["metadata"]["project_urls"].split("=")[1].strip()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r'(?<=<img src=")(?!https?:)', f"{repository}/raw/main/", text)
    return re.sub(r"(?<=\]\()(?!https?:|#)", f"{repository}/blob/main/", text)


setup(
    long_description=readme_with_addresses(),
    packages=[*find_packages(include=["dcgan_tf*"]), "dcgan_tf.saved_models"],
    package_dir={"dcgan_tf.saved_models": "saved_models"},
)
