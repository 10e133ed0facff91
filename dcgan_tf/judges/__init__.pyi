from .classifier import Classifier as Classifier
from .classifier import Predictions as Predictions
from .classifier import can_judge as can_judge
from .classifier import trained_classifier as trained_classifier
from .double_exposure import double_exposure_scores as double_exposure_scores
from .double_exposure import trained_detector as trained_detector
from .grey import grey as grey
from .grey import shape_judge as shape_judge
