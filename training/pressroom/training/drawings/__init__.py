"""Icons that are found by words: nothing is trained, a few thousand drawings are put into one file that workers search."""
