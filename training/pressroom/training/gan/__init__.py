"""A generative adversarial network of small pictures.

model   generator and critic, on one page        task   their game, under the loop
room    the recipe
"""
