"""`pressroom evaluate`: what a trained model is worth, in numbers and on a page.

found       what an evaluation consists of
kinds       one for each kind of recipe
report      the page
"""
