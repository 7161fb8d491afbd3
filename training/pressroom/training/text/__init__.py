"""Words and models of them.

preprocessing   text to words           vocabulary   words to numbers and back
ngrams          how likely a word is after those before it, by counting
kneser_ney      the best that counting does
"""
