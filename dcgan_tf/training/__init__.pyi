from .hooks import Hook as Hook
from .hooks import TrainingProgress as TrainingProgress
from .interrupt import Interrupted as Interrupted
from .loop import train as train
from .run_dir import check_place as check_place
