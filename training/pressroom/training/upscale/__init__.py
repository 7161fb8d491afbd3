"""Pictures made larger by a small network whose weights others have trained.

model   the network, on one page     room   the recipe: conversion, and what it is worth beside interpolation
"""
