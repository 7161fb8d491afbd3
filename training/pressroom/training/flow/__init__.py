"""A latent flow: a network that carries noise to the latents of a VAE, where N(0, 1) alone misses them.

model   the network and its way from noise to latents     task   it under the loop
pictures, room   as for the others
"""
