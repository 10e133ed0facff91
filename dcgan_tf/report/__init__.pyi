from .choices import Shown as Shown
from .choices import analogy as analogy
from .choices import forgotten as forgotten
from .choices import turned as turned
from .html import write_report as write_report
