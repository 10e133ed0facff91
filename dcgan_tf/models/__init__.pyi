from .build import build_discriminator as build_discriminator
from .build import build_generator as build_generator
from .conditional import of_one_class as of_one_class
from .conditional import with_labels as with_labels
from .image_sizes import check_size as check_size
from .layers import StepDropout as StepDropout
from .layers import SyncBatchNormalization as SyncBatchNormalization
from .layers import logits_of as logits_of
