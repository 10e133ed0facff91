"""What setup.cfg cannot say: the exports in saved_models/ are installed as a folder of the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["dcgan_tf*"]), "dcgan_tf.saved_models"],
    package_dir={"dcgan_tf.saved_models": "saved_models"},
)
