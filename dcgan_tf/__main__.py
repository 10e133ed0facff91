"""`python -m dcgan_tf` is `dcgan-tf`."""

from dcgan_tf.cli import main

if __name__ == "__main__":
    main(prog_name="dcgan-tf")
