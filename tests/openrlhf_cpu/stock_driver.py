"""The stock CLI of OpenRLHF on the running cluster that RAY_ADDRESS names: python stock_driver.py FLAGS."""

import runpy
import sys

import ray

if __name__ == "__main__":
    ray.init()
    sys.argv[0] = "openrlhf.cli.train_ppo_ray"
    runpy.run_module("openrlhf.cli.train_ppo_ray", run_name="__main__", alter_sys=True)
