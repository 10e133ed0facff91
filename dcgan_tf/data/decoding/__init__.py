"""Decode image files to uint8 pixels: formats, bit depths, and a bound on memory."""
