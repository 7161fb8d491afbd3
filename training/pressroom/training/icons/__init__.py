"""Icons of 64 by 64 pixels in colour, through few numbers and back.

model   the autoencoder, on one page     task   it under the loop
pca     what it has to beat              room   the recipe
"""
