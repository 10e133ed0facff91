"""A folder of one's own pictures, as an `ImageSet`: found files, splits, class names, tables of attributes.

What lies in a folder decides nothing in silence: what is passed over is counted, and what could be test
images is never trained on by mistake.
"""
