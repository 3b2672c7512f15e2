"""Loads the shim into every process that has this folder on PYTHONPATH and TOMPRM_CPU_SHIM=1.

Python imports one `sitecustomize` at start-up, so this one hides any other: it runs the next on the path too.
"""

import importlib.machinery
import importlib.util
import os
import sys

if os.environ.get("TOMPRM_CPU_SHIM") == "1":
    import openrlhf_on_cpu

    openrlhf_on_cpu.install()

_here = os.path.dirname(os.path.abspath(__file__))
_next = importlib.machinery.PathFinder.find_spec(
    "sitecustomize", [p for p in sys.path if os.path.abspath(p) != _here]
)
if _next is not None and _next.loader is not None:
    _next.loader.exec_module(importlib.util.module_from_spec(_next))
