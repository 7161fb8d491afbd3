"""What weights a model can be exported with."""

from typing import Literal

Weights = Literal["fp32", "fp16", "int8"]
