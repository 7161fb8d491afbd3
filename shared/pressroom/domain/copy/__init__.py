"""What copy is made of and held against: channels, facts, templates, voices. Nothing here touches the outside.

channels    how long a text may be where it is published, as that place counts
lexicon     words by what they say: numbers, units, claims, attributes; a language a file
checking    what a text says that its facts do not
template    the parts of a template, and whether they can be filled
filling     a template and a row: literals, and clauses between them that a model writes
"""
