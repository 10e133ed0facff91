from .config import Config as Config
from .config import DataConfig as DataConfig
from .config import ModelConfig as ModelConfig
from .config import RunConfig as RunConfig
from .config import TrainingConfig as TrainingConfig
from .config import preset as preset
from .data import ImageSet as ImageSet
from .data import load_data as load_data
from .errors import ArgumentError as ArgumentError
from .errors import CollapseError as CollapseError
from .errors import DataError as DataError
from .errors import DcganError as DcganError
from .errors import ExportError as ExportError
from .errors import OutOfMemoryError as OutOfMemoryError
from .errors import RunError as RunError
from .errors import StorageError as StorageError
from .export import Exported as Exported
from .export import export_run as export_run
from .export import verify_export as verify_export
from .runs import Run as Run
from .training import Choice as Choice
from .training import Hook as Hook
from .training import Interrupted as Interrupted
from .training import TrainingProgress as TrainingProgress
from .training import choose as choose
from .training import train as train

__version__: str
