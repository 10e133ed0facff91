from .interrupt import Interrupted as Interrupted
from .loop import train as train
from .monitoring.hooks import Hook as Hook
from .monitoring.hooks import TrainingProgress as TrainingProgress
from .run_dir import check_place as check_place
