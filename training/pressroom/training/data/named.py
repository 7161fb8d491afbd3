"""The data sets of pictures, by the names that recipes give them."""

from collections.abc import Mapping
from typing import Literal

from pressroom.training.data import fashion_mnist, mnist
from pressroom.training.data.idx import Source

PictureData = Literal["mnist", "fashion-mnist"]

PICTURES: Mapping[PictureData, Source] = {"mnist": mnist.SOURCE, "fashion-mnist": fashion_mnist.SOURCE}
