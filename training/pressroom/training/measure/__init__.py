"""How near what was made lies to what is real, in the features of a fixed network.

frechet      distance of two clouds as Gaussians
neighbours   precision (what was made is like what is real) and recall (all that is real can be made)
"""
