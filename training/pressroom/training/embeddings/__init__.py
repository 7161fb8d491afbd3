"""Word embeddings: a vector a word, so that words of the same company lie together.

model   skip-gram, on one page           task   pairs of words out of a corpus, under the loop
near    nearest words, and how good      room   the recipe
"""
