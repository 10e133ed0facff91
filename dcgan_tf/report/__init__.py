"""One page on a whole run, made from the files in its directory; no TensorFlow."""
