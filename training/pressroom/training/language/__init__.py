"""Language models: the next token from those before it.

tokens   a corpus as numbers           task   both networks under the loop
lstm     one that remembers            gpt    one that looks back
"""
