"""Product feeds: a table in, copy and pictures for each of its rows, a table out.

decoding   bytes as lines of text, whatever they are encoded in
reading    lines as rows, of CSV or of JSON
"""
