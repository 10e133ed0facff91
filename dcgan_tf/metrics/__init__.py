"""How alike two sets of images are, as numbers: one metric a file, of arrays alone.

Most compare features, float [N, D], of a space that the caller chose: a metric knows no network and no run.
The sliced Wasserstein distance and MS-SSIM look at the pixels themselves.
"""
