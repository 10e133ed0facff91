"""From the bytes of a picture to its pixels: formats, bit depths, the crop, and a bound on memory."""
