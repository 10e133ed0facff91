from .mnist_1nn import Settings as Settings
from .mnist_1nn import mnist_1nn as mnist_1nn
