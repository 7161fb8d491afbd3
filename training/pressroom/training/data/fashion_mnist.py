"""Fashion-MNIST: 70,000 grey 28 × 28 photos of clothes in ten classes (Xiao et al. 2017; Zalando SE, MIT licence).

On a machine without apt, put the four idx files of the data set's own repository (zalandoresearch/fashion-mnist,
folder data/fashion) in a folder and pass it.
"""

from pathlib import Path

from pressroom.training.data import idx
from pressroom.training.data.licences import mit
from pressroom.training.data.packages import Debian

SOURCE = idx.Source(
    name="fashion-mnist",
    title="Fashion-MNIST",
    labels=("tshirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"),
    licence="MIT, © 2017 Zalando SE",
    files=idx.files_of(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    package=Debian("dataset-fashion-mnist", Path("/usr/share/datasets/fashion-mnist")),
    megabytes=31,
    licence_text=mit("Copyright © 2017 Zalando SE, https://tech.zalando.com"),
)
