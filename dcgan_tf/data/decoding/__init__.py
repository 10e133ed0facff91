"""From the bytes of a picture to uint8 pixels: formats, bit depths, and a bound on memory."""
