"""The embedded stack: starts and watches every process of Pressroom on one machine."""
