"""Pictures as words: an autoencoder whose latents are numbers of a code book, and a language model of them.

model   quantiser and autoencoder, on one page     tasks   both stages under the loop
room    the recipe
"""
