"""The article's variational autoencoder: model, training, evaluation, and a judge of its samples."""
