"""Product feeds: a table in, copy and pictures for each of its rows, a table out.

decoding   bytes as lines of text, whatever they are encoded in
reading    lines as rows, of CSV or of JSON
presets    columns that shops and merchants use
plans      what is asked of each row, held against the header
feeds      a feed as a batch: taken in, looked at, decided about
pieces     how each output of a row stands
"""
